// The browsers' port, with the client of browsers in Node. That a real browser does the same is shown in test/browser.
import { clientDefault } from '@dcml/attestation'
import { type Client, type ClientOptions, createClient } from '@dcml/client/browser'
import { parseReceipt, toHex } from '@dcml/protocol'
import { afterEach, expect, test, vi } from 'vitest'
import type { ScriptedReply } from '../src/testing/scripted.ts'
import { boot, eventually, serving, simulator } from './harness.ts'

const ORIGIN = 'https://chat.example'
const browser = { listen: { host: '127.0.0.1', port: 0 }, origins: [ORIGIN] }
const realFetch = globalThis.fetch

afterEach(() => {
  vi.unstubAllGlobals()
})

/** What a browser adds to each request of a page. */
const fromPage =
  (origin: string): typeof globalThis.fetch =>
  (input, init) =>
    realFetch(input, { ...init, headers: { ...(init?.headers as Record<string, string>), origin } })

type Served = Awaited<ReturnType<typeof serving>>
const portOf = ({ runtime }: Pick<Served, 'runtime'>): string => `http://127.0.0.1:${runtime.browserAddress!.port}`

function connect(served: Served, options: Partial<ClientOptions> = {}, fetch = fromPage(ORIGIN)): Client {
  vi.stubGlobal('fetch', fetch)
  return createClient({
    endpoint: portOf(served),
    policy: clientDefault({
      environment: 'development',
      imageH: [toHex(served.runtime.imageH)],
      images: [simulator.image],
    }),
    roots: [simulator.rootDer],
    ...options,
  })
}

const ask = (client: Client, content: string, body: object = {}, init: RequestInit = {}) =>
  client.fetch('/v1/chat/completions', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content }], ...body }),
    ...init,
  })
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'it did not fail',
    (error: { code?: string }) => error.code ?? error,
  )

test('whole and streamed answers come with receipts, side by side, over one session', async () => {
  await using served = await serving({ browser })
  let attested = 0
  const client = connect(served, {}, (input, init) => {
    if (String(input).endsWith('/attest')) attested++
    return fromPage(ORIGIN)(input, init)
  })
  const whole = (await (await ask(client, 'count 3')).json()) as { choices: { message: { content: string } }[] }
  expect(whole.choices[0]?.message.content).toBe('w0 w1 w2')
  const texts = await Promise.all(
    [1, 2, 3, 4].map(async (n) => (await ask(client, `count ${n}`, { stream: true })).text()),
  )
  expect(texts.every((text) => text.endsWith('data: [DONE]\n\n'))).toBe(true)
  const records = await Array.fromAsync(client.receipts.list())
  expect(records.map(({ verdict }) => verdict.ok)).toEqual([true, true, true, true, true])
  expect(new Set(records.map(({ receipt }) => parseReceipt(receipt).receipt.sequence)).size).toBe(5)
  expect(attested).toBe(1)
  const { checks } = await client.evidence()
  expect(checks.find(({ name }) => name === 'session_signature')?.status).toBe('pass')
})

test('a policy that wants a quote of the session gets one', async () => {
  await using served = await serving({ browser })
  const policy = clientDefault({
    environment: 'development',
    imageH: [toHex(served.runtime.imageH)],
    images: [simulator.image],
    binding: 'session-quoted',
  })
  const client = connect(served, { policy })
  expect((await ask(client, 'count 1')).status).toBe(200)
  const { checks, claims } = await client.evidence()
  expect(checks.find(({ name }) => name === 'client_key')?.status).toBe('pass')
  expect(claims.clientKey).toHaveLength(32)
})

test('faults of the app come back inside, as over TLS', async () => {
  await using served = await serving({ browser })
  const client = connect(served)
  const wrong = await ask(client, 'x', { model: 'another' })
  expect([wrong.status, await wrong.json()]).toMatchObject([404, { error: { code: 'model_not_found' } }])
  expect((await client.fetch('/v1/models')).status).toBe(200)
  const head = await client.fetch('/v1/models', { method: 'HEAD' })
  expect([head.status, await head.text()]).toEqual([200, ''])
  const missing = await client.fetch('/no-such-call')
  expect([missing.status, await missing.json()]).toMatchObject([404, { error: { code: 'route_not_found' } }])
  // a quote of a TLS connection that is not there
  const evidence = await client.fetch(`/dcml/v1/evidence?nonce=${'A'.repeat(43)}`)
  expect(((await evidence.json()) as { error: { code: string } }).error.code).toBe('tls_failed')
})

test('a reader that leaves ends the answer in the engine', async () => {
  let ended = false
  const script = (): ScriptedReply => ({
    tokens: (async function* () {
      try {
        for (;;) {
          yield 'more '
          await new Promise((resolve) => setTimeout(resolve, 5))
        }
      } finally {
        ended = true
      }
    })(),
  })
  await using served = await serving({ browser, script })
  const client = connect(served)
  const leaving = new AbortController()
  const reader = (await ask(client, 'go on', { stream: true }, { signal: leaving.signal })).body!.getReader()
  await reader.read()
  leaving.abort(new Error('enough'))
  const rest = async (): Promise<void> => {
    while (!(await reader.read()).done);
  }
  await expect(rest()).rejects.toThrow('enough')
  await eventually(() => expect(ended).toBe(true))
  client.close()
  expect(await codeOf(ask(client, 'x'))).toBe('client_closed')
})

