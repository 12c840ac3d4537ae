import { createHash } from 'node:crypto'
import { clientDefault, development } from '@dcml/attestation'
import { parseReceipt, toHex } from '@dcml/protocol'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { ask, connect as connectTo, errorOf } from '../test/connect.ts'
import { type FakeEnclave, json, MODEL_H, startFakeEnclave, WORDS } from '../test/fake-enclave.ts'
import { type Client, type ClientOptions, createClient } from './index.ts'

let fake: FakeEnclave
const clients: Client[] = []

beforeAll(async () => {
  fake = await startFakeEnclave()
})
afterEach(() => {
  fake.mischief = {}
  fake.calls.length = 0
  fake.attestations = 0
  for (const client of clients.splice(0)) client.close()
})
afterAll(() => fake.close())

function connect(options: Partial<ClientOptions> = {}): Client {
  const client = connectTo(fake, options)
  clients.push(client)
  return client
}

test('a whole answer is checked, passed on as it is, and its receipt kept', async () => {
  const client = connect({ modelH: MODEL_H })
  const response = await ask(client)
  expect(response).toMatchObject({ status: 200, url: `${fake.endpoint}/v1/chat/completions` })
  expect(response.headers.get('dcml-model-h')).toBe(MODEL_H)
  const answer = (await response.json()) as { choices: { message: { content: string } }[]; dcml: { receipt: string } }
  expect(answer.choices[0]?.message.content).toBe(WORDS.join(''))

  const [record, ...others] = await Array.fromAsync(client.receipts.list())
  expect(others).toEqual([])
  expect(record?.receipt).toBe(answer.dcml.receipt)
  expect(record?.verdict.ok).toBe(true)
  expect(record?.verdict.checks.filter(({ status }) => status !== 'pass')).toEqual([])
  const sent = fake.calls[0]?.body ?? Buffer.alloc(0)
  expect(record?.requestH).toBe(createHash('sha256').update(sent).digest('hex'))
  expect(toHex(parseReceipt(record?.receipt ?? '').receipt.imageH)).toBe(toHex(fake.enclave.imageH))
})

test.each([
  ['chat', '/v1/chat/completions', { stream: true, stream_options: { include_usage: true } }, 'data: [DONE]\n\n'],
  ['responses', '/v1/responses', { stream: true }, '}\n\n'],
])('a stream of %s passes byte for byte', async (_, path, body, end) => {
  const client = connect()
  const init = { method: 'POST', body: JSON.stringify(body) }
  const text = await (await client.fetch(path, init)).text()
  expect(text.startsWith(': ready\n\n')).toBe(true)
  expect(text.endsWith(end)).toBe(true)
  for (const word of WORDS) expect(text).toContain(JSON.stringify(word))
  const [record] = await Array.fromAsync(client.receipts.list())
  expect(record?.usage).toEqual({ promptTokens: 3, completionTokens: 5 })
  expect(text).toContain(record?.receipt)
})

test('a stream without usage leaves the token counts to the receipt alone, and says so', async () => {
  const client = connect()
  await (await ask(client, { stream: true })).text()
  const [record] = await Array.fromAsync(client.receipts.list())
  const skipped = record?.verdict.checks.filter(({ status }) => status === 'skipped').map(({ name }) => name)
  expect(skipped).toEqual(['receipt_model_h', 'receipt_tokens'])
})

