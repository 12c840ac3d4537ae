// A model's contract on a chain, a host with an enclave, a payer with a channel that delivered something, and a watcher.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { STANDARD } from '@dcml/channels'
import { type RpcServer, serveRpc } from '@dcml/devchain'
import { accountFromKey, connectNear, fetchTrustRoot } from '@dcml/near'
import { type Chain, fromHex, signVoucher } from '@dcml/protocol'
import pino from 'pino'
import {
  CHANNEL_STORAGE,
  challengeOf,
  eventsOf,
  Key,
  modelH,
  NEAR,
  World,
} from '../../../contracts/model/test/world.ts'
import { runWatcher, type WatcherService, type WatcherServiceOptions } from '../src/index.ts'
import { startEnclave, type TestEnclave } from './enclave.ts'

export const DEPOSIT = 10n * NEAR
export const wasm: Uint8Array = readFileSync(new URL('../../../contracts/model/model.wasm', import.meta.url))

export interface Scene extends AsyncDisposable {
  readonly world: World
  readonly rpc: RpcServer
  readonly near: Chain
  readonly enclave: TestEnclave
  /** Every line that watchers of this scene logged. */
  readonly log: { event: string; [field: string]: unknown }[]
  readonly folder: string
  now(): number
  /** A channel of ten NEAR on which the enclave delivered so many prompt tokens. */
  channel(delivered?: number): Promise<bigint>
  watch(options?: Partial<WatcherServiceOptions>): Promise<WatcherService>
}

export async function startScene(): Promise<Scene> {
  const world = new World(wasm)
  world.host()
  world.chain.mine(4)
  const rpc = await serveRpc(world.chain)
  const near: Chain = { networkId: world.chain.settings.chainId, contract: world.model.accountId }
  const started = performance.now()
  // the chain's time, which tests move, and a little that passes by itself
  const now = () => Number(world.chain.head.header.timestamp / 1_000_000n) + Math.round(performance.now() - started)
  const trustRoot = await fetchTrustRoot(connectNear({ networkId: near.networkId, nodes: rpc.url }))
  const enclave = await startEnclave({
    chain: near,
    key: world.enclave,
    modelH: fromHex(modelH, 32),
    host: world.bob.accountId,
    trustRoot,
    clock: now,
  })
  const folder = mkdtempSync(join(tmpdir(), 'dcml-watcher-'))
  const log: Scene['log'] = []
  const logger = pino({ level: 'debug' }, { write: (line: string) => void log.push(JSON.parse(line)) })
  const watchers: WatcherService[] = []
  let channels = 0
  return {
    ...{ world, rpc, near, enclave, log, folder, now },
    async channel(delivered = 0) {
      const challenge = challengeOf(++channels)
      const payer = new Key(`payer ${channels}`)
      const args = world.openArgs({ challenge, payer_key: payer.hex })
      const [opened] = eventsOf(world.call(world.alice, 'open_channel', args, { deposit: DEPOSIT + CHANNEL_STORAGE }))
      const id = BigInt(opened![1].channel_id as string)
      if (delivered === 0) return id
      enclave.ledger.challenge(fromHex(challenge, 32))
      const event = { standard: STANDARD, version: '1.0.0', event: opened![0], data: opened![1] }
      const block = { hash: '', height: 0, timestamp: 0n }
      await enclave.ledger.establish({ event, contractId: near.contract, receiptId: '', block }, 0n)
      const signer = { publicKey: payer.publicKey, sign: (message: Uint8Array) => payer.sign(message) }
      await enclave.ledger.acceptVoucher(await signVoucher(near, { channelId: id, authorised: DEPOSIT }, signer))
      const tokens = { promptTokens: BigInt(delivered), completionTokens: 0n }
      await enclave.ledger.reserve(id, 'request', tokens)
      enclave.ledger.deliver(id, 'request', tokens)
      await enclave.ledger.release(id, 'request')
      return id
    },
    async watch(options = {}) {
      const { accountId, key } = world.stranger
      const watcher = await runWatcher({
        chain: near,
        nodes: [rpc.url],
        account: accountFromKey(accountId, key.secretKey),
        from: 0,
        enclaves: { [world.bob.accountId]: enclave.url },
        clock: now,
        logger,
        ...options,
        times: {
          pollMs: 20,
          retryMs: 50,
          answerMs: 1_000,
          warnBeforeMs: 1_800_000,
          urgentBeforeMs: 600_000,
          ...options.times,
        },
      })
      watchers.push(watcher)
      return watcher
    },
    async [Symbol.asyncDispose]() {
      for (const watcher of watchers) await watcher.close()
      enclave.close()
      await rpc.close()
      rmSync(folder, { recursive: true })
    },
  }
}
