import { expect, test } from 'vitest'
import { randomModel } from './random-model.ts'

const shape = { dim: 64, layers: 2, heads: 2, ff: 96, vocab: 512 }
const bytesOf = (seed: number) => Buffer.concat([...randomModel({ ...shape, seed })])

test('the seed decides every byte', () => {
  expect(bytesOf(1).equals(bytesOf(1))).toBe(true)
  expect(bytesOf(1).equals(bytesOf(2))).toBe(false)
})

test('a model of several GiB is described without being held', () => {
  const large = { dim: 4096, layers: 8, heads: 32, ff: 11008, vocab: 32000, seed: 1 }
  let size = 0
  let longest = 0
  for (const piece of randomModel(large)) {
    size += piece.length
    longest = Math.max(longest, piece.length)
  }
  expect(size).toBeGreaterThan(3.5 * 2 ** 30)
  expect(longest).toBeLessThanOrEqual(2 ** 21)
})

test('a vocabulary without room for all bytes is refused', () => {
  expect(() => randomModel({ ...shape, vocab: 256, seed: 1 })).toThrow(
    expect.objectContaining({ code: 'config_invalid' }),
  )
})
