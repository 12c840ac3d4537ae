// A paid workload: the model contract on a devchain, a runtime whose image names it, and payers with channels.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Bundle,
  type ChannelTerms,
  formatWire,
  PAYMENT_CALLS,
  readDemandComment,
  readOpened,
  readWire,
  VOUCHER_HEADER,
  wire,
} from '@dcml/channels'
import { memoryAntiRollback } from '@dcml/channels/testing'
import { createDevchain, type DevAccount, type Devchain, type DevchainOptions } from '@dcml/devchain'
import { formatTrustRoot, type LightClientState, parseTrustRoot } from '@dcml/light-client'
import { accountFromKey, connectNear, fetchTrustRoot, type Near } from '@dcml/near'
import { type ModelWallet, modelProvider, modelWallet, type SentCall } from '@dcml/near/model'
import { encodeKeyGrant, formatVoucher, type Signer, sharesOf, signVoucher, toBase64url, toHex } from '@dcml/protocol'
import { NEAR, namedKey, openModel, PERIOD_MS, prices } from '../../near/test/model-scene.ts'
import type { RuntimeOptions } from '../src/index.ts'
import type { Script } from '../src/testing.ts'
import { attestedFetch, type Booted, boot, MODEL_H, manifestOf, SK, sealedWith } from './harness.ts'

export { NEAR, namedKey, PERIOD_MS, prices }

/** yoctoNEAR that so many tokens cost. */
export const costOf = (promptTokens: number, completionTokens: number): bigint =>
  sharesOf(prices, { promptTokens: BigInt(promptTokens), completionTokens: BigInt(completionTokens) }).spent

export interface PaidScene {
  readonly chain: Devchain
  readonly near: Near
  readonly contract: string
  readonly root: LightClientState
  readonly alice: DevAccount
  readonly bob: DevAccount
  readonly treasury: DevAccount
  stop(): Promise<void>
}

/** The contract of one model; with another name, another contract of the same code. */
export async function startScene(name = 'model', options: DevchainOptions = {}): Promise<PaidScene> {
  const chain = createDevchain({ clock: Date.now, ...options })
  const create = (id: string) => chain.root.createAccount(id, { balance: 10_000n * NEAR })
  const [owner, treasury] = [create('charlie'), create('treasury')]
  const contract = deployModel(chain, name, owner, treasury)
  const server = await chain.serve()
  const near = connectNear({ networkId: chain.settings.chainId, nodes: server.url })
  chain.mine(4)
  const root = await fetchTrustRoot(near)
  return {
    chain,
    near,
    contract: contract.accountId,
    root,
    alice: create('alice'),
    bob: create('bob'),
    treasury,
    stop: () => server.close(),
  }
}

export function deployModel(chain: Devchain, name: string, owner: DevAccount, treasury: DevAccount): DevAccount {
  const contract = chain.root.createAccount(name, { balance: 100n * NEAR })
  openModel(contract, { owner, treasury, modelH: MODEL_H })
  return contract
}

export const nearAccount = (of: DevAccount) => accountFromKey(of.accountId, of.key.secretKey)

/** A channel as its payer has it. */
export interface PaidChannel {
  readonly terms: ChannelTerms
  readonly key: Signer
  readonly opening: SentCall
  readonly bundle: Bundle
  voucher(authorised: bigint): Promise<string>
}

export interface PaidRuntime extends AsyncDisposable {
  readonly runtime: Booted
  readonly fetch: ReturnType<typeof attestedFetch>
  readonly wallet: ModelWallet
  readonly folder: string
  /** Where the enclave's light client stands. */
  head(): Promise<LightClientState>
  call(path: string, body: unknown): Promise<Response>
  /** As {@link call}, for an answer that is good; the body as JSON. */
  ask(path: string, body: unknown): Promise<Record<string, string>>
  /** Opens on chain; proves it to the enclave unless `establish` is false. */
  open(options?: OpenOptions): Promise<PaidChannel>
  complete(channel: PaidChannel | undefined, authorised: bigint, body: object): Promise<Response>
}

interface OpenOptions {
  readonly deposit?: bigint
  readonly establish?: boolean
  readonly key?: Signer
  readonly challenge?: Uint8Array
}

type PaidOptions = Partial<RuntimeOptions> & { script?: Script; folder?: string; load?: boolean }

export const memoryDevice = () => ({ ...memoryAntiRollback(), name: 'memory', environment: 'development' as const })

export const paidManifest = ({ chain, contract, root }: PaidScene): Uint8Array =>
  manifestOf({
    models: [toHex(MODEL_H)],
    network: { networkId: chain.settings.chainId, contract },
    trustRoot: formatTrustRoot(root),
  })

let keys = 0