test('tokens pass as they come, before the receipt', async () => {
  let finish = (): void => {}
  fake.mischief.answer = ({ response }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: {"cho')
    finish = () => response.end()
    return true
  }
  const reader = (await ask(connect(), { stream: true })).body!.getReader()
  const { value } = await reader.read()
  expect(new TextDecoder().decode(value)).toBe('data: {"choices":[{"delta":{"content":"a"}}]}\n\n')
  finish()
  expect(await errorOf(reader.read())).toMatchObject({ code: 'receipt_missing' })
})

test('one connection is verified once and used again', async () => {
  const client = connect()
  for (let i = 0; i < 3; i++) await (await ask(client, { stream: i === 1 })).text()
  expect(fake.attestations).toBe(1)
})

test('a reader that stops at [DONE] leaves the connection whole', async () => {
  const client = connect()
  const reader = (await ask(client, { stream: true })).body!.getReader()
  for (let text = ''; !text.includes('[DONE]'); ) text += new TextDecoder().decode((await reader.read()).value)
  await reader.cancel()
  await (await ask(client)).text()
  expect(fake.attestations).toBe(1)
})

test('requests at the same time each get their own verified connection and receipt', async () => {
  const client = connect()
  const texts = await Promise.all(
    Array.from({ length: 8 }, async (_, i) => (await ask(client, { stream: i % 2 === 0, seed: i })).text()),
  )
  expect(texts).toHaveLength(8)
  const records = await Array.fromAsync(client.receipts.list())
  expect(new Set(records.map(({ requestH }) => requestH)).size).toBe(8)
  expect(records.every(({ verdict }) => verdict.ok)).toBe(true)
})

test('evidence older than the policy allows is fetched anew before the next request', async () => {
  let now = Date.now()
  const aging = await startFakeEnclave({ clock: () => now })
  const client = connectTo(aging, { clock: () => now, policy: development({ maxAgeSeconds: 600 }) })
  try {
    await (await ask(client)).text()
    now += 590_000
    await (await ask(client)).text()
    expect(aging.attestations).toBe(1)
    now += 20_000
    await (await ask(client)).text()
    expect(aging.attestations).toBe(2)
    expect((await client.evidence()).claims.iat).toBe(now)
  } finally {
    client.close()
    await aging.close()
  }
})

test('evidence can be seen before the first prompt', async () => {
  const client = connect()
  const { checks, claims, environment, label } = await client.evidence()
  expect({ environment, label }).toEqual({ environment: 'development', label: 'DEVELOPMENT' })
  expect(checks.find(({ name }) => name === 'session_signature')?.status).toBe('pass')
  expect(claims.sessionKey).toEqual(fake.enclave.sessionKey.publicKey)
  expect(fake.calls.map(({ path }) => path)).toEqual(['/dcml/v1/model-h'])
})

test.each([
  [
    'simulated evidence in production',
    { policy: clientDefault({ imageH: ['ab'.repeat(32)], images: [] }) },
    'environment',
  ],
  ['another image', { policy: development({ imageH: ['ab'.repeat(32)] }) }, 'image'],
  ['another model', { modelH: 'ab'.repeat(32) }, 'model_h'],
  ['an unknown root', { roots: [] }, 'root'],
])('%s: not one byte of the prompt is sent', async (_, options, failed) => {
  const error = await errorOf(ask(connect(options)))
  expect(error).toMatchObject({ code: 'attestation_refused', details: { failed: expect.stringContaining(failed) } })
  expect(fake.attestations).toBe(1)
  expect(fake.calls).toEqual([])
})

test('errors of HTTP pass as they are, without a receipt', async () => {
  fake.mischief.answer = ({ response }) => {
    json(response, 429, '{"error":{"code":"rate_limit_exceeded"}}')
    return true
  }
  const response = await ask(connect())
  expect(response.status).toBe(429)
  expect(await response.json()).toEqual({ error: { code: 'rate_limit_exceeded' } })
})

test('control calls need no receipt, and a path that only looks like one does', async () => {
  fake.mischief.answer = ({ response }) => {
    json(response, 200, '{"done":true}')
    return true
  }
  const client = connect()
  const post = (path: string): Promise<Response> => client.fetch(path, { method: 'POST', body: '{}' })
  expect(await (await post('/dcml/v1/get-challenge')).json()).toEqual({ done: true })
  for (const path of ['/v1/chat/completions', '/dcml/v1/../../v1/x', '/dcml/v1/%2e%2e/x', '/other', '//dcml/v1/x'])
    expect(await errorOf(post(`${fake.endpoint}${path}`).then((response) => response.text()))).toMatchObject({
      code: 'receipt_missing',
    })
})

test('redirects and other origins are refused', async () => {
  fake.mischief.answer = ({ response }) => {
    response.writeHead(307, { location: 'https://evil.example/' }).end()
    return true
  }
  const client = connect()
  expect(await errorOf(ask(client))).toMatchObject({ code: 'redirect_refused' })
  const calls = fake.calls.length
  for (const url of [
    'https://evil.example/v1/models',
    fake.endpoint.replace('https', 'http'),
    `${fake.endpoint.replace(/:\d+$/, '')}/v1/models`,
    '//evil.example/v1/models',
    new Request('https://evil.example/'),
  ])
    expect(await errorOf(client.fetch(url))).toMatchObject({ code: 'endpoint_mismatch' })
  expect(fake.calls).toHaveLength(calls)
})

test('a Request, a URL and a stream of bytes are all taken, and sent as they are', async () => {
  const client = connect()
  const url = `${fake.endpoint}/v1/chat/completions`
  const bytes = new TextEncoder().encode('{"messages":[],"text":"潮 \\u0000"}')
  const stream = new Blob([bytes]).stream()
  await (await client.fetch(new Request(url, { method: 'POST', body: bytes, headers: { 'x-a': '1' } }))).text()
  await (await client.fetch(new URL(url), { method: 'POST', body: stream, duplex: 'half' } as RequestInit)).text()
  expect(fake.calls.map(({ body }) => body.equals(bytes))).toEqual([true, true])
  expect(fake.calls[0]?.request.headers).toMatchObject({ 'x-a': '1', 'accept-encoding': 'identity' })
  expect((await Array.fromAsync(client.receipts.list())).every(({ verdict }) => verdict.ok)).toBe(true)
})

test('an abort passes, before the request and in the middle of a stream', async () => {
  const client = connect()
  const aborted = await errorOf(ask(client, {}, { signal: AbortSignal.abort() }))
  expect(aborted).toMatchObject({ name: 'AbortError' })
  expect(fake.calls).toEqual([])

  const closed = new Promise<void>((resolve) => {
    fake.mischief.answer = ({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {}\n\n')
      response.once('close', resolve)
      return true
    }
  })
  const controller = new AbortController()
  const reader = (await ask(client, {}, { signal: controller.signal })).body!.getReader()
  await reader.read()
  controller.abort(new Error('enough'))
  expect(await errorOf(reader.read())).toMatchObject({ message: 'enough' })
  await closed
})

test('a cut connection is never taken for an end', async () => {
  for (const type of ['text/event-stream', 'application/json']) {
    fake.mischief.answer = ({ response }) => {
      response.writeHead(200, { 'content-type': type }).write('data: {}\n\n')
      setTimeout(() => response.destroy(), 10)
      return true
    }
    const error = await errorOf(ask(connect()).then((response) => response.text()))
    // SDKs take an AbortError for the caller's own doing and end the stream in silence
    expect(error).toMatchObject({ name: 'DcmlError', code: 'connection_lost', retryable: true })
  }
})

test.each([
  ['101 Switching Protocols', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n'],
  [
    '101 and bytes of the other protocol',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nxyz',
  ],
])('an answer that is %s is an error', async (_, head) => {
  fake.mischief.answer = ({ request }) => request.socket.write(head)
  for (const path of ['/v1/chat/completions', '/dcml/v1/get-challenge'])
    expect(await errorOf(connect().fetch(path, { method: 'POST', body: '{}' }))).toMatchObject({
      code: 'response_malformed',
      retryable: false,
    })
})

test.each([
  ['nothing', ''],
  ['half a head', 'HTTP/1.1 200 OK\r\nContent-Ty'],
  ['an early hint alone', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
  ['no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n'],
])('an answer that is %s before the end of the connection is an error', async (_, text) => {
  fake.mischief.answer = ({ request }) => {
    request.socket.end(text)
    return true
  }
  expect(await errorOf(ask(connect()))).toMatchObject({ code: 'connection_lost', retryable: true })
})

test('silence has an end', async () => {
  fake.mischief.answer = () => true
  expect(await errorOf(ask(connect({ silenceMs: 200 })))).toMatchObject({ code: 'response_timeout' })
  fake.mischief.answer = ({ response }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {}\n\n')
    return true
  }
  const late = ask(connect({ silenceMs: 200 })).then((response) => response.text())
  expect(await errorOf(late)).toMatchObject({ code: 'response_timeout' })
})

test('a closed client ends what is under way and starts nothing', async () => {
  fake.mischief.answer = ({ response }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {}\n\n')
    return true
  }
  const controller = new AbortController()
  const client = connect({ signal: controller.signal })
  const response = await ask(client)
  controller.abort()
  expect(await errorOf(response.text())).toMatchObject({ code: 'client_closed' })
  expect(await errorOf(ask(client))).toMatchObject({ code: 'client_closed' })
  expect(await errorOf(ask(connect({ signal: controller.signal })))).toMatchObject({ code: 'client_closed' })
})

test('nobody there is one clear error', async () => {
  const error = await errorOf(ask(connect({ endpoint: 'https://127.0.0.1:1' })))
  expect(error).toMatchObject({ code: 'peer_unreachable', retryable: true })
})

test.each([
  ['endpoint', { endpoint: 'http://host:1' }],
  ['endpoint', { endpoint: 'https://host:1/v1' }],
  ['endpoint', { endpoint: 'https://user:pass@host:1' }],
  ['endpoint', { endpoint: 'host' }],
  ['modelH', { modelH: 'ab' }],
  ['modelH', { modelH: 'ab'.repeat(32), policy: development({ modelH: ['cd'.repeat(32)] }) }],
])('an option that cannot be used names itself: %s', (field, options) => {
  expect(() => createClient({ endpoint: 'https://host:1', policy: development(), ...options })).toThrow(
    expect.objectContaining({ code: 'client_options_invalid', details: { field } }),
  )
})

test('a policy that is none is refused', () => {
  const policy = { environment: 'whatever' } as never
  expect(() => createClient({ endpoint: 'https://host:1', policy })).toThrow(
    expect.objectContaining({ code: 'policy_invalid' }),
  )
})
