// Streams that break, wait or are held: who pays for what was sent, and for what was worked on.
import { ALLOWANCE_HEADER, closeArguments, PAYMENT_CALLS, readWire, VOUCHER_HEADER, wire } from '@dcml/channels'
import { formatClosureRequest, signClosureRequest } from '@dcml/protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Script } from '../src/testing.ts'
import { counting, eventually } from './harness.ts'
import {
  costOf,
  errorOf,
  type PaidChannel,
  type PaidRuntime,
  type PaidScene,
  readStream,
  servePaid,
  startScene,
} from './paid.ts'

let scene: PaidScene
let paid: PaidRuntime
/** Times the engine was asked. */
let runs = 0
let gate = Promise.withResolvers<void>()

const script: Script = (prompt, request) => {
  runs++
  if (prompt.startsWith('slowly')) return { tokens: slowly() }
  if (prompt.startsWith('think')) return { tokens: thinking() }
  return counting(prompt, request)
}
async function* thinking() {
  await gate.promise
  yield ' w0'
}
async function* slowly() {
  for (let i = 0; i < 10; i++) yield ` w${i}`
  await gate.promise
  for (let i = 10; i < 20; i++) yield ` w${i}`
}

beforeAll(async () => {
  scene = await startScene()
  paid = await servePaid(scene, { script, limits: { paymentMs: 60_000, paymentStep: 8 } })
})
afterAll(async () => {
  await paid[Symbol.asyncDispose]()
  await scene.stop()
})

const stream = (n: number) => ({ prompt: `count ${n}`, stream: true })
const codeOf = async (response: Response) => (await errorOf(response)).code
const complete = (authorised: bigint, body: object, of: PaidChannel) => paid.complete(of, authorised, body)
const amounts = async (of: PaidChannel, authorised: bigint) =>
  readWire(wire.amounts, await paid.ask(PAYMENT_CALLS.acceptVoucher, { voucher: await of.voucher(authorised) }))
const metric = async (name: string): Promise<number> => {
  const text = await (await fetch(`${paid.runtime.adminUrl}/metrics`)).text()
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
}

test('a stream that nobody pays on ends with a word, and what was sent is paid', async () => {
  await using impatient = await servePaid(scene, { limits: { paymentMs: 50, paymentStep: 8 } })
  const payer = await impatient.open()
  const ask = (body: object) => impatient.complete(payer, costOf(2, 12), body)
  const { payloads, demands } = await readStream(await ask(stream(40)))
  expect(demands).toBe(1)
  const failure = JSON.parse(payloads.at(-1)!)
  expect(failure.error).toMatchObject({ code: 'payment_required', details: { spent: `${costOf(2, 12)}` } })
  const words = payloads.slice(0, -1).map((payload) => JSON.parse(payload).choices[0].text)
  expect(words).toHaveLength(12)
  expect(payloads.some((payload) => payload.includes('"dcml"'))).toBe(false)
  await eventually(async () => {
    expect((await errorOf(await ask(stream(1)))).details).toMatchObject({ spent: `${costOf(2, 12)}`, reserved: '0' })
  })
})

test('a channel that ends under a stream ends the stream, and its approval is of what was sent', async () => {
  const payer = await paid.open()
  const { chain, channelId } = payer.terms
  const request = formatClosureRequest(await signClosureRequest(chain, { channelId }, payer.key))
  let approval = ''
  const { payloads } = await readStream(await complete(costOf(2, 12), stream(40), payer), async () => {
    approval = (await paid.ask(PAYMENT_CALLS.requestClosure, { request })).approval!
  })
  expect(JSON.parse(payloads.at(-1)!).error.code).toBe('channel_ended')
  expect((await paid.ask(PAYMENT_CALLS.requestClosure, { request })).approval).toBe(approval)
  const closed = await paid.wallet.close(closeArguments(approval))
  const sent = payloads.length - 1
  expect((closed.events[0]!.data as { spent: string }).spent).toBe(String(costOf(2, sent)))
})

test('a reader that goes away pays for what was written and no more', async () => {
  const payer = await paid.open()
  gate = Promise.withResolvers()
  const response = await complete(costOf(2, 50), { prompt: 'slowly 1', stream: true }, payer)
  const reader = response.body!.getReader()
  let text = ''
  while (!text.includes(' w9')) text += new TextDecoder().decode((await reader.read()).value)
  await reader.cancel()
  await eventually(async () => expect(await metric('dcml_generations_running')).toBe(0))
  gate.resolve()
  await eventually(async () => {
    const { details } = await errorOf(await complete(costOf(2, 50), { prompt: 'count 1', max_tokens: 500 }, payer))
    expect(details).toMatchObject({ spent: `${costOf(2, 10)}`, reserved: '0' })
  })
})

test('early-leaver: who leaves before the first token pays for the prompt that the engine was given', async () => {
  for (const stream of [true, false]) {
    const payer = await paid.open()
    gate = Promise.withResolvers()
    const before = runs
    const leaving = new AbortController()
    const asked = paid.fetch(`${paid.runtime.url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [VOUCHER_HEADER]: await payer.voucher(costOf(2, 50)) },
      body: JSON.stringify({ prompt: 'think twice', stream, max_tokens: 20 }),
      signal: leaving.signal,
    })
    await eventually(async () => expect(runs).toBe(before + 1))
    leaving.abort()
    await expect(asked).rejects.toThrow()
    await eventually(async () => expect(await metric('dcml_generations_running')).toBe(0))
    gate.resolve()
    await eventually(async () => expect(await amounts(payer, costOf(2, 50))).toMatchObject({ spent: costOf(2, 0) }))
  }
})

test('held-stream: of what is paid for the next request nothing goes to one that was let go', async () => {
  const payer = await paid.open()
  gate = Promise.withResolvers()
  const ask = async (prompt: string, authorised: bigint, allowed: bigint) =>
    paid.fetch(`${paid.runtime.url}/v1/completions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        [VOUCHER_HEADER]: await payer.voucher(authorised),
        [ALLOWANCE_HEADER]: `${allowed}`,
      },
      body: JSON.stringify({ prompt, stream: true, max_tokens: 20 }),
    })
  // whoever is between lets the enclave believe that she still reads
  const held = await ask('slowly 1', costOf(2, 10), costOf(2, 10))
  gate.resolve()
  const next = await ask('slowly 2', costOf(4, 20), costOf(2, 10))
  const { demands, payloads } = await readStream(next, async ({ request, authorised }) => {
    expect(request).toMatchObject({ spent: expect.any(BigInt), allowed: costOf(2, 10) })
    const [{ id }, voucher] = [request!, await payer.voucher(costOf(4, 30))]
    expect(authorised).toBe(costOf(4, 20))
    const answer = { voucher, requestId: id, allowed: `${costOf(2, 20)}` }
    expect(await paid.ask(PAYMENT_CALLS.acceptVoucher, answer)).toMatchObject({ authorised: `${costOf(4, 30)}` })
  })
  expect([demands, payloads.at(-1)]).toEqual([1, '[DONE]'])
  expect(await amounts(payer, costOf(4, 30))).toMatchObject({ spent: costOf(4, 30) })
  await held.body!.cancel()
  const unread = await ask('slowly 3', costOf(4, 31), 'much' as never)
  expect([unread.status, await codeOf(unread)]).toEqual([400, 'wire_invalid'])
})
