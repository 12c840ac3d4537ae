import { offerChannel } from '@dcml/attestation'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { resolveLimits } from '../limits.ts'
import { listenToBrowsers } from './listener.ts'

const ORIGIN = 'https://chat.example'

test('evidence is not made for a page that left', async () => {
  const asked = Promise.withResolvers<AbortSignal>()
  const listener = await listenToBrowsers(
    { listen: { host: '127.0.0.1', port: 0 }, origins: [ORIGIN] },
    {
      app: new Hono(),
      limits: resolveLimits(),
      clock: Date.now,
      observe() {},
      requireOpen() {},
      prove(_, { signal }) {
        asked.resolve(signal)
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      },
    },
  )
  const leaving = new AbortController()
  const { request: body } = await offerChannel('session-quoted')
  const url = `http://127.0.0.1:${listener.address.port}/dcml/v1/channel/attest`
  const init = { method: 'POST', headers: { origin: ORIGIN }, body, signal: leaving.signal }
  const answer = expect(fetch(url, init)).rejects.toThrow('enough')
  const signal = await asked.promise
  leaving.abort(new Error('enough'))
  await answer
  await expect.poll(() => signal.reason).toMatchObject({ code: 'client_gone' })
  await listener.drain()
})
