import { base58 } from '@scure/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256 } from '../wire/hash.ts'
import { trieKey, triePrefix } from './keys.ts'
import { createTrie } from './trie.ts'
import type { Trie } from './types.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)
const build = (entries: Iterable<readonly [Uint8Array, Uint8Array]>): Trie => {
  let trie = createTrie()
  for (const [key, value] of entries) trie = trie.set(key, value)
  return trie
}
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** Few distinct bytes: long common prefixes, keys that are prefixes of keys. */
const key = fc.uint8Array({ maxLength: 5, max: 255 }).map((bytes) => bytes.map((byte) => [0, 1, 16, 17][byte & 3]!))
const value = fc.uint8Array({ maxLength: 40 })
const step = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constant('set' as const), key, value) },
  { weight: 2, arbitrary: fc.tuple(fc.constant('delete' as const), key, value) },
)

test('behaves as a map, whatever is set and deleted, and leaves earlier versions alone', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), key, (steps, prefix) => {
      const model = new Map<string, Uint8Array>()
      const past: { trie: Trie; root: string; size: number }[] = []
      let trie = createTrie()
      for (const [what, at, bytes] of steps) {
        past.push({ trie, root: trie.root, size: model.size })
        if (what === 'set') {
          trie = trie.set(at, bytes)
          model.set(hex(at), bytes)
        } else {
          trie = trie.delete(at)
          model.delete(hex(at))
        }
        expect(trie.get(at)).toEqual(model.get(hex(at)))
      }
      const wanted = [...model].sort(([a], [b]) => (a < b ? -1 : 1))
      expect([...trie.entries(new Uint8Array())].map(([k, v]) => [hex(k), v])).toEqual(wanted)
      const below = wanted.filter(([k]) => k.startsWith(hex(prefix)))
      expect([...trie.entries(prefix)].map(([k, v]) => [hex(k), v])).toEqual(below)
      for (const { trie: old, root, size } of past) {
        expect(old.root).toBe(root)
        expect([...old.entries(new Uint8Array())]).toHaveLength(size)
      }
      const reversed = build([...trie.entries(new Uint8Array())].reverse())
      expect(reversed.root).toBe(trie.root)
    }),
    { numRuns: 150 },
  )
})

test('deleting what is not there gives the same trie back', () => {
  const trie = build([
    [utf8('ab'), utf8('1')],
    [utf8('ac'), utf8('2')],
  ])
  for (const absent of ['', 'a', 'abc', 'ad', 'z']) expect(trie.delete(utf8(absent))).toBe(trie)
})

test('the empty trie has 32 zero bytes for a root', () => {
  expect(createTrie().root).toBe('1'.repeat(32))
  expect(createTrie().set(utf8('a'), utf8('b')).delete(utf8('a')).root).toBe('1'.repeat(32))
  expect(createTrie().nodesOnPath(utf8('a'))).toBe(0)
})

test('a leaf is hashed as its borsh says: tag, encoded path, length and hash of the value, memory', () => {
  const bytes = Buffer.concat([
    Buffer.from([0, 2, 0, 0, 0, 0x20, 0x61, 3, 0, 0, 0]),
    sha256(utf8('xyz')),
    Buffer.from([50 + 2 * 2 + 3 + 50, 0, 0, 0, 0, 0, 0, 0]),
  ])
  expect(createTrie().set(utf8('a'), utf8('xyz')).root).toBe(base58.encode(sha256(bytes)))
})

test('counts nodes as a write to nearcore meets them: the path, and the value where there is one', () => {
  // root extension 6, branch over 1 and 2, leaf below each; "a" is a prefix of "ab", so its place is a branch
  const trie = build([
    [utf8('a'), utf8('1')],
    [utf8('ab'), utf8('2')],
    [utf8('b'), utf8('3')],
  ])
  expect(trie.nodesOnPath(utf8('b'))).toBe(4) // extension, branch, leaf, value
  expect(trie.nodesOnPath(utf8('a'))).toBe(4) // extension, branch, branch with value, value
  expect(trie.nodesOnPath(utf8('ab'))).toBe(5)
  expect(trie.nodesOnPath(utf8('c'))).toBe(2) // extension, branch without that child
  expect(trie.nodesOnPath(utf8('z'))).toBe(1) // the extension already differs
  expect(trie.nodesOnPath(utf8('bx'))).toBe(3) // a leaf that is not the key
})

