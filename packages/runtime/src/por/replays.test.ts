import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Replays } from './replays.ts'

const WINDOW = 1000
const answerOf = (key: string, size = 10) => new Uint8Array(size).fill(key.charCodeAt(0))

/** Counts how often each question is worked on. */
function scene(limits = {}) {
  const at = { now: 10_000 }
  const replays = new Replays(() => at.now, { windowMs: WINDOW, entries: 4, bytes: 35, ...limits })
  const made = new Map<string, number>()
  const ask = (key: string, size?: number) =>
    replays.once(key, async () => {
      made.set(key, (made.get(key) ?? 0) + 1)
      return answerOf(key, size)
    })
  return { at, replays, made, ask }
}

test('under any order of questions and clocks, none that counts is worked on twice', async () => {
  const step = fc.oneof(
    fc.record({
      ask: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      sealed: fc.nat(40_000),
      size: fc.integer({ min: 1, max: 30 }),
    }),
    fc.record({ clock: fc.nat(40_000) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { at, replays, made } = scene()
      // a question says its time for good: it is sealed
      const sealed = new Map<string, number>()
      for (const each of steps) {
        if ('clock' in each) at.now = each.clock
        else {
          const { ask, size } = each
          if (!sealed.has(ask)) sealed.set(ask, each.sealed)
          try {
            replays.requireFresh(sealed.get(ask)!)
            const answer = await replays.once(ask, async () => {
              made.set(ask, (made.get(ask) ?? 0) + 1)
              return answerOf(ask, size)
            })
            expect(answer[0]).toBe(ask.charCodeAt(0))
          } catch (error) {
            expect(error).toMatchObject({ code: expect.stringMatching(/^por_(stale|replayed|full)$/) })
          }
        }
        expect(replays.held.entries).toBeLessThanOrEqual(4)
        expect(replays.held.bytes).toBeLessThanOrEqual(35)
        for (const times of made.values()) expect(times).toBe(1)
      }
    }),
    { numRuns: 300 },
  )
})

test('answers are kept while there is room, and after that their questions are refused', async () => {
  const { ask, made } = scene()
  for (const key of ['a', 'b', 'c', 'd']) await ask(key)
  await expect(ask('a')).rejects.toMatchObject({ code: 'por_replayed' })
  expect(await ask('d')).toEqual(answerOf('d'))
  expect([...made.values()]).toEqual([1, 1, 1, 1])
})

test('a full memory takes nothing new until something is too old to count', async () => {
  const { ask, at } = scene()
  for (const key of ['a', 'b', 'c', 'd']) await ask(key)
  await expect(ask('e')).rejects.toMatchObject({ code: 'por_full', retryable: true })
  at.now += 2 * WINDOW + 1
  expect(await ask('e')).toEqual(answerOf('e'))
})

test('who asks again while the answer is made gets the same', async () => {
  const { replays } = scene()
  const made = Promise.withResolvers<Uint8Array>()
  const asked = [1, 2, 3].map(() => replays.once('a', () => made.promise))
  made.resolve(answerOf('a'))
  expect(await Promise.all(asked)).toEqual([1, 2, 3].map(() => answerOf('a')))
})

test('what failed once is not begun anew: it may have been paid for', async () => {
  const { replays, ask, made } = scene()
  await expect(replays.once('a', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
  await expect(ask('a')).rejects.toMatchObject({ code: 'por_replayed' })
  expect(made.size).toBe(0)
})
