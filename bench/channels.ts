// What a payment channel adds to serving: a voucher beside the bare signature check it needs, and the metering of a
// completion beside the same tokens unmetered.
import { createHash } from 'node:crypto'
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AntiRollback, EnclaveLedger, type LedgerOptions } from '@dcml/channels'
import { memoryAntiRollback, memoryStateStore } from '@dcml/channels/testing'
import { encodeVoucher, type Signer, signVoucher, toHex } from '@dcml/protocol'
import { ed25519Verifier } from '@dcml/protocol/node'
import { openSealedState, type SealedState } from '@dcml/runtime'
import { interleave, median, percentile } from './statistics.ts'

export const title = 'Channels: vouchers and metering'

type Row = Record<string, string | number>

const chain = { networkId: 'bench', contract: 'model.bench' }
const EXPIRES = 4_000_000_000_000_000_000n

async function newSigner(): Promise<Signer> {
  const keys = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])
  if (!('privateKey' in keys)) throw new Error('Ed25519 makes key pairs.')
  const { publicKey, privateKey } = keys
  return {
    publicKey: new Uint8Array(await crypto.subtle.exportKey('raw', publicKey)),
    sign: async (message) => new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, Uint8Array.from(message))),
  }
}

/** A ledger with so many channels, all of one payer. */
async function newLedger(
  channels: number,
  payer: Signer,
  options: Partial<LedgerOptions> = {},
): Promise<EnclaveLedger> {
  const [sessionKey, modelH] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)]
  const ledger = await EnclaveLedger.open({
    identity: { chain, sessionKey, modelH, host: 'host.bench' },
    isNewSession: true,
    store: memoryStateStore(),
    antiRollback: memoryAntiRollback(),
    clock: Date.now,
    ed25519: ed25519Verifier,
    ...options,
  })
  const opening = (id: number) => {
    const challenge = new Uint8Array(32)
    new DataView(challenge.buffer).setUint32(0, id)
    ledger.challenge(challenge)
    const data = {
      channel_id: `${id}`,
      payer: 'payer.bench',
      provider: 'host.bench',
      challenge: toHex(challenge),
      session_key: toHex(sessionKey),
      payer_key: toHex(payer.publicKey),
      deposited: `${10n ** 30n}`,
      prices: { owner_input: '1', owner_output: '2', host_input: '1', host_output: '1' },
      model_h: toHex(modelH),
      key_epoch: '0',
      expires_at: `${EXPIRES}`,
    }
    const call = { signerId: 'a', relayerId: null, contractId: chain.contract, methodName: 'open_channel' }
    return {
      event: { standard: 'dcml_model', version: '1.0.0', event: 'channel_opened', data },
      call: { ...call, args: new Uint8Array(), gas: 0n, deposit: 0n },
      transactionHash: '',
      receiptId: '',
      block: { hash: '', height: 1, timestamp: 0n },
    }
  }
  await Promise.all(Array.from({ length: channels }, (_, i) => ledger.establish(opening(i + 1), 0n)))
  return ledger
}

/** Operations per second of one core: by processor time, of all threads of the process. */
async function perCore(count: number, work: () => Promise<unknown>): Promise<number> {
  const start = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(start)
  return count / ((user + system) / 1e6)
}

/** Keeps 32 under way, as a server does. */
async function pool<T>(items: readonly T[], act: (item: T) => Promise<unknown>): Promise<void> {
  const queue = items.values()
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      for (const item of queue) await act(item)
    }),
  )
}

export async function run({ quick }: { quick: boolean }): Promise<{ rows: Row[]; notes: string[] }> {
  const payer = await newSigner()
  return { rows: [...(await vouchers(payer, quick)), ...(await metering(payer, quick))], notes: NOTES }
}

const NOTES = [
  'Per core: divided by the processor time of all threads. Metering is what a completion waits for beyond an engine that reads its prompt for 5 ms. What an anti-rollback device takes to mark the last write comes on top. The control is a digest of 64 KiB, or a plain durable write: what the machine does to anything just then.',
]