test('a proof hashes up to the root and holds every node of the subtree', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 30 }), key, (entries, at) => {
      const trie = build(entries)
      const proof = trie.prove(at)
      const byHash = new Map(proof.map((node) => [hex(sha256(node)), node]))
      const root = hex(base58.decode(trie.root))
      expect(readProof(byHash, root, at)).toEqual(trie.get(at) && hex(sha256(trie.get(at)!)))
      for (const [k, v] of trie.entries(at)) expect(readProof(byHash, root, k)).toBe(hex(sha256(v)))
    }),
    { numRuns: 100 },
  )
})

/** A verifier of its own: follows hashes through the bytes of a proof; gives the hash of the value. */
function readProof(nodes: Map<string, Uint8Array>, root: string, key: Uint8Array): string | undefined {
  let path = hex(key)
  let hash = root
  for (;;) {
    const node = nodes.get(hash)
    if (!node) throw new Error('the proof lacks a node')
    const at = Buffer.from(node)
    const tag = at[0]
    if (tag === 0 || tag === 3) {
      const length = at.readUInt32LE(1)
      const encoded = at.subarray(5, 5 + length).toString('hex')
      const own = encoded.slice(at[5]! & 0x10 ? 1 : 2)
      if (tag === 0) return own === path ? at.subarray(9 + length, 41 + length).toString('hex') : undefined
      if (!path.startsWith(own)) return undefined
      path = path.slice(own.length)
      hash = at.subarray(5 + length, 37 + length).toString('hex')
      continue
    }
    let offset = tag === 2 ? 37 : 1
    if (path === '') return tag === 2 ? at.subarray(5, 37).toString('hex') : undefined
    const mask = at.readUInt16LE(offset)
    const nibble = Number.parseInt(path[0]!, 16)
    if (!(mask & (1 << nibble))) return undefined
    offset += 2
    for (let i = 0; i < nibble; i++) if (mask & (1 << i)) offset += 32
    hash = at.subarray(offset, offset + 32).toString('hex')
    path = path.slice(1)
  }
}

test('survives the deepest keys a contract can make', () => {
  let trie = createTrie()
  const long = new Uint8Array(2048 + 70).fill(0x11)
  for (let length = 1; length <= long.length; length++) trie = trie.set(long.subarray(0, length), utf8('x'))
  expect(trie.root).not.toBe('1'.repeat(32))
  expect([...trie.entries(new Uint8Array())]).toHaveLength(long.length)
  for (let length = 1; length <= long.length; length++) trie = trie.delete(long.subarray(0, length))
  expect(trie.root).toBe('1'.repeat(32))
})

test('nodes and proofs are those nearcore recorded for four entries of contract data', () => {
  // near/nearcore integration-tests/src/tests/runtime/state_viewer.rs, test_view_state: the topmost node of the proof
  // below the column, which by its hash and its memory commits to all the others
  const recorded = 'AwMAAAAWFsbwm2TFX4GHLT5G1LSpF8UkG7zQV1ohXBMR/OQcUAKZ3gwDAAAAAAAA'
  const data = (account: string, key: string) => trieKey.contractData(account, utf8(key))
  const trie = build([
    [data('alice.near', 'test123'), utf8('123')],
    [data('alice.near', 'test321'), utf8('321')],
    [data('alina', 'qqq'), utf8('321')],
    [data('alex', 'qqq'), utf8('321')],
    [trieKey.account('somebody'), utf8('else')], // nearcore's test has accounts too: columns part at the second nibble
  ])
  const belowColumn = (prefix: string) => trie.prove(triePrefix.contractData('alice.near', utf8(prefix))).slice(2)
  expect(Buffer.from(belowColumn('')[0]!).toString('base64')).toBe(recorded)
  expect(belowColumn('')).toHaveLength(8)
  expect(belowColumn('test')).toEqual(belowColumn(''))
  expect(belowColumn('xyz')).toEqual(belowColumn('').slice(0, 5))
  expect(belowColumn('test123').slice(0, 6)).toEqual(belowColumn('').slice(0, 6))
  expect(belowColumn('test123')).toHaveLength(7)
})
