import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Batches } from './batches.ts'

const count = (length: number) => Uint16Array.from({ length }, (_, index) => index)

test('targets follow inputs by one, and any cursor gives what reading up to it gives', () => {
  const sizes = fc.record({ tokens: fc.integer({ min: 16, max: 400 }), seed: fc.nat(), cursor: fc.nat({ max: 300 }) })
  fc.assert(
    fc.property(sizes, ({ tokens, seed, cursor }) => {
      const stream = count(tokens)
      const { ids, targets } = new Batches(stream, 8, seed).read(cursor, 3)
      for (const [i, id] of ids.entries()) expect(targets[i]).toBe(id + 1)
      expect(Math.max(...targets)).toBeLessThan(tokens)
      const second = new Batches(stream, 8, seed)
      second.read(0, cursor)
      expect(second.read(cursor, 3).ids).toEqual(ids)
    }),
  )
})

test('an epoch deals every window once, the next in another order', () => {
  const batches = new Batches(count(8 * 51), 8, 1)
  const starts = (epoch: number) => [...batches.read(epoch * 50, 50).ids].filter((_, i) => i % 8 === 0)
  const gaps = starts(0)
    .sort((a, b) => a - b)
    .map((start, i, all) => start - (all[i - 1] ?? start - 8))
  expect(new Set(gaps)).toEqual(new Set([8]))
  expect(starts(0)).not.toEqual(starts(1))
})

test('a text shorter than two windows is refused', () => {
  expect(() => new Batches(count(15), 8, 1)).toThrow(expect.objectContaining({ code: 'corpus_too_small' }))
})
