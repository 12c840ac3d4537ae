// One session between two honest ends, and somebody between them who holds every byte.
import { concatBytes, utf8 } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { ChannelSessions, type OpenedRequest } from './enclave.ts'
import { type Exchanges, exchanges, type OpenedAnswer } from './exchange.ts'
import { formatHead } from './head.ts'
import { clientSecrets, makeKeyPair } from './keys.ts'
import { MAX_RECORD_BYTES, RecordSealer } from './record.ts'
import { PREFACE_LENGTH, writePreface } from './wire.ts'

const refusedFor = (code: string) => expect.objectContaining({ name: 'DcmlError', code })
const tampered = refusedFor('channel_tampered')
const truncated = refusedFor('channel_truncated')

interface Scene {
  readonly sessions: ChannelSessions
  readonly id: Uint8Array
  readonly client: Exchanges
  tick(ms: number): void
}

interface Twist {
  /** The key that the browser seals to; the enclave's by default. */
  readonly hpkeKey?: Uint8Array
  /** The key that the browser sends with; the one it showed by default. */
  readonly pair?: Awaited<ReturnType<typeof makeKeyPair>>['pair']
  readonly nonce?: Uint8Array
  readonly claims?: Uint8Array
  readonly sessions?: ChannelSessions
}

async function scene(twist: Twist = {}): Promise<Scene> {
  let now = 0
  const sessions = twist.sessions ?? new ChannelSessions({ clock: () => now })
  const [enclave, browser] = [await makeKeyPair(), await makeKeyPair()]
  const terms = { claims: utf8('{"claims":1}'), nonce: new Uint8Array(32).fill(9) }
  const id = sessions.add({ ...terms, clientKey: browser.publicKey, hpkeKey: enclave.pair })
  const client = await exchanges({
    session: id,
    claims: twist.claims ?? terms.claims,
    nonce: twist.nonce ?? terms.nonce,
    hpkeKey: twist.hpkeKey ?? enclave.publicKey,
    pair: twist.pair ?? browser.pair,
  })
  return {
    sessions,
    id,
    client,
    tick(ms) {
      now += ms
    },
  }
}

const HEAD = {
  method: 'POST',
  path: '/v1/chat/completions?x=1',
  headers: [['content-type', 'application/json']],
} as const
const PROMPT = utf8('{"prompt":"the tide"}')
const ask = (client: Exchanges) => client.seal(HEAD, PROMPT)

/** All pieces of a streamed answer, as they leave the enclave. */
async function answerTo(request: OpenedRequest, words: readonly string[] = ['the', ' tide', ' is out']) {
  const sealer = await request.answer()
  const pieces = [await sealer.head({ status: 200, headers: [['content-type', 'text/event-stream']] })]
  for (const word of words) pieces.push(await sealer.body(utf8(word)))
  return [...pieces, await sealer.end()]
}

const stream = (...pieces: readonly Uint8Array[]) => ReadableStream.from(pieces) as ReadableStream<Uint8Array>
const read = async ({ body }: OpenedAnswer): Promise<string> => new Response(body as never).text()
/** All that was shown before the stream failed, and what with. */
async function shown({ body }: OpenedAnswer): Promise<{ text: string; error: unknown }> {
  let text = ''
  try {
    for await (const chunk of body) text += new TextDecoder().decode(chunk)
    return { text, error: undefined }
  } catch (error) {
    return { text, error }
  }
}

test('requests and streamed answers pass, side by side and out of order', async () => {
  const { sessions, id, client } = await scene()
  const sealed = await Promise.all([
    ask(client),
    ask(client),
    client.seal({ ...HEAD, method: 'GET' }, new Uint8Array()),
  ])
  for (const request of sealed.toReversed()) {
    const opened = await sessions.open(id, request.payload)
    expect(opened.head).toMatchObject({ path: HEAD.path, headers: HEAD.headers })
    const answer = await request.open(stream(...(await answerTo(opened))))
    expect(answer.head).toEqual({ status: 200, headers: [['content-type', 'text/event-stream']] })
    expect(await read(answer)).toBe('the tide is out')
  }
})

