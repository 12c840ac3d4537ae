import { createServer } from 'node:tls'
import { Agent, fetch } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { listen, policyFor, refusal, serve, simulator, startEnclave } from '../../test/world.ts'
import { attestedConnector, type ConnectorOptions } from './connector.ts'

async function agent(options: Partial<ConnectorOptions> = {}): Promise<Agent> {
  const { roots } = await simulator()
  const connect = attestedConnector({ policy: await policyFor(), roots, ...options })
  const dispatcher = new Agent({ connect: connect as never })
  onTestFinished(() => dispatcher.destroy())
  return dispatcher
}

test('fetch goes over verified connections and reuses them', async () => {
  const enclave = await startEnclave()
  const target = await serve(enclave)
  const keys: Uint8Array[] = []
  const dispatcher = await agent({ onAttested: ({ claims }) => void keys.push(claims.sessionKey) })
  for (let i = 0; i < 5; i++) {
    const response = await fetch(`https://127.0.0.1:${target.port}/v1/chat`, { method: 'POST', body: 'x', dispatcher })
    expect(await response.text()).toBe('ok')
  }
  expect(target.requests).toHaveLength(5)
  // undici may open a second connection before it sees that the first is free
  expect(keys.length).toBeLessThanOrEqual(2)
  for (const key of keys) expect(key).toEqual(enclave.sessionKey.publicKey)
})

test('fetch sends nothing to a host that is refused', async () => {
  const target = await serve(await startEnclave())
  const dispatcher = await agent({ policy: await policyFor({ modelH: ['00'.repeat(32)] }) })
  const error = await refusal(
    fetch(`https://127.0.0.1:${target.port}/v1/chat`, { method: 'POST', body: 'x', dispatcher }),
  )
  expect(error.cause).toMatchObject({ code: 'attestation_refused', details: { failed: 'model_h' } })
  expect(target.requests).toEqual([])
})

test('fetch sends nothing over plain HTTP', async () => {
  const dispatcher = await agent()
  const error = await refusal(fetch('http://127.0.0.1:8443/', { dispatcher }))
  expect(error.cause).toMatchObject({ code: 'tls_failed' })
})

test('what the caller does not like about a verified host closes its connection', async () => {
  const enclave = await startEnclave()
  const target = await serve(enclave)
  let closed: Promise<unknown> | undefined
  const dispatcher = await agent({
    onAttested: (_, socket) => {
      closed = new Promise((resolve) => socket.once('close', resolve))
      throw new Error('seen before')
    },
  })
  const error = await refusal(fetch(`https://127.0.0.1:${target.port}/`, { dispatcher }))
  expect(error.cause).toMatchObject({ message: 'seen before' })
  await closed
  expect(target.requests).toEqual([])
})

test('a host that goes silent does not hold a request forever', async () => {
  const target = await listen(createServer((await startEnclave()).tls))
  const dispatcher = await agent({ timeoutMs: 200 })
  const error = await refusal(fetch(`https://127.0.0.1:${target.port}/`, { dispatcher }))
  expect(error.cause).toMatchObject({ code: 'attestation_timeout' })
})
