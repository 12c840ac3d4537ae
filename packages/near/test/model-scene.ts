// The committed code of the model contract on a devchain behind HTTP, with an owner, a host, a payer and an enclave's key.
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createDevchain, type DevAccount, type Devchain, type DevchainOptions } from '@dcml/devchain'
import { connectNear, type Near } from '@dcml/near'
import { encodeApproval, type Prices, sharesOf, toHex } from '@dcml/protocol'

export const NEAR = 10n ** 24n
export const PERIOD_MS = 3_600_000
export const prices: Prices = {
  ownerInput: 2n * 10n ** 18n,
  ownerOutput: 7n * 10n ** 18n,
  hostInput: 10n ** 18n,
  hostOutput: 3n * 10n ** 18n,
}
export const modelH = new Uint8Array(32).fill(0x11)
export const challenge = new Uint8Array(32).fill(0x33)

const wasm = readFileSync(new URL('../../../contracts/model/model.wasm', import.meta.url).pathname)

/** An ed25519 key that a name makes. */
export function namedKey(name: string): { publicKey: Uint8Array; sign(message: Uint8Array): Uint8Array } {
  const seed = createHash('sha256').update(name).digest()
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  const secret = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const publicKey = Uint8Array.from(createPublicKey(secret).export({ type: 'spki', format: 'der' }).subarray(-32))
  return { publicKey, sign: (message) => Uint8Array.from(sign(null, message, secret)) }
}

export interface ModelScene {
  readonly chain: Devchain
  readonly near: Near
  readonly url: string
  readonly contract: string
  readonly alice: DevAccount
  readonly bob: DevAccount
  readonly treasury: DevAccount
  readonly enclave: ReturnType<typeof namedKey>
  stop(): Promise<void>
}

/** Gives an account the model contract's code, and opens it. */
export function openModel(
  contract: DevAccount,
  { owner, treasury, modelH }: { owner: DevAccount; treasury: DevAccount; modelH: Uint8Array },
): void {
  contract.deploy(wasm, {
    method: 'open',
    args: {
      owner: owner.accountId,
      beneficiary: treasury.accountId,
      model_h: toHex(modelH),
      prices: { input: `${prices.ownerInput}`, output: `${prices.ownerOutput}` },
      image_hs: ['22'.repeat(32)],
      challenge_period_ms: `${PERIOD_MS}`,
      expiry_ms: `${30 * 24 * PERIOD_MS}`,
      close_fee: `${10n ** 21n}`,
    },
  })
}

export async function startModel(options: DevchainOptions = {}): Promise<ModelScene> {
  const chain = createDevchain(options)
  const create = (name: string) => chain.root.createAccount(name, { balance: 1000n * NEAR })
  const [contract, owner, treasury] = [create('model'), create('charlie'), create('treasury')]
  openModel(contract, { owner, treasury, modelH })
  const server = await chain.serve()
  return {
    chain,
    near: connectNear({ networkId: chain.settings.chainId, nodes: server.url }),
    url: server.url,
    contract: contract.accountId,
    alice: create('alice'),
    bob: create('bob'),
    treasury,
    enclave: namedKey('enclave'),
    stop: () => server.close(),
  }
}

/** Arguments of `close`, signed by the enclave. */
export function approvalFor({ chain, contract, enclave }: ModelScene, channelId: bigint, completionTokens: bigint) {
  const counts = { promptTokens: 0n, completionTokens }
  const { spent } = sharesOf(prices, counts)
  const domain = {
    tag: 'dcml/approval',
    version: 1,
    networkId: chain.settings.chainId,
    contract,
    subject: enclave.publicKey,
  }
  const signature = enclave.sign(encodeApproval({ domain, channelId, challenge, ...counts, spent, counter: 1n }))
  return {
    channel_id: channelId,
    challenge,
    prompt_tokens: 0n,
    completion_tokens: completionTokens,
    spent,
    counter: 1n,
    signature,
  }
}