async function vouchers(payer: Signer, quick: boolean): Promise<Row[]> {
  const count = quick ? 1000 : 4000
  const rounds = quick ? 3 : 7
  const ids = Array.from({ length: 100 }, (_, i) => BigInt(i + 1))
  const ledger = await newLedger(ids.length, payer)
  const checks = ids.map(() => ed25519Verifier(payer.publicKey))
  let amount = 0n
  const sign = () =>
    Promise.all(
      Array.from({ length: count }, (_, i) =>
        signVoucher(chain, { channelId: ids[i % ids.length]!, authorised: ++amount }, payer),
      ),
    )
  const times = await interleave(rounds, {
    bare: async () => {
      const signed = await sign()
      const messages = signed.map(({ voucher, signature }, i) => {
        const bytes = encodeVoucher(voucher)
        return async () => checks[i % checks.length]!(bytes, signature)
      })
      return perCore(count, () => pool(messages, (check) => check()))
    },
    accepted: async () => {
      const signed = await sign()
      return perCore(count, () => pool(signed, (voucher) => ledger.acceptVoucher(voucher)))
    },
  })
  const [bare, accepted] = [median(times.bare), median(times.accepted)]
  return [
    { what: 'signature check alone', 'per second and core': Math.round(bare) },
    {
      what: 'voucher accepted',
      'per second and core': Math.round(accepted),
      'of the check': (accepted / bare).toFixed(2),
    },
  ]
}

/** Tokens of the completion that is metered. */
const COMPLETION = 64
const one = { promptTokens: 0n, completionTokens: 1n }

/** How long a fast engine reads a prompt; what is written meanwhile delays nothing. */
const PROMPT_MS = 5

/**
 * What one completion waits for, in ms: its first tokens set aside while the engine reads the prompt, all counted one by
 * one, and its receipt numbered.
 */
async function meter(ledger: EnclaveLedger, channelId: bigint): Promise<number> {
  const begin = performance.now()
  const aside = ledger.reserve(channelId, 'request', { promptTokens: 100n, completionTokens: BigInt(COMPLETION) })
  const asked = performance.now() - begin
  await sleep(PROMPT_MS)
  const start = performance.now()
  await aside
  for (let token = 0; token < COMPLETION; token++) ledger.deliver(channelId, 'request', one)
  await ledger.release(channelId, 'request')
  return asked + performance.now() - start
}

async function metering(payer: Signer, quick: boolean): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'dcml-bench-'))
  const plain = await open(join(folder, 'plain'), 'w')
  const rows: Row[] = []
  try {
    for (const channels of [10, 1000])
      for (const where of ['memory', 'disk'] as const) {
        const antiRollback = memoryAntiRollback()
        const state = await sealedIn(join(folder, `${channels}`), antiRollback)
        const store = where === 'disk' ? state.store : memoryStateStore()
        const control = where === 'disk' ? () => write(plain) : digest
        const ledger = await newLedger(channels, payer, { antiRollback, store })
        for (let id = 1n; id <= channels; id++)
          await ledger.acceptVoucher(await signVoucher(chain, { channelId: id, authorised: 10n ** 29n }, payer))
        const [added, others]: [number[], number[]] = [[], []]
        for (let i = 0; i < (quick ? 300 : 3000); i++) {
          added.push(await meter(ledger, BigInt(1 + (i % channels))))
          others.push(await timed(control))
        }
        await state.close()
        rows.push({
          what: `metering a completion of ${COMPLETION} tokens, ${channels} channels, ${where === 'disk' ? 'sealed state on disk' : 'state in memory'}`,
          'p50 ms': median(added).toFixed(3),
          'p99 ms': percentile(added, 0.99).toFixed(3),
          'control p50 ms': median(others).toFixed(3),
          'control p99 ms': percentile(others, 0.99).toFixed(3),
        })
      }
  } finally {
    await plain.close()
    await rm(folder, { recursive: true })
  }
  return rows
}

const sealedIn = (folder: string, antiRollback: AntiRollback): Promise<SealedState> =>
  openSealedState({ folder, sealingKey: new Uint8Array(32).fill(3), antiRollback, log: { info() {} } })

const block = new Uint8Array(64 * 1024)

/** About as much work as metering is in memory, all of it the machine's. */
async function digest(): Promise<void> {
  createHash('sha256').update(block).digest()
}

/** What the disk takes for a write of the size of a change, with nothing around it. */
async function write(file: FileHandle): Promise<void> {
  await file.appendFile(change)
  await file.datasync()
}
const change = new Uint8Array(400)

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}
