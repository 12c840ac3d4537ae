// Starts, restarts and ends of a paid runtime, and a host that owns its disk.
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseImageManifest } from '@dcml/attestation'
import { type Bundle, formatWire, PAYMENT_CALLS, readWire, wire } from '@dcml/channels'
import { detachDcml, parseApproval, parseReceipt, toHex } from '@dcml/protocol'
import pino from 'pino'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { preparePayment } from '../src/payment/start.ts'
import { boot, eventually, manifestOf, simulator } from './harness.ts'
import {
  costOf,
  errorOf,
  memoryDevice,
  type PaidChannel,
  type PaidRuntime,
  type PaidScene,
  paidManifest,
  readStream,
  servePaid,
  startScene,
} from './paid.ts'

let scene: PaidScene
beforeAll(async () => {
  scene = await startScene()
})
afterAll(() => scene.stop())

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'dcml-paid-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return join(folder, 'state')
}
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'none',
    (error: { code?: string }) => error.code ?? String(error),
  )
const stream = (n: number) => ({ prompt: `count ${n}`, stream: true, max_tokens: n })
const answerTo = async (paid: PaidRuntime, channel: PaidChannel, authorised: bigint, n: number) =>
  readStream(await paid.complete(channel, authorised, stream(n)))

test('a paid workload without all it takes does not start', async () => {
  const tee = simulator.createTee({ imageH: new Uint8Array(32) })
  const [state, manifest] = [await newFolder(), parseImageManifest(paidManifest(scene))]
  const all = {
    manifest,
    tee,
    provider: 'bob.test',
    state,
    environment: 'development',
    antiRollback: memoryDevice(),
    log: pino({ level: 'silent' }),
  } as const
  const { sealingKey: _, ...unsealing } = tee
  for (const [change, code] of [
    [{ antiRollback: undefined }, 'anti_rollback_missing'],
    [{ environment: 'production' }, 'anti_rollback_refused'],
    [{ provider: undefined }, 'provider_missing'],
    [{ state: undefined }, 'state_folder_missing'],
    [{ tee: unsealing }, 'sealing_unsupported'],
    [{ manifest: { ...manifest, trustRoot: '{}' } }, 'trust_root_invalid'],
  ] as const)
    expect(await codeOf(preparePayment({ ...all, ...change })), code).toBe(code)
  expect(await codeOf(boot({ manifest: paidManifest(scene) }))).toBe('provider_missing')
  // one that serves free needs nothing, and has no such calls
  expect(await preparePayment({ ...all, manifest: parseImageManifest(manifestOf()), state: undefined })).toBeUndefined()
  await using free = await boot()
  expect((await fetch(`${free.adminUrl}/dcml/v1/channels`)).status).toBe(404)
})

test('after a restart channels go on, and closures are answered before the model has its key', async () => {
  const [folder, antiRollback] = [await newFolder(), memoryDevice()]
  const first = await servePaid(scene, { folder, antiRollback })
  const channel = await first.open()
  await answerTo(first, channel, costOf(2, 10), 10)
  const closing = await first.wallet.startClose(channel.terms.channelId)
  await first[Symbol.asyncDispose]()

  await using second = await servePaid(scene, { folder, antiRollback, load: false })
  expect(toHex(second.runtime.sessionKey)).toBe(toHex(first.runtime.sessionKey))
  expect((await errorOf(await second.call(PAYMENT_CALLS.getChallenge, {}))).code).toBe('model_not_ready')
  expect((await errorOf(await second.complete(channel, costOf(2, 20), stream(5)))).code).toBe('model_not_ready')
  const voucher = await channel.voucher(costOf(2, 20))
  const amounts = readWire(wire.amounts, await second.ask(PAYMENT_CALLS.acceptVoucher, { voucher }))
  expect(amounts).toMatchObject({ spent: costOf(2, 10), authorised: costOf(2, 20) })
  const bundle = (await second.wallet.prove(closing, await second.head())) as Bundle
  const { approval } = await second.ask(PAYMENT_CALLS.answerClosure, formatWire(bundle))
  expect(parseApproval(approval!).approval.spent).toBe(costOf(2, 10))
})

