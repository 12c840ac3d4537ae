import { appendLeaf, climb, EMPTY_FRONTIER, formatHash, frontierRoot, merklize } from '@dcml/light-client'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BlockTree } from './block-tree.ts'

const leaves = fc.array(fc.uint8Array({ minLength: 32, maxLength: 32 }), { minLength: 1, maxLength: 40 })
const grown = (all: readonly Uint8Array[]) => all.reduce((tree, leaf) => tree.append(leaf), BlockTree.empty)

test('roots and paths are those of the light client, at every size', () => {
  fc.assert(
    fc.property(leaves, (all) => {
      let tree = BlockTree.empty
      let frontier = EMPTY_FRONTIER
      for (const leaf of all) {
        tree = tree.append(leaf)
        frontier = appendLeaf(frontier, formatHash(leaf))
        expect(formatHash(tree.root)).toBe(frontierRoot(frontier))
      }
      const { paths } = merklize(all.map(formatHash))
      for (const [i, leaf] of all.entries()) {
        expect(tree.prove(i)).toEqual(paths[i])
        expect(climb(formatHash(leaf), tree.prove(i))).toBe(formatHash(tree.root))
      }
      expect(() => tree.prove(all.length)).toThrow(expect.objectContaining({ code: 'devchain_unknown_block' }))
      expect(() => tree.prove(-1)).toThrow(expect.objectContaining({ code: 'devchain_unknown_block' }))
    }),
    { numRuns: 30 },
  )
})

test('what is forgotten cannot be proven, everything else still can', () => {
  fc.assert(
    fc.property(leaves, leaves, fc.nat(), (first, more, pick) => {
      const tree = grown(first)
      const before = formatHash(tree.root)
      const kept = pick % (first.length + 1)
      tree.forget(kept)
      const all = [...first, ...more]
      const later = more.reduce((grows, leaf) => grows.append(leaf), tree)
      expect(formatHash(tree.root)).toBe(before)
      expect(formatHash(later.root)).toBe(merklize(all.map(formatHash)).root)
      for (let i = kept; i < all.length; i++)
        expect(climb(formatHash(all[i] as Uint8Array), later.prove(i))).toBe(formatHash(later.root))
    }),
    { numRuns: 30 },
  )
})

test('peaks are enough to go on', () => {
  fc.assert(
    fc.property(leaves, leaves, (first, more) => {
      const again = more.reduce((tree, leaf) => tree.append(leaf), BlockTree.fromPeaks(grown(first).peaks))
      expect(formatHash(again.root)).toBe(formatHash(grown([...first, ...more]).root))
      expect(again.size).toBe(first.length + more.length)
    }),
    { numRuns: 30 },
  )
})
