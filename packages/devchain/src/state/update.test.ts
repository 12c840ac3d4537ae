import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTrie } from './trie.ts'
import { createStateUpdate } from './update.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const key = fc.uint8Array({ minLength: 1, maxLength: 2 }).map((bytes) => bytes.map((byte) => byte & 3))
const value = fc.uint8Array({ maxLength: 3 })
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('set' as const), key, value }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), key, value }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('commit' as const, 'rollback' as const), key, value }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('savepoint' as const, 'undo' as const), key, value }) },
)

test('agrees with two maps over sets, removals, savepoints, commits and rollbacks', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(key, value), { maxLength: 10 }), fc.array(step, { maxLength: 50 }), (base, steps) => {
      let trie = createTrie()
      for (const [k, v] of base) trie = trie.set(k, v)
      const entriesOf = (source: { entries(prefix: Uint8Array): Iterable<readonly [Uint8Array, Uint8Array]> }) =>
        [...source.entries(new Uint8Array())].map(([k, v]) => [hex(k), v] as const)
      let committed = new Map(entriesOf(trie))
      let current = new Map(committed)
      const update = createStateUpdate(trie)
      let undo: (() => void) | undefined
      for (const { do: what, key: at, value: bytes } of steps) {
        if (what === 'set') {
          update.set(at, bytes)
          current.set(hex(at), bytes)
        } else if (what === 'remove') {
          update.remove(at)
          current.delete(hex(at))
        } else if (what === 'savepoint') {
          const [restore, before] = [update.savepoint(), new Map(current)]
          undo = () => {
            restore()
            current = before
          }
        } else {
          if (what === 'commit') {
            update.commit()
            committed = new Map(current)
          } else if (what === 'rollback') {
            update.rollback()
            current = new Map(committed)
          } else undo?.()
          undo = undefined
        }
        expect(update.get(at)).toEqual(current.get(hex(at)))
      }
      const sorted = (map: Map<string, Uint8Array>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1))
      expect(entriesOf(update)).toEqual(sorted(current))
      const prefix = Uint8Array.of(1)
      expect([...update.entries(prefix)].map(([k]) => hex(k))).toEqual(
        sorted(current).flatMap(([k]) => (k.startsWith('01') ? [k] : [])),
      )
      expect(entriesOf(update.finalize())).toEqual(sorted(committed))
      for (const { key: at, before, after } of update.changes()) {
        expect(before).toEqual(trie.get(at))
        expect(after).toEqual(committed.get(hex(at)))
      }
    }),
    { numRuns: 200 },
  )
})

test('a write is charged for the trie as the chunk found it, and not again for what the chunk changed', () => {
  const [a, b] = [Uint8Array.of(1), Uint8Array.of(2)]
  const trie = createTrie().set(a, a).set(b, b)
  const update = createStateUpdate(trie)
  expect(update.nodesTouched(a)).toBe(trie.nodesOnPath(a))
  update.set(a, b)
  expect(update.nodesTouched(a)).toBe(0)
  update.rollback()
  expect(update.nodesTouched(a)).toBe(trie.nodesOnPath(a))
  update.remove(a)
  update.commit()
  expect(update.nodesTouched(a)).toBe(0)
})

test('a commit says what it kept', () => {
  const update = createStateUpdate(createTrie())
  const [a, b] = [Uint8Array.of(1), Uint8Array.of(2)]
  update.set(b, b)
  update.remove(a)
  expect(update.commit()).toEqual([
    { key: a, value: undefined },
    { key: b, value: b },
  ])
  expect(update.commit()).toEqual([])
})
