import type { Channel } from '@dcml/attestation'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Sessions } from './sessions.ts'

const MINUTE = 60_000

/** Sessions whose opening the test finishes, or has fail. */
function scene({ lifetimeMs = 15 * MINUTE, maxAgeMs = 10 * MINUTE, evidenceAge = 0 } = {}) {
  let now = 1_000_000
  let broken = false
  let opened = 0
  let gate: Promise<void> = Promise.resolve()
  const sessions = new Sessions({
    clock: () => now,
    maxAgeMs,
    async open() {
      const iat = now - evidenceAge
      opened++
      await gate
      if (broken) throw new Error('unreachable')
      return { lifetimeMs, attested: { claims: { iat } } } as unknown as Channel
    },
  })
  return {
    sessions,
    opened: () => opened,
    tick(ms: number) {
      now += ms
    },
    now: () => now,
    fail(yes: boolean) {
      broken = yes
    },
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return resolve
    },
  }
}
const settled = () => new Promise((resolve) => setImmediate(resolve))

test('one session is opened for all who ask at once, and kept for those who come later', async () => {
  const { sessions, opened, tick } = scene()
  const first = await Promise.all([sessions.get(), sessions.get(), sessions.get()])
  tick(7 * MINUTE)
  expect(new Set([...first, await sessions.get()]).size).toBe(1)
  expect(opened()).toBe(1)
})

test('its successor is made ahead of its end, and nobody waits for that', async () => {
  const { sessions, opened, tick, hold } = scene()
  const first = await sessions.get()
  tick(8 * MINUTE)
  const release = hold()
  expect(await sessions.get()).toBe(first)
  expect(await sessions.get()).toBe(first)
  expect(opened()).toBe(2)
  release()
  await settled()
  expect(await sessions.get()).not.toBe(first)
})

test('a renewal that fails costs nobody an answer while there is time left', async () => {
  const { sessions, tick, fail } = scene()
  const first = await sessions.get()
  tick(8 * MINUTE)
  fail(true)
  expect(await sessions.get()).toBe(first)
  await settled()
  expect(await sessions.get()).toBe(first)
  tick(2 * MINUTE)
  await expect(sessions.get()).rejects.toThrow('unreachable')
  fail(false)
  expect(await sessions.get()).not.toBe(first)
})

test('a session that was dropped is used no more; dropping an older one changes nothing', async () => {
  const { sessions } = scene()
  const first = await sessions.get()
  sessions.drop(first)
  const second = await sessions.get()
  expect(second).not.toBe(first)
  sessions.drop(first)
  expect(await sessions.get()).toBe(second)
})

test('no session outlives its evidence, or what the enclave said', async () => {
  const options = fc.record({
    lifetimeMs: fc.integer({ min: 1, max: 30 * MINUTE }),
    evidenceAge: fc.nat(9 * MINUTE),
  })
  await fc.assert(
    fc.asyncProperty(options, fc.array(fc.nat(5 * MINUTE), { maxLength: 8 }), async (given, steps) => {
      const { sessions, tick, now } = scene(given)
      const since = new Map<Channel, number>()
      for (const step of steps) {
        tick(step)
        const channel = await sessions.get()
        await settled()
        const age = now() - (since.get(channel) ?? now())
        since.set(channel, now() - age)
        expect(age).toBeLessThanOrEqual(given.lifetimeMs)
        expect(now() - channel.attested.claims.iat).toBeLessThanOrEqual(10 * MINUTE)
      }
    }),
    { numRuns: 60 },
  )
})
