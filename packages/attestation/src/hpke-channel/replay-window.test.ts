import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReplayWindow } from './replay-window.ts'

test('each number counts once, whatever the order, and what is too old never', () => {
  // near ones, and far jumps
  const steps = fc.array(fc.oneof(fc.nat(40), fc.nat(5000)), { maxLength: 400 })
  fc.assert(
    fc.property(steps, (numbers) => {
      const window = new ReplayWindow()
      const taken = new Set<number>()
      for (const number of numbers) {
        const newest = Math.max(-1, ...taken)
        expect(window.take(number)).toBe(!taken.has(number) && number > newest - 1024)
        if (number > newest - 1024) taken.add(number)
      }
    }),
    { numRuns: 100 },
  )
})
