import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SequenceLog } from './sequences.ts'

const key = (id: number): Uint8Array => new Uint8Array(32).fill(id)

test('each number of each key is admitted once, in any order', () => {
  const steps = fc.array(fc.tuple(fc.nat(3), fc.bigInt({ min: 1n, max: 40n })), { maxLength: 200 })
  fc.assert(
    fc.property(steps, (all) => {
      const log = new SequenceLog()
      const seen = new Set<string>()
      for (const [id, sequence] of all) {
        const name = `${id}/${sequence}`
        expect(log.admit(key(id), sequence)).toBe(!seen.has(name))
        seen.add(name)
      }
    }),
  )
})

test('numbers start at 1', () => {
  expect(new SequenceLog().admit(key(1), 0n)).toBe(false)
})

test('a number that has left the window counts as seen, and none is ever admitted twice', () => {
  const log = new SequenceLog()
  for (let i = 1n; i <= 20_000n; i++) expect(log.admit(key(1), i * 2n)).toBe(true)
  for (const old of [2n, 3n, 20_000n, 20_001n]) expect(log.admit(key(1), old)).toBe(false)
  expect(log.admit(key(1), 39_999n)).toBe(true)
  expect(log.admit(key(1), 39_999n)).toBe(false)
  expect(log.admit(key(2), 3n)).toBe(true)
})