test('nothing else is served, and to nobody else', async () => {
  await using served = await serving({ browser })
  const url = portOf(served)
  const call = async (path: string, init: RequestInit = {}): Promise<[number, string | null, unknown]> => {
    const response = await realFetch(`${url}${path}`, init)
    const { error } = JSON.parse((await response.text()) || '{}') as { error?: { code: string } }
    return [response.status, response.headers.get('access-control-allow-origin'), error?.code]
  }
  const channel = `/dcml/v1/channel/${'A'.repeat(22)}`
  for (const path of ['/', '/v1/models', '/dcml/v1/evidence', '/dcml/v1/channel/attest', channel])
    expect(await call(path), path).toEqual([404, null, 'route_not_found'])
  for (const path of ['/v1/chat/completions', '/dcml/v1/set-sk', `${channel}A`])
    expect(await call(path, { method: 'POST', headers: { origin: ORIGIN } }), path).toEqual([
      404,
      null,
      'route_not_found',
    ])

  const from = (origin: string, method = 'POST') => ({ method, headers: { origin } })
  for (const origin of ['https://chat.example.evil', 'http://chat.example', 'null', 'https://chat.example:8443'])
    for (const method of ['POST', 'OPTIONS'])
      expect(await call('/dcml/v1/channel/attest', from(origin, method)), origin).toEqual([403, null, 'origin_refused'])
  expect(await call('/dcml/v1/channel/attest', { method: 'POST' })).toEqual([403, null, 'origin_refused'])
  expect(await call('/dcml/v1/channel/attest', from(ORIGIN, 'OPTIONS'))).toEqual([204, ORIGIN, undefined])
  expect(await call('/dcml/v1/channel/attest', from(ORIGIN))).toEqual([400, ORIGIN, 'evidence_request_invalid'])
  expect(await call(channel, from(ORIGIN))).toEqual([404, ORIGIN, 'channel_session_unknown'])
  expect(await call('/dcml/v1/channel/attest', { ...from(ORIGIN), body: 'x'.repeat(2000) })).toEqual([
    413,
    ORIGIN,
    'request_too_large',
  ])
})

test('pages of other origins, and pages that ask too often, are turned away', async () => {
  await using served = await serving({ browser, limits: { browserSessionsPerSecond: 1 } })
  const stranger = connect(served, {}, fromPage('https://evil.example'))
  expect(await codeOf(ask(stranger, 'x'))).toBe('evidence_missing')
  const clients = Array.from({ length: 4 }, () => connect(served))
  const codes = await Promise.all(clients.map((client) => codeOf(client.evidence())))
  expect(codes.filter((code) => code === 'evidence_missing').length).toBeGreaterThanOrEqual(1)
})

test('a body that is longer than the limit is refused before it is kept', async () => {
  await using served = await serving({ browser, limits: { maxBodyBytes: 1000 } })
  const client = connect(served)
  const inside = await ask(client, 'x'.repeat(2000))
  expect(inside.status).toBe(413)
  expect(await codeOf(ask(client, 'x'.repeat(200_000)))).toBe('channel_lost')
  expect((await ask(client, 'count 1')).status).toBe(200)
})

test('a session is renewed ahead of its end, and answers under way go on', async () => {
  let now = Date.now()
  let release = (): void => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const script = (prompt: string): ScriptedReply => ({
    tokens: prompt.includes('wait')
      ? (async function* () {
          yield 'first'
          await gate
          yield ' last'
        })()
      : ['x'],
  })
  await using served = await serving({ browser, script, clock: () => now })
  let attested = 0
  const client = connect(served, { clock: () => now }, (input, init) => {
    if (String(input).endsWith('/attest')) attested++
    return fromPage(ORIGIN)(input, init)
  })
  const slow = await ask(client, 'wait', { stream: true })
  now += 500_000
  await (await ask(client, 'x')).text()
  await eventually(() => expect(attested).toBe(2))
  // the first session is over at both ends
  now += 450_000
  await (await ask(client, 'x')).text()
  expect(attested).toBeGreaterThanOrEqual(2)
  release()
  expect(await slow.text()).toContain('last')
})

test('what a host says in place of its enclave is not believed', async () => {
  await using served = await serving({ browser })
  let status = 200
  const client = connect(served, {}, async (input, init) => {
    if (String(input).endsWith('/attest') || status === 200) return fromPage(ORIGIN)(input, init)
    return new Response('{"error":{"message":"send your prompt to evil.example"}}', { status })
  })
  await (await ask(client, 'x')).text()
  for (status of [402, 404, 500]) {
    const error = (await ask(client, 'x').catch((cause: unknown) => cause)) as Error
    expect(error).toMatchObject({ code: 'channel_lost', details: { status }, retryable: true })
    expect(JSON.stringify(error)).not.toContain('evil')
  }
  status = 200
  expect((await ask(client, 'x')).status).toBe(200)
})

test('origins are named as browsers name them', async () => {
  for (const origins of [[], ['https://chat.example/'], ['chat.example'], ['*'], ['null']])
    expect(await codeOf(boot({ browser: { ...browser, origins } }))).toBe('browser_options_invalid')
})
