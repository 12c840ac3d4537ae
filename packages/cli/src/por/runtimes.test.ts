import type { PorHandler } from '@dcml/runtime'
import { expect, test } from 'vitest'
import { anyOf } from './runtimes.ts'

const about = {
  requester: 'alice.test',
  requestHash: new Uint8Array(32),
  service: 0,
  maxResponse: 512,
  signal: new AbortController().signal,
}
const says =
  (status: 0 | 2, text: string): PorHandler =>
  async () => ({ status, payload: new TextEncoder().encode(text) })
const busy: PorHandler = () => new Promise(() => {})
const ask = async (...handlers: PorHandler[]) => {
  const answer = await anyOf(handlers.map((handler) => ({ app: handler }))).app!(new Uint8Array(), about)
  return `${answer.status} ${new TextDecoder().decode(answer.payload)}`
}

test('the enclave that can answer does, whoever refuses or is busy beside it', async () => {
  expect(await ask(says(2, 'not mine'), says(0, 'approved'))).toBe('0 approved')
  expect(await ask(busy, says(0, 'approved'), busy)).toBe('0 approved')
})

test('nobody refuses while one may still answer', async () => {
  const asked = ask(says(2, 'not mine'), busy)
  expect(await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, 20, 'silent'))])).toBe('silent')
})

test('a refusal of all is the first one’s', async () => {
  expect(await ask(says(2, 'not mine'), says(2, 'nor mine'))).toBe('2 not mine')
})

test('a handler that throws speaks for itself only', async () => {
  const throws: PorHandler = async () => Promise.reject(new Error('away'))
  expect(await ask(throws, says(0, 'approved'))).toBe('0 approved')
  await expect(ask(throws, says(2, 'not mine'))).rejects.toThrow('away')
})