test('numbers of receipts go on over a restart', async () => {
  const [folder, antiRollback] = [await newFolder(), memoryDevice()]
  const sequences: bigint[] = []
  let channel: PaidChannel | undefined
  for (const authorised of [costOf(2, 3), costOf(4, 6)]) {
    await using paid = await servePaid(scene, { folder, antiRollback })
    channel ??= await paid.open()
    const { payloads } = await answerTo(paid, channel, authorised, 3)
    sequences.push(parseReceipt(detachDcml(payloads.at(-2)!).field!.receipt).receipt.sequence)
  }
  expect(sequences[1]! > sequences[0]!).toBe(true)
})

test('a snapshot that is put back starts nothing, and neither does another device', async () => {
  const [folder, copy, antiRollback] = [await newFolder(), await newFolder(), memoryDevice()]
  const first = await servePaid(scene, { folder, antiRollback })
  const channel = await first.open()
  await cp(folder, copy, { recursive: true })
  await answerTo(first, channel, costOf(2, 10), 10)
  await first[Symbol.asyncDispose]()
  const start = (state: string, device = antiRollback) =>
    boot({ manifest: paidManifest(scene), provider: 'bob.test', state, antiRollback: device })
  expect(await codeOf(start(copy))).toBe('channel_state_rolled_back')
  expect(await codeOf(start(folder, memoryDevice()))).toBe('channel_state_missing')
  // what failed let go of the folder
  await (await start(folder)).close()
})

test('once the state is unsure nothing is served or approved, and readiness says so', async () => {
  const device = memoryDevice()
  let isBroken = false
  const antiRollback = {
    ...device,
    advance: async (next: Parameters<typeof device.advance>[0]) => {
      if (isBroken) throw new Error('the counter does not answer')
      return device.advance(next)
    },
  }
  await using paid = await servePaid(scene, { antiRollback })
  const channel = await paid.open()
  isBroken = true
  const { code } = await errorOf(await paid.complete(channel, costOf(2, 10), stream(10)))
  expect(code).toBe('channel_state_unsure')
  isBroken = false
  for (const response of [
    await paid.complete(channel, costOf(2, 10), stream(10)),
    await paid.call(PAYMENT_CALLS.getChallenge, {}),
    await paid.call(PAYMENT_CALLS.acceptVoucher, { voucher: await channel.voucher(costOf(2, 10)) }),
    await paid.fetch(`${paid.runtime.url}/v1/models`),
  ])
    expect([response.status, (await errorOf(response)).code]).toEqual([503, 'channel_state_unsure'])
  const ready = await fetch(`${paid.runtime.adminUrl}/readyz`)
  expect([ready.status, await ready.json()]).toMatchObject([503, { error: { code: 'channel_state_unsure' } }])
  const closing = await fetch(`${paid.runtime.adminUrl}/dcml/v1/request-channel-closure`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ channelId: String(channel.terms.channelId) }),
  })
  expect((await errorOf(closing)).code).toBe('channel_state_unsure')
})

test('a stream that waits for its voucher while the runtime stops still gets it', async () => {
  const paid = await servePaid(scene, { limits: { paymentStep: 8 } })
  const channel = await paid.open()
  let closed: Promise<void> | undefined
  const { payloads } = await readStream(await paid.complete(channel, costOf(2, 8), stream(30)), async () => {
    const voucher = await channel.voucher(costOf(2, 30))
    closed ??= paid.runtime.close()
    expect((await errorOf(await paid.complete(channel, costOf(2, 8), stream(1)))).code).toBe('draining')
    await paid.ask(PAYMENT_CALLS.acceptVoucher, { voucher })
  })
  expect(payloads.at(-1)).toBe('[DONE]')
  await closed
  await paid[Symbol.asyncDispose]()
})

test('no log line holds a voucher, a seed or a key of the state', async () => {
  await using paid = await servePaid(scene)
  const channel = await paid.open()
  await answerTo(paid, channel, costOf(2, 10), 10)
  const voucher = await channel.voucher(costOf(2, 10))
  await eventually(() => expect(paid.runtime.log()).toContain('generation'))
  expect(paid.runtime.log()).not.toContain(voucher)
  expect(paid.runtime.log()).not.toContain(voucher.slice(-40))
})
