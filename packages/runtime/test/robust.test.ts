// What the runtime does when clients, the engine or the operator misbehave.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { connect as tlsConnect } from 'node:tls'
import { expect, test } from 'vitest'
import type { Engine, EngineLoader } from '../src/index.ts'
import { type Script, scriptedLoader } from '../src/testing.ts'
import { attestedFetch, type Booted, boot, eventually, grantOf, serving } from './harness.ts'

/** A script whose answers go on until they are told to stop, and that counts how many are open. */
function endless() {
  const state = { open: 0, produced: 0, release: () => {} }
  const released = new Promise<void>((resolve) => {
    state.release = resolve
  })
  const script: Script = (prompt) => ({
    tokens: (async function* () {
      state.open++
      try {
        yield 'first'
        if (prompt.includes('wait')) await released
        else
          for (;;) {
            state.produced++
            yield ' '.repeat(1000)
            if (state.produced % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
          }
        yield ' last'
      } finally {
        state.open--
      }
    })(),
  })
  return { state, script }
}

const loaderOf = (script: Script, parallel: number) => ({ loader: scriptedLoader(script, { parallel }) })
const metrics = async ({ adminUrl }: Booted) => (await fetch(`${adminUrl}/metrics`)).text()
const ask = (content: string, more: object = {}) => ({ messages: [{ role: 'user', content }], ...more })
const stream = { stream: true }
const until = (condition: () => boolean) => eventually(() => expect(condition()).toBe(true))

/** Unlike `once`, does not mind a reset. */
const closed = (socket: Socket) => new Promise((resolve) => socket.on('close', resolve))

async function firstChunk(response: Response) {
  const reader = response.body!.getReader()
  return { reader, text: new TextDecoder().decode((await reader.read()).value) }
}

test('a client that aborts frees the engine', async () => {
  const { state, script } = endless()
  await using served = await serving({ script })
  const abort = new AbortController()
  const response = await served.post('/v1/chat/completions', ask('go', stream), { signal: abort.signal })
  await firstChunk(response)
  expect(state.open).toBe(1)
  abort.abort()
  await until(() => state.open === 0)
  await until(() => served.runtime.log().includes('"aborted"'))
})

test('a client that aborts before the first token, or while in line, leaves nothing behind', async () => {
  const { state, script } = endless()
  await using served = await serving(loaderOf(script, 1))
  const holder = await served.post('/v1/chat/completions', ask('wait', stream))
  await firstChunk(holder)
  const abort = new AbortController()
  const inLine = served.post('/v1/chat/completions', ask('wait'), { signal: abort.signal })
  inLine.catch(() => {})
  await eventually(async () => expect(await metrics(served.runtime)).toContain('dcml_generations_waiting 1'))
  abort.abort()
  await expect(inLine).rejects.toThrow()
  await eventually(async () => expect(await metrics(served.runtime)).toContain('dcml_generations_waiting 0'))
  state.release()
  await until(() => state.open === 0)
})

test('a reader that does not read stops the engine from running ahead, and is cut off', async () => {
  const { state, script } = endless()
  await using served = await serving({ script, limits: { stallMs: 200 } })
  const { address } = served.runtime
  const socket = tlsConnect({ ...address, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
  await once(socket, 'secureConnect')
  const body = JSON.stringify(ask('go', stream))
  socket.write(`POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  socket.pause()
  socket.on('error', () => {})
  await until(() => state.produced > 0 && state.open === 0)
  // some megabytes fit into the buffers of the kernel; an engine let loose would make far more
  expect(state.produced).toBeLessThan(20_000)
  socket.destroy()
})

test('beyond the line comes 429 with a time to wait', async () => {
  const { state, script } = endless()
  await using served = await serving({ ...loaderOf(script, 1), limits: { maxQueue: 1 } })
  const running = await served.post('/v1/chat/completions', ask('wait', stream))
  const { reader } = await firstChunk(running)
  const waiting = served.post('/v1/chat/completions', ask('wait'))
  await eventually(async () => expect(await metrics(served.runtime)).toContain('dcml_generations_waiting 1'))
  const refused = await served.post('/v1/chat/completions', ask('wait'))
  expect(refused.status).toBe(429)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  expect(await refused.json()).toMatchObject({ error: { code: 'rate_limit_exceeded', dcmlCode: 'overloaded' } })
  state.release()
  expect((await waiting).status).toBe(200)
  for (let end = false; !end; ) end = (await reader.read()).done
})

test('a body over the limit is refused by its header, and while it arrives', async () => {
  await using served = await serving({ limits: { maxBodyBytes: 1000 } })
  const announced = await served.post('/v1/chat/completions', ask('x'.repeat(100_000)))
  expect(announced.status).toBe(413)
  expect(await announced.json()).toMatchObject({ error: { code: 'request_too_large' } })

  const socket = tlsConnect({ ...served.runtime.address, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
  await once(socket, 'secureConnect')
  socket.on('error', () => {})
  socket.write('POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n')
  socket.write(`1000\r\n${'x'.repeat(0x1000)}\r\n`)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  expect(answer.toString()).toMatch(/^HTTP\/1.1 413 /)
  expect(answer.toString()).toMatch(/connection: close/i)
  socket.destroy()
  expect((await served.post('/v1/chat/completions', ask('count 1'))).status).toBe(200)
})

test('garbage on the wire ends its own connection only', async () => {
  await using served = await serving()
  const { address } = served.runtime
  for (const bytes of [
    '\0\x01\x02 HTTP\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
    `GET /${'x'.repeat(100_000)} `,
    'POST /v1/chat/completions HTTP/1.1\r\nHost: a b\r\n\r\n',
  ]) {
    const socket = tlsConnect({ ...address, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
    socket.on('error', () => {})
    await once(socket, 'secureConnect')
    socket.end(bytes)
    socket.resume()
    await closed(socket)
  }
  const plain = connect(address.port, address.host)
  plain.on('error', () => {})
  plain.write('GET / HTTP/1.0\r\n\r\n')
  plain.resume()
  await closed(plain)
  expect((await served.post('/v1/chat/completions', ask('count 1'))).status).toBe(200)
})

test('a generation that takes too long ends with its own code', async () => {
  const { script } = endless()
  await using served = await serving({ script, limits: { generationMs: 100 } })
  const whole = await served.post('/v1/chat/completions', ask('wait'))
  expect(whole.status).toBe(504)
  expect(await whole.json()).toMatchObject({ error: { code: 'engine_timeout' } })
  const streamed = await served.post('/v1/chat/completions', ask('wait', stream))
  expect(await streamed.text()).toContain('"engine_timeout"')
})

test('embeddings have no longer than a generation', async () => {
  const scripted = scriptedLoader(() => ({ tokens: [] }))
  const loader: EngineLoader = {
    name: 'slow',
    async load(...args) {
      const engine = await scripted.load(...args)
      const embed: Engine['embed'] = (_, { signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      return Object.assign(engine, { embed })
    },
  }
  await using served = await serving({ loader, limits: { generationMs: 100 } })
  const response = await served.post('/v1/embeddings', { input: 'x' })
  expect([response.status, await response.json()]).toMatchObject([504, { error: { code: 'engine_timeout' } }])
})

test('stopping lets answers finish, refuses new ones, and then is down', async () => {
  const { state, script } = endless()
  await using served = await serving({ script })
  const response = await served.post('/v1/chat/completions', ask('wait', stream))
  const { reader } = await firstChunk(response)
  // a second connection, open before the runtime stops
  const other = attestedFetch(served.runtime)
  await (await other(`${served.runtime.url}/v1/models`)).text()
  const closed = served.runtime.close()
  const ready = await fetch(`${served.runtime.adminUrl}/readyz`)
  expect(ready.status).toBe(503)
  expect(await ready.json()).toMatchObject({ ready: false, draining: true })
  state.release()
  let rest = ''
  for (let part = await reader.read(); !part.done; part = await reader.read())
    rest += new TextDecoder().decode(part.value)
  expect(rest).toContain(' last')
  expect(rest).toContain('"dcml"')
  await closed
  await expect(served.post('/v1/chat/completions', ask('count 1'))).rejects.toThrow()
  await other.close()
})

test('half a request does not hold up stopping', async () => {
  await using runtime = await boot()
  const socket = tlsConnect({ ...runtime.address, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
  socket.on('error', () => {}).resume()
  await once(socket, 'secureConnect')
  socket.write('POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"mess')
  await until(() => runtime.log().includes('model_not_ready'))
  const half = tlsConnect({ ...runtime.address, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
  half.on('error', () => {}).resume()
  await once(half, 'secureConnect')
  half.write('POST /v1/chat')
  const gone = Promise.all([closed(socket), closed(half)])
  await runtime.close()
  await gone
})

test('answers that outlast the deadline are ended with a word', async () => {
  const { script } = endless()
  await using served = await serving({ script, limits: { drainMs: 50 } })
  const response = await served.post('/v1/chat/completions', ask('wait', stream))
  const text = response.text()
  await served.runtime.close()
  expect(await text).toContain('"code":"draining"')
  await served.runtime.close()
})

test('a signal stops the runtime', async () => {
  const stop = new AbortController()
  await using runtime = await boot({ signal: stop.signal })
  stop.abort()
  await eventually(() => expect(runtime.log()).toContain('"stopped"'))
  await expect(fetch(`${runtime.adminUrl}/healthz`)).rejects.toThrow()
})

test('a port that is taken has its own code, and nothing stays behind', async () => {
  await using first = await boot()
  await expect(boot({ listen: { host: '127.0.0.1', port: first.address.port } })).rejects.toMatchObject({
    code: 'listen_failed',
    details: { reason: 'EADDRINUSE' },
  })
  await expect(boot({ admin: { host: '127.0.0.1', port: first.adminAddress.port } })).rejects.toMatchObject({
    code: 'listen_failed',
  })
})

test('no log line, metric or state holds a prompt, an answer or a key', async () => {
  const secret = 'planted-c4n4ry'
  const script: Script = () => ({ tokens: [`${secret}-answer`] })
  await using served = await serving({ script })
  const { runtime, post } = served
  const bodies: [string, unknown][] = [
    ['/v1/chat/completions', ask(secret)],
    ['/v1/chat/completions', ask(secret, stream)],
    ['/v1/chat/completions', `{"messages": "${secret}"}`],
    ['/v1/chat/completions', `{"messages": ${secret}}`],
    ['/v1/chat/completions', ask(secret, { model: secret })],
    ['/v1/responses', { input: secret }],
    ['/v1/completions', { prompt: secret, user: secret }],
    ['/v1/embeddings', { input: secret }],
    [`/v1/${secret}`, {}],
    [`/v1/models/${secret}?key=${secret}`, {}],
    ['/dcml/v1/set-sk', { grant: grantOf(new TextEncoder().encode(secret.padEnd(32, '.'))) }],
    ['/dcml/v1/set-sk', { grant: secret }],
    ['/dcml/v1/request-sk', { host: secret, port: 1, modelH: secret }],
  ]
  for (const [path, body] of bodies)
    await (await post(path, body, { headers: { authorization: `Bearer ${secret}` } })).text()
  await runtime.close()
  expect(runtime.log()).toContain('"generation"')
  for (const form of [
    secret,
    Buffer.from(secret).toString('base64url').slice(0, 16),
    Buffer.from(secret).toString('hex'),
  ])
    expect(runtime.log()).not.toContain(form)
})
