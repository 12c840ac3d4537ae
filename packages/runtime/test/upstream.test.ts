// The runtime in front of an upstream engine that comes and goes.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { openAiUpstreamLoader } from '../src/index.ts'
import { serving } from './harness.ts'

const ANSWER = [
  { choices: [{ index: 0, delta: { content: 'here' }, finish_reason: null }] },
  { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
  { choices: [], usage: { prompt_tokens: 1, completion_tokens: 1 } },
].map((payload) => `data: ${JSON.stringify(payload)}\n\n`)

/** An upstream on one port that can be stopped and started again. */
async function upstream() {
  const server = createServer((request, response) => {
    if (request.method === 'GET') response.end('{"data":[{"id":"m"}]}')
    else response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`${ANSWER.join('')}data: [DONE]\n\n`)
  })
  const start = async (port: number): Promise<void> => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  await start(0)
  const { port } = server.address() as AddressInfo
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
    startAgain: () => start(port),
  }
}

test('an upstream that is gone makes the runtime unready, and ready again when it is back', async () => {
  const engine = await upstream()
  await using served = await serving({ loader: openAiUpstreamLoader({ baseUrl: engine.baseUrl }) })
  const ask = async (): Promise<[number, unknown]> => {
    const response = await served.post('/v1/chat/completions', { messages: [{ role: 'user', content: 'hi' }] })
    return [response.status, await response.json()]
  }
  const ready = async (): Promise<[number, unknown]> => {
    const response = await fetch(`${served.runtime.adminUrl}/readyz`)
    return [response.status, await response.json()]
  }
  const answer = [200, { choices: [{ message: { content: 'here' } }] }]
  expect(await ready()).toMatchObject([200, { ready: true }])
  expect(await ask()).toMatchObject(answer)

  await engine.stop()
  const unreachable = { code: 'engine_unreachable', retryable: true, hint: expect.stringContaining('baseUrl') }
  expect(await ready()).toMatchObject([503, { ready: false, phase: 'ready', error: unreachable }])
  expect(await ask()).toMatchObject([502, { error: unreachable }])

  await engine.startAgain()
  expect(await ready()).toMatchObject([200, { ready: true }])
  expect(await ask()).toMatchObject(answer)
  await engine.stop()
})

test('an engine that was closed is not ready', async () => {
  await using served = await serving()
  const state = served.runtime.state()
  if (state.phase === 'ready') await state.model.engine.close()
  const response = await fetch(`${served.runtime.adminUrl}/readyz`)
  expect([response.status, await response.json()]).toMatchObject([503, { error: { code: 'engine_closed' } }])
})