/** A runtime that is paid, with its model loaded and its session key admitted by the host. */
export async function servePaid(scene: PaidScene, options: PaidOptions = {}): Promise<PaidRuntime> {
  const { folder = await mkdtemp(join(tmpdir(), 'dcml-paid-')), load = true, ...rest } = options
  const chain = { networkId: scene.chain.settings.chainId, contract: scene.contract }
  const runtime = await boot({
    manifest: paidManifest(scene),
    source: async () => sealedWith(SK, { modelH: MODEL_H }),
    model: 'any',
    provider: scene.bob.accountId,
    state: folder,
    antiRollback: memoryDevice(),
    ...rest,
  })
  const fetch = attestedFetch(runtime)
  const call = (path: string, body: unknown): Promise<Response> =>
    fetch(runtime.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  const ask = async (path: string, body: unknown) => {
    const response = await call(path, body)
    const text = await response.text()
    if (response.status !== 200) throw new Error(`${path}: ${text}`)
    return JSON.parse(text) as Record<string, string>
  }
  if (load) {
    const fields = { sk: SK, keyEpoch: 0, ownerContract: scene.contract, provenance: null }
    await ask('/dcml/v1/set-sk', { grant: toBase64url(encodeKeyGrant(chain, MODEL_H, fields)) })
    while (runtime.state().phase === 'loading') await new Promise((resolve) => setImmediate(resolve))
  }
  await admit(scene, runtime.sessionKey)
  const wallet = modelWallet({ near: scene.near, account: nearAccount(scene.alice), contract: scene.contract })
  const head = async () => {
    const response = await fetch(`${runtime.url}${PAYMENT_CALLS.lightClient}`)
    return parseTrustRoot(readWire(wire.lightClient, await response.json()).state)
  }

  const self: PaidRuntime = {
    runtime,
    fetch,
    wallet,
    folder,
    head,
    call,
    ask,
    async open({ deposit = NEAR, establish = true, key = namedKey(`payer ${keys++}`), challenge } = {}) {
      const given = readWire(wire.challenge, await ask(PAYMENT_CALLS.getChallenge, {}))
      const opening = await wallet.open({
        provider: scene.bob.accountId,
        challenge: challenge ?? given.challenge,
        sessionKey: runtime.sessionKey,
        payerKey: key.publicKey,
        deposit,
        maxPrices: prices,
      })
      const { terms } = readOpened(opening.events[0]!, chain)
      const bundle = (await wallet.prove(opening, await head())) as Bundle
      if (establish) await ask(PAYMENT_CALLS.establish, formatWire(bundle))
      const voucher = async (authorised: bigint) =>
        formatVoucher(await signVoucher(chain, { channelId: terms.channelId, authorised }, key))
      return { terms, key, opening, bundle, voucher }
    },
    async complete(channel, authorised, body) {
      const voucher = await channel?.voucher(authorised)
      return fetch(`${runtime.url}/v1/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(voucher && { [VOUCHER_HEADER]: voucher }) },
        body: JSON.stringify(body),
      })
    },
    async [Symbol.asyncDispose]() {
      await fetch.close()
      await runtime.close()
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true })
    },
  }
  return self
}

/** Has the host answer for a session key, as often as tests start runtimes. */
async function admit(scene: PaidScene, sessionKey: Uint8Array): Promise<void> {
  const host = modelProvider({ near: scene.near, account: nearAccount(scene.bob), contract: scene.contract })
  const { hostInput, hostOutput } = prices
  const offer = { endpoint: 'https://bob.example', hostInput, hostOutput, porAccount: null }
  if ((await host.overview()) === null) await host.register({ ...offer, collateral: 1000n * NEAR })
  const wallet = modelWallet({ near: scene.near, account: nearAccount(scene.alice), contract: scene.contract })
  if (!(await wallet.session(scene.bob.accountId, sessionKey))) await host.admit(sessionKey)
}

/** Reads a stream line by line, and answers demands as the test says. */
export async function readStream(
  response: Response,
  onDemand: (demand: NonNullable<ReturnType<typeof readDemandComment>>) => unknown = () => {},
): Promise<{ payloads: string[]; demands: number }> {
  const payloads: string[] = []
  let demands = 0
  let rest = ''
  const decoder = new TextDecoder()
  for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
    const lines = (rest + decoder.decode(part, { stream: true })).split('\n')
    rest = lines.pop()!
    for (const line of lines) {
      const demand = readDemandComment(line)
      if (demand !== undefined) {
        demands++
        await onDemand(demand)
      } else if (line.startsWith('data: ')) payloads.push(line.slice(6))
    }
  }
  return { payloads, demands }
}

/** What a refusal says. */
export async function errorOf(response: Response): Promise<{ code: string; details: Record<string, unknown> }> {
  const { error } = (await response.json()) as { error?: { code: string; details: Record<string, unknown> } }
  return error ?? { code: 'none', details: {} }
}
