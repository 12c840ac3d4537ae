import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nodeClock } from './clock.ts'

const WALL = 1_800_000_000_000

test('counts whole milliseconds that never fall, whatever the wall clock does', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 5000, noNaN: true })), fc.nat(10_000), (steps, last) => {
      let steady = 77.7
      let wall = WALL
      const now = nodeClock(
        WALL + last,
        () => wall,
        () => steady,
      )
      const start = now()
      expect(start).toBe(WALL + last)
      let before = start
      for (const step of steps) {
        steady += step
        wall -= 1000
        expect(now()).toBeGreaterThanOrEqual(before)
        expect(Number.isInteger(now())).toBe(true)
        before = now()
      }
      expect(Math.abs(before - start - (steady - 77.7))).toBeLessThanOrEqual(1)
    }),
    { numRuns: 100 },
  )
})

test('goes on over a restart by the time that passed', () => {
  const now = nodeClock(
    WALL,
    () => WALL + 60_000,
    () => 5,
  )
  expect(now()).toBe(WALL + 60_000)
})
