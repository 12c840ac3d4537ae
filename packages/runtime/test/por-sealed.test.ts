// An enclave asked through relays that hold every byte (paper §8): what they see, and what they can do.
import { createHash } from 'node:crypto'
import { type Attested, sealQuestion } from '@dcml/attestation'
import { sealedRequest } from '@dcml/client'
import { detachDcml, parseReceipt, utf8 } from '@dcml/protocol'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type PorHandler, runtimeHandlers } from '../src/index.ts'
import type { Script } from '../src/testing.ts'
import { counting, serving } from './harness.ts'
import { about, askSealed, attest, chatOf } from './por.ts'

let runs = 0
const script: Script = (...asked) => {
  runs++
  return counting(...asked)
}

let served: Awaited<ReturnType<typeof serving>>
let attested: Attested
let handlers: Record<string, PorHandler>
beforeAll(async () => {
  served = await serving({ script })
  attested = await attest(served.runtime, served.fetch)
  handlers = runtimeHandlers({ runtime: served.runtime.url })
})
afterAll(() => served[Symbol.asyncDispose]())

const code = (json: unknown): string => (json as { error: { code: string } }).error.code
const refusal = ({ status, payload }: { status: number; payload: Uint8Array }) => [
  status,
  JSON.parse(new TextDecoder().decode(payload)).code,
]

test('an enclave says that it lives, whatever its host says', async () => {
  const { answer, json } = await askSealed(handlers, attested, { kind: 'ping' })
  expect(answer.status).toBe(200)
  expect(json).toMatchObject({ phase: 'ready', model: 'tale' })
})

test('a chat comes whole, with the receipt of its exact bytes', async () => {
  const ask = chatOf('count to 7')
  const { answer, json } = await askSealed(handlers, attested, ask)
  expect(json).toMatchObject({ choices: [{ message: { content: 'w0 w1 w2 w3 w4 w5 w6' } }] })
  const { field, payload } = detachDcml(answer.body)
  const { receipt } = parseReceipt(field!.receipt)
  const sha256 = (of: string) => Uint8Array.from(createHash('sha256').update(of).digest())
  expect(receipt).toMatchObject({ requestH: sha256(ask.body), responseH: sha256(payload), completionTokens: 7 })
  expect(receipt.domain.subject).toEqual(attested.claims.sessionKey)
  expect(answer.modelH).toBe(field!.modelH)
})

test('relays see size classes, and the same ones for any short talk', async () => {
  const secret = 'my secret number is 4'
  const seen = await Promise.all(
    [secret, 'count to 1', `${'a'.repeat(300)} 30`].map((content) => askSealed(handlers, attested, chatOf(content))),
  )
  expect(seen.map(({ payload }) => payload.length)).toEqual([1024, 1024, 1024])
  expect(seen.map(({ reply }) => reply.payload.length)).toEqual([2048, 2048, 2048])
  for (const { payload, reply } of seen)
    for (const bytes of [payload, reply.payload]) expect(Buffer.from(bytes).includes('secret')).toBe(false)
  expect(served.runtime.log()).not.toContain('secret')
})

test('who swaps the question gets an answer that its sender does not take', async () => {
  const alice = await sealedRequest(attested, chatOf('count to 2'))
  const mallory = await sealedRequest(attested, chatOf('count to 3'))
  const swapped = await handlers[mallory.app]!(mallory.payload, about)
  await expect(alice.open(swapped)).rejects.toMatchObject({ code: 'sealed_unreadable' })
  expect((await mallory.open(swapped)).status).toBe(200)
})

test('what comes again is answered with the same bytes, and asked of the engine once', async () => {
  const { app, payload, open } = await sealedRequest(attested, chatOf('count to 4'))
  const before = runs
  const replies = await Promise.all([1, 2, 3].map(() => handlers[app]!(payload, about)))
  const late = await handlers[app]!(payload, { ...about, requester: 'mallory.near' })
  expect(runs - before).toBe(1)
  for (const reply of [...replies, late]) expect(reply).toEqual(replies[0])
  expect((await open(late)).status).toBe(200)
})

test('an old question is refused, and one from a clock that runs ahead', async () => {
  for (const off of [-301_000, 301_000]) {
    const clock = () => Date.now() + off
    const { answer, json } = await askSealed(handlers, attested, chatOf('count to 1'), { clock })
    expect([answer.status, code(json)]).toEqual([409, 'por_stale'])
  }
})

test('a host that sets the clock forth and back makes nothing count again', async () => {
  let skew = 0
  const clock = () => Date.now() + skew
  await using other = await serving({ script, clock })
  const evidence = await attest(other.runtime, other.fetch)
  const host = runtimeHandlers({ runtime: other.runtime.url })
  const { app, payload, open } = await sealedRequest(evidence, chatOf('count to 5'))
  await host[app]!(payload, about)
  const before = runs
  skew = 3_600_000
  expect((await askSealed(host, evidence, { kind: 'ping' }, { clock })).answer.status).toBe(200)
  skew = 0
  const { status, body } = await open(await host[app]!(payload, about))
  expect([status, code(JSON.parse(body))]).toEqual([409, 'por_stale'])
  expect(runs).toBe(before)
})

