import { type RequestOptions, request } from 'node:http'
import { DcmlError } from '@dcml/protocol'
import { expect, test } from 'vitest'
import { attestedFetch, boot, eventually, grantOf, SK, sealedWith, serving } from './harness.ts'

const json = { 'content-type': 'application/json' }

test('readiness follows the model, health does not', async () => {
  await using served = await serving({ model: 'x' })
  await using waiting = await boot({ model: 'x' })
  for (const { adminUrl } of [served.runtime, waiting]) expect((await fetch(`${adminUrl}/healthz`)).status).toBe(200)
  const ready = await fetch(`${served.runtime.adminUrl}/readyz`)
  expect([ready.status, await ready.json()]).toMatchObject([200, { ready: true, phase: 'ready', model: 'tale' }])
  const notYet = await fetch(`${waiting.adminUrl}/readyz`)
  expect([notYet.status, await notYet.json()]).toMatchObject([503, { ready: false, phase: 'key' }])
})

test('metrics count generations and tokens, by route patterns only', async () => {
  await using served = await serving()
  const body = { messages: [{ role: 'user', content: 'count 4' }] }
  await (await served.post('/v1/chat/completions', body)).text()
  await (await served.post('/v1/no-such-call', {})).text()
  const text = await (await fetch(`${served.runtime.adminUrl}/metrics`)).text()
  expect(text).toContain('dcml_generations_total{outcome="answered"} 1')
  expect(text).toContain('dcml_tokens_total{kind="completion"} 4')
  expect(text).toContain('dcml_time_to_first_token_seconds_count 1')
  expect(text).toContain('dcml_requests_total{route="/v1/chat/completions",status="200"} 1')
  expect(text).toContain('dcml_requests_total{route="none",status="404"} 1')
  expect(text).toContain('dcml_model_ready 1')
  expect(text).toContain('process_cpu_seconds_total')
})

test('load_model answers at once and tells how far it is', async () => {
  let go = (): void => {}
  const gate = new Promise<void>((resolve) => {
    go = resolve
  })
  const source = async () =>
    sealedWith(SK, {
      async open(_sk, { onProgress }) {
        onProgress({ done: 3, total: 8 })
        await gate
        return { files: [], close: async () => {} }
      },
    })
  await using runtime = await boot({ source })
  const admin = (path: string, body?: string) =>
    fetch(`${runtime.adminUrl}${path}`, body === undefined ? {} : { method: 'POST', headers: json, body })
  expect((await admin('/dcml/v1/load-model', '{}')).status).toBe(400)
  const client = attestedFetch(runtime)
  await client(`${runtime.url}/dcml/v1/set-sk`, { method: 'POST', body: JSON.stringify({ grant: grantOf(SK) }) })
  await client.close()
  const started = await admin('/dcml/v1/load-model', '{"path":"x"}')
  expect([started.status, await started.json()]).toMatchObject([202, { phase: 'loading' }])
  await eventually(async () =>
    expect(await (await admin('/readyz')).json()).toMatchObject({ phase: 'loading', progress: { done: 3, total: 8 } }),
  )
  expect((await admin('/dcml/v1/load-model', '{"path":"x"}')).status).toBe(409)
  go()
  await eventually(async () => expect((await admin('/readyz')).status).toBe(200))
})

test('what failed to load is told to the host in full, and to others by its code', async () => {
  const source = async () =>
    sealedWith(SK, {
      open: async () => {
        const details = { path: '/host/secret/path' }
        throw new DcmlError('container_damaged', 'The container /host/secret/path is damaged.', {
          hint: 'No.',
          details,
        })
      },
    })
  await using runtime = await boot({ source, model: 'x' })
  const client = attestedFetch(runtime)
  await client(`${runtime.url}/dcml/v1/set-sk`, { method: 'POST', body: JSON.stringify({ grant: grantOf(SK) }) })
  await eventually(() => expect(runtime.state().phase).toBe('failed'))
  const seen = await client(`${runtime.url}/dcml/v1/model-h`)
  expect(await seen.json()).toEqual({ phase: 'failed', error: { code: 'container_damaged' } })
  const refused = await client(`${runtime.url}/v1/models/tale`)
  expect(await refused.text()).not.toContain('/host/')
  await client.close()
  expect(await (await fetch(`${runtime.adminUrl}/readyz`)).text()).toContain('/host/secret/path')
})

test('a page in a browser of the host can call nothing', async () => {
  await using runtime = await boot()
  const { port } = runtime.adminAddress
  const call = (host: string, path: string, options: RequestOptions = {}, body?: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const outgoing = request({ host: '127.0.0.1', port, path, ...options, headers: { host, ...options.headers } })
      outgoing.on('response', (message) => resolve(message.resume().statusCode!)).on('error', reject)
      outgoing.end(body)
    })
  // a name of the page's own that was rebound to this address
  for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1.evil.example', 'localhost.evil.example'])
    expect(await call(host, '/metrics')).toBe(403)
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, '[::1]:9443', '10.1.2.3'])
    expect(await call(host, '/healthz')).toBe(200)
  // a form, or a fetch that the browser sends without asking
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'text/plain; application/json', undefined]) {
    const headers = type === undefined ? {} : { 'content-type': type }
    expect(await call('localhost', '/dcml/v1/load-model', { method: 'POST', headers }, '{"path":"x"}')).toBe(415)
  }
  expect(runtime.state().phase).toBe('empty')
  expect(await call('localhost', '/dcml/v1/load-model', { method: 'OPTIONS' })).toBe(404)
  const headers = { 'content-type': 'application/json; charset=utf-8' }
  expect(await call('localhost', '/dcml/v1/load-model', { method: 'POST', headers }, '{"path":"x"}')).toBe(202)
})