test('a body of several records and none at all arrive byte for byte', async () => {
  const { sessions, id, client } = await scene()
  for (const size of [0, 1, MAX_RECORD_BYTES, 3 * MAX_RECORD_BYTES + 5]) {
    const body = new Uint8Array(size).map((_, i) => i % 253)
    expect((await sessions.open(id, (await client.seal(HEAD, body)).payload)).body).toEqual(body)
  }
})

test('nothing of head, prompt or answer crosses in clear', async () => {
  const { sessions, id, client } = await scene()
  const request = await ask(client)
  const crossed = [request.payload, ...(await answerTo(await sessions.open(id, request.payload)))]
  const text = new TextDecoder('latin1').decode(concatBytes(...crossed))
  for (const secret of ['chat', 'prompt', 'tide', 'json', 'event-stream']) expect(text).not.toContain(secret)
})

test('a request that is cut anywhere is refused', async () => {
  const { sessions, id, client } = await scene()
  const { payload } = await ask(client)
  for (let length = 0; length < payload.length; length++)
    await expect(sessions.open(id, payload.subarray(0, length)), `${length}`).rejects.toThrow(truncated)
  // none of that burnt its number
  expect((await sessions.open(id, payload)).body).toEqual(PROMPT)
})

test('an answer that is cut anywhere is never complete', async () => {
  const { sessions, id, client } = await scene()
  const request = await ask(client)
  const whole = concatBytes(...(await answerTo(await sessions.open(id, request.payload))))
  for (let length = 0; length < whole.length; length++) {
    const answer = await request.open(stream(whole.subarray(0, length))).catch((error: unknown) => error)
    const error = answer instanceof Error ? answer : (await shown(answer as OpenedAnswer)).error
    expect(error, `${length}`).toMatchObject({ code: 'channel_truncated' })
  }
})

test('no bit of a request can be changed', async () => {
  const { sessions, id, client } = await scene()
  const { payload } = await ask(client)
  const bits = fc.nat(payload.length * 8 - 1)
  await fc.assert(
    fc.asyncProperty(bits, async (bit) => {
      const changed = payload.slice()
      changed[bit >> 3]! ^= 1 << (bit & 7)
      const error = await sessions.open(id, changed).catch((cause: unknown) => cause)
      // a changed length may ask for bytes that are not there, a changed version is another one
      const codes = ['channel_tampered', 'channel_truncated', 'channel_version_unknown']
      expect(codes).toContain((error as { code?: string }).code)
    }),
    { numRuns: 300, examples: Array.from({ length: PREFACE_LENGTH * 8 + 40 }, (_, bit) => [bit] as [number]) },
  )
  expect((await sessions.open(id, payload)).body).toEqual(PROMPT)
})

test('no bit of an answer can be changed', async () => {
  const { sessions, id, client } = await scene()
  const request = await ask(client)
  const whole = concatBytes(...(await answerTo(await sessions.open(id, request.payload))))
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length * 8 - 1), async (bit) => {
      const changed = whole.slice()
      changed[bit >> 3]! ^= 1 << (bit & 7)
      const answer = await request.open(stream(changed)).catch((error: unknown) => error)
      const error = answer instanceof Error ? answer : (await shown(answer as OpenedAnswer)).error
      const codes = ['channel_tampered', 'channel_truncated', 'channel_version_unknown']
      expect(codes).toContain((error as { code?: string }).code)
    }),
    { numRuns: 300 },
  )
})

test('records of an answer cannot be reordered, repeated, left out, or followed by more', async () => {
  const { sessions, id, client } = await scene()
  const request = await ask(client)
  const pieces = await answerTo(await sessions.open(id, request.payload))
  const [head, one, two, three, end] = pieces as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  const wrong = {
    swapped: [head, two, one, three, end],
    repeated: [head, one, one, two, three, end],
    dropped: [head, one, three, end],
  }
  for (const [name, order] of Object.entries(wrong)) {
    const { text, error } = await shown(await request.open(stream(...order)))
    expect(error, name).toMatchObject({ code: 'channel_tampered' })
    expect('the tide is out'.startsWith(text), name).toBe(true)
  }
  for (const more of [end, one, Uint8Array.of(0)]) {
    const { error } = await shown(await request.open(stream(...pieces, more)))
    expect(error).toMatchObject({ code: 'channel_tampered' })
  }
  // the end said early, by its flag alone
  const early = three.slice()
  early[0]! |= 0x80
  expect((await shown(await request.open(stream(head, one, two, early)))).error).toMatchObject({
    code: 'channel_tampered',
  })
  // and the end of the answer as its whole
  await expect(request.open(stream(head.subarray(0, 33), end))).rejects.toThrow(tampered)
})

