import fc from 'fast-check'
import { expect, test } from 'vitest'
import { AHEAD_MS, advance, claim, type Row, STORAGE } from './marks.ts'

const rowsOf = () => {
  const rows = new Map<string, Row>()
  return { get: (key: string) => rows.get(key) ?? null, set: (key: string, row: Row) => void rows.set(key, row) }
}
const KEY = 'k'
const digestOf = (n: number): string => n.toString(16).padStart(64, '0')

test('the first claim pays for its row, and later ones pay nothing', () => {
  const rows = rowsOf()
  expect(() => claim(rows, { key: KEY, term: 5n }, 5n, STORAGE - 1n)).toThrow(`attach exactly ${STORAGE}`)
  expect(claim(rows, { key: KEY, term: 5n }, 5n, STORAGE)).toEqual({ term: 5n, counter: 0n, digest: digestOf(0) })
  expect(() => claim(rows, { key: KEY, term: 6n }, 6n, STORAGE)).toThrow('attach exactly 0')
  claim(rows, { key: KEY, term: 6n }, 6n, 0n)
})

test('a term that lies ahead of the clock is refused: it would lock its enclave out until then', () => {
  const rows = rowsOf()
  expect(() => claim(rows, { key: KEY, term: 10n + AHEAD_MS + 1n }, 10n, STORAGE)).toThrow('ahead of the chain')
  claim(rows, { key: KEY, term: 10n + AHEAD_MS }, 10n, STORAGE)
})

/** What a host holds: signed statements of starts that are over or not, which it may send whenever it likes. */
type Deed = { does: 'claim'; term: number } | { does: 'step'; term: number; counter: number; digest: number }
const deed: fc.Arbitrary<Deed> = fc.oneof(
  fc.record({ does: fc.constant('claim' as const), term: fc.nat(6) }),
  fc.record({ does: fc.constant('step' as const), term: fc.nat(6), counter: fc.nat(6), digest: fc.nat(2) }),
)

test('in whatever order statements arrive: terms rise, each counter has one state, and none of an ended start counts', () => {
  fc.assert(
    fc.property(fc.array(deed, { maxLength: 60, size: 'max' }), (deeds) => {
      const rows = rowsOf()
      for (const one of deeds) {
        const before = rows.get(KEY)
        const run = (): void => {
          if (one.does === 'claim') claim(rows, { key: KEY, term: BigInt(one.term) }, 100n, before ? 0n : STORAGE)
          else
            advance(rows, KEY, { term: BigInt(one.term), counter: BigInt(one.counter), digest: digestOf(one.digest) })
        }
        const isNext =
          one.does === 'claim'
            ? before === null || BigInt(one.term) > before.term
            : before?.term === BigInt(one.term) && before.counter + 1n === BigInt(one.counter)
        if (!isNext) {
          expect(run).toThrow()
          expect(rows.get(KEY)).toEqual(before)
          continue
        }
        run()
        const after = rows.get(KEY)!
        if (one.does === 'step') expect(after.digest).toBe(digestOf(one.digest))
        else expect([after.counter, after.digest]).toEqual([before?.counter ?? 0n, before?.digest ?? digestOf(0)])
      }
    }),
  )
})