test('what was sealed to another enclave is for nobody here', async () => {
  await using other = await serving()
  const { app, payload, open } = await sealedRequest(await attest(other.runtime, other.fetch), { kind: 'ping' })
  const reply = await handlers[app]!(payload, about)
  expect(refusal(reply)).toEqual([2, 'sealed_unreadable'])
  await expect(open(reply)).rejects.toMatchObject({ code: 'por_refused', details: { reason: 'sealed_unreadable' } })
})

test('a host’s own words are no answer', async () => {
  const { open } = await sealedRequest(attested, { kind: 'ping' })
  for (const payload of [utf8('{"status":200,"body":"{}"}'), new Uint8Array(), new Uint8Array(2048)])
    await expect(open({ status: 0, payload })).rejects.toMatchObject({ code: 'sealed_unreadable' })
  for (const payload of [utf8('{"code":"<script>"}'), utf8('no'), new Uint8Array()])
    await expect(open({ status: 2, payload })).rejects.toMatchObject({ details: { reason: 'unknown' } })
})

test('sizes have an end each way', async () => {
  await expect(sealedRequest(attested, chatOf('x'.repeat(70_000)))).rejects.toMatchObject({
    code: 'sealed_too_large',
  })
  for (const maxResponse of [0, 1000, 3000, 2 ** 21])
    await expect(sealedRequest(attested, { kind: 'ping' }, { maxResponse })).rejects.toMatchObject({
      code: 'sealed_options_invalid',
    })
  const long = await askSealed(handlers, attested, chatOf('count to 900'), { maxResponse: 2048 })
  expect([long.answer.status, code(long.json), long.reply.payload.length]).toEqual([413, 'sealed_too_large', 1024])
  const payload = new Uint8Array(65_537)
  expect(refusal(await handlers['dcml/sealed']!(payload, about))[0]).toBe(2)
})

test('what was opened and is no question is refused to its sender alone', async () => {
  const streamed = await askSealed(handlers, attested, chatOf('count to 1', { stream: true }))
  expect([streamed.answer.status, code(streamed.json)]).toEqual([400, 'por_streamed'])
  const wrong = await askSealed(handlers, attested, { kind: 'chat', body: 'not JSON' })
  expect(code(wrong.json)).toBe('request_malformed')
  const unknown = await askSealed(handlers, attested, { kind: 'set-sk' } as never)
  expect(code(unknown.json)).toBe('request_invalid')
  for (const said of ['', '[]', '{"at":1e99,"most":1024,"ask":{"kind":"ping"}}', '{"at":1,"most":1e9}']) {
    const { payload, openAnswer } = await sealQuestion(attested.claims.hpkeKey, utf8(said))
    const reply = await handlers['dcml/sealed']!(payload, about)
    expect(reply.status).toBe(0)
    const { status } = JSON.parse(new TextDecoder().decode(await openAnswer(reply.payload)))
    expect(status).toBe(400)
  }
})

test('nothing that a stranger sends, sealed or not, breaks anything', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (payload) => {
      expect(refusal(await handlers['dcml/sealed']!(payload, about))).toEqual([2, 'sealed_unreadable'])
    }),
    { numRuns: 30 },
  )
  const kind = fc.constantFrom('ping', 'chat', 'close-channel', 'http')
  const ask = fc.record({ kind, body: fc.jsonValue(), request: fc.string() }, { requiredKeys: ['kind'] })
  const most = fc.constantFrom(1024, 2048, 0, 5)
  const question = fc.oneof(fc.jsonValue(), fc.record({ at: fc.constant(Date.now()), most, ask }))
  await fc.assert(
    fc.asyncProperty(question, async (said) => {
      const { payload, openAnswer } = await sealQuestion(attested.claims.hpkeKey, utf8(JSON.stringify(said)))
      const reply = await handlers['dcml/sealed']!(payload, about)
      const { status } = JSON.parse(new TextDecoder().decode(await openAnswer(reply.payload)))
      expect([200, 400, 404]).toContain(status)
    }),
    { numRuns: 60 },
  )
  const body = fc.oneof(
    fc.json(),
    fc.record({ app: fc.string(), payload: fc.string(), requester: fc.string() }).map((each) => JSON.stringify(each)),
  )
  await fc.assert(
    fc.asyncProperty(body, async (text) => {
      expect((await served.post('/dcml/v1/por', text)).status).toBe(400)
    }),
    { numRuns: 40 },
  )
  expect((await served.post('/dcml/v1/por', 'x'.repeat(100_000))).status).toBe(413)
})

test('a free enclave has no channels to close, and no other applications', async () => {
  const post = (app: string) =>
    served.post('/dcml/v1/por', { app, payload: 'AAAA', requester: 'alice.near', requestHash: '00'.repeat(32) })
  for (const app of ['dcml/close-channel', 'dcml/ping', 'dcml/other']) {
    const answer = (await (await post(app)).json()) as { status: number; payload: string }
    expect(refusal({ ...answer, payload: Buffer.from(answer.payload, 'base64url') })).toEqual([2, 'por_app_unknown'])
  }
  expect((await post('<app>')).status).toBe(400)
})