test('a request counts once, though it comes twice at the same time', async () => {
  const { sessions, id, client } = await scene()
  const { payload } = await ask(client)
  const twice = await Promise.allSettled([sessions.open(id, payload), sessions.open(id, payload.slice())])
  expect(twice.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  await expect(sessions.open(id, payload)).rejects.toThrow(refusedFor('channel_replayed'))
  // numbered anew it is another message
  const renumbered = payload.slice()
  renumbered[40]! += 1
  await expect(sessions.open(id, renumbered)).rejects.toThrow(tampered)
})

test('what crossed in one session means nothing in another', async () => {
  const sessions = new ChannelSessions({ clock: () => 0 })
  const [one, two] = [await scene({ sessions }), await scene({ sessions })]
  const [first, second] = [await ask(one.client), await ask(two.client)]
  await expect(sessions.open(two.id, first.payload)).rejects.toThrow(tampered)
  await sessions.open(two.id, second.payload)
  await expect(sessions.open(two.id, first.payload)).rejects.toThrow(tampered)
  const answers = await answerTo(await sessions.open(one.id, first.payload))
  await expect(second.open(stream(...answers))).rejects.toThrow(tampered)
  // nor does the answer to another request of the same one
  const third = await ask(one.client)
  await expect(third.open(stream(...answers))).rejects.toThrow(tampered)
  // nor a request sent back as an answer
  const echo = concatBytes(Uint8Array.of(1), new Uint8Array(32), first.payload.subarray(PREFACE_LENGTH))
  await expect(first.open(stream(echo))).rejects.toThrow(tampered)
})

test('records of two answers to one session cannot be spliced', async () => {
  const { sessions, id, client } = await scene()
  const [one, two] = [await ask(client), await ask(client)]
  const first = await answerTo(await sessions.open(id, one.payload))
  const second = await answerTo(await sessions.open(id, two.payload))
  const { error, text } = await shown(await one.open(stream(...first.slice(0, 2), ...second.slice(2))))
  expect(error).toMatchObject({ code: 'channel_tampered' })
  expect(text).toBe('the')
})

test('two answers under the same number would still not share a key', async () => {
  const { sessions, id, client } = await scene()
  const opened = await sessions.open(id, (await ask(client)).payload)
  const [one, two] = [await answerTo(opened), await answerTo(opened)]
  expect(one[1]).not.toEqual(two[1])
})

test.each([
  ['the enclave’s key was swapped', async () => ({ hpkeKey: (await makeKeyPair()).publicKey })],
  ['it does not hold the key that was attested', async () => ({ pair: (await makeKeyPair()).pair })],
  ['it verified other claims', async () => ({ claims: utf8('{"claims":2}') })],
  ['its nonce was another', async () => ({ nonce: new Uint8Array(32) })],
])('a browser gets nowhere where %s', async (_, twist) => {
  const { sessions, id, client } = await scene(await twist())
  await expect(sessions.open(id, (await ask(client)).payload)).rejects.toThrow(tampered)
})

test('an unknown version is said to be one', async () => {
  const { sessions, id, client } = await scene()
  const request = await ask(client)
  const unknown = refusedFor('channel_version_unknown')
  await expect(sessions.open(id, request.payload.with(0, 2))).rejects.toThrow(unknown)
  const [head, ...rest] = await answerTo(await sessions.open(id, request.payload))
  await expect(request.open(stream(head!.with(0, 2), ...rest))).rejects.toThrow(unknown)
})

test('a record of a length that nobody sends is refused before it is kept', async () => {
  const { sessions, id, client } = await scene()
  const request = await ask(client)
  const [head] = await answerTo(await sessions.open(id, request.payload))
  const { error } = await shown(await request.open(stream(head!, Uint8Array.of(0x7f, 0xff, 0xff, 0xff))))
  expect(error).toMatchObject({ code: 'channel_tampered' })
})

test('a request in more records than its bytes need is refused before they are opened', async () => {
  const [enclave, browser] = [await makeKeyPair(), await makeKeyPair()]
  const terms = { claims: utf8('{}'), nonce: new Uint8Array(32) }
  const sessions = new ChannelSessions({ clock: () => 0 })
  const session = sessions.add({ ...terms, clientKey: browser.publicKey, hpkeKey: enclave.pair })
  const { enc, messageKey } = await clientSecrets({ ...terms, hpkeKey: enclave.publicKey, pair: browser.pair })
  const inRecords = async (sequence: number, ...sizes: number[]): Promise<Uint8Array> => {
    const key = await messageKey('request', sequence, new Uint8Array())
    const sealer = new RecordSealer(key, { session, direction: 'request', sequence })
    const records = [formatHead(HEAD), ...sizes.map((size) => new Uint8Array(size))].map((plain) => sealer.seal(plain))
    return concatBytes(writePreface({ enc, sequence }), ...(await Promise.all(records)), await sealer.end())
  }
  const whole = await inRecords(0, MAX_RECORD_BYTES, MAX_RECORD_BYTES, 1)
  expect((await sessions.open(session, whole)).body).toHaveLength(2 * MAX_RECORD_BYTES + 1)
  for (const sizes of [[1, 1], [0, 0, 0], [MAX_RECORD_BYTES - 1, MAX_RECORD_BYTES], Array(500).fill(0)]) {
    const opening = vi.spyOn(crypto.subtle, 'decrypt')
    await expect(sessions.open(session, await inRecords(1, ...sizes))).rejects.toThrow(tampered)
    expect(opening).toHaveBeenCalledTimes(1)
    opening.mockRestore()
  }
})

test('sessions end with their time, and the least used give way', async () => {
  const one = await scene()
  const { payload } = await ask(one.client)
  one.tick(900_000)
  await expect(one.sessions.open(one.id, payload)).rejects.toThrow(refusedFor('channel_session_unknown'))
  expect(one.sessions.size).toBe(0)

  const sessions = new ChannelSessions({ clock: () => 0, maxSessions: 2 })
  const used = await scene({ sessions })
  await sessions.open(used.id, (await ask(used.client)).payload)
  // strangers who only open sessions
  const others = [await scene({ sessions }), await scene({ sessions }), await scene({ sessions })]
  expect(sessions.size).toBe(3)
  await expect(sessions.open(others[0]!.id, (await ask(others[0]!.client)).payload)).rejects.toThrow(
    refusedFor('channel_session_unknown'),
  )
  await sessions.open(used.id, (await ask(used.client)).payload)
})

test('keys of sessions that are over are forgotten, though nobody asks for them', async () => {
  const one = await scene()
  await one.sessions.open(one.id, (await ask(one.client)).payload)
  await scene({ sessions: one.sessions })
  one.tick(899_999)
  await scene({ sessions: one.sessions })
  one.sessions.forgetEnded()
  expect(one.sessions.size).toBe(3)
  one.tick(1)
  one.sessions.forgetEnded()
  expect(one.sessions.size).toBe(1)
})

test('a head that HTTP could read in two ways is refused inside too', async () => {
  const { sessions, id, client } = await scene()
  const heads = [
    { ...HEAD, method: 'CONNECT' },
    { ...HEAD, path: 'v1/x' },
    { ...HEAD, path: '/x HTTP/1.1\r\nHost: y' },
    { ...HEAD, headers: [['a b', '1']] as const },
    { ...HEAD, headers: [['a', '1\r\nb: 2']] as const },
  ]
  for (const head of heads)
    await expect(sessions.open(id, (await client.seal(head, PROMPT)).payload)).rejects.toThrow(tampered)
  await expect(client.seal({ ...HEAD, path: `/${'x'.repeat(MAX_RECORD_BYTES)}` }, PROMPT)).rejects.toThrow(
    refusedFor('headers_too_large'),
  )
})
