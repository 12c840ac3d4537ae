import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromHalf, toHalf } from './half.ts'

test('every 16-bit float survives the way there and back', () => {
  for (let bits = 0; bits < 65536; bits++) {
    const value = fromHalf(bits)
    if (!Number.isNaN(value)) expect(toHalf(value)).toBe(bits)
  }
})

test('the nearest value is chosen, an even one between two', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, min: -65519, max: 65519 }), (value) => {
      const bits = toHalf(value)
      const error = Math.abs(fromHalf(bits) - value)
      for (const neighbour of [bits - 1, bits + 1]) {
        const other = Math.abs(fromHalf(neighbour & 0xffff) - value)
        if (other < error || (other === error && bits % 2 === 1)) throw new Error(`${value}: ${bits}`)
      }
    }),
  )
})

test('what is too large becomes infinite, what is no number stays none', () => {
  expect(fromHalf(toHalf(65520))).toBe(Number.POSITIVE_INFINITY)
  expect(fromHalf(toHalf(Number.NEGATIVE_INFINITY))).toBe(Number.NEGATIVE_INFINITY)
  expect(fromHalf(toHalf(Number.NaN))).toBeNaN()
})
