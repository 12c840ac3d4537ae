import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hash } from '../../test/arbitrary.ts'
import {
  appendLeaf,
  type CryptoHash,
  climb,
  combineHash,
  EMPTY_FRONTIER,
  frontierRoot,
  merklize,
  ZERO_HASH,
} from '../index.ts'

const leaves = fc.array(hash, { maxLength: 40 })

/** The definition, recursive: the largest power of two goes left. */
function plainRoot(all: readonly CryptoHash[]): CryptoHash {
  if (all.length < 2) return all[0] ?? ZERO_HASH
  const split = 2 ** Math.ceil(Math.log2(all.length) - 1)
  return combineHash(plainRoot(all.slice(0, split)), plainRoot(all.slice(split)))
}

test('merklize and frontier agree with the definition, and every path leads to the root', () => {
  fc.assert(
    fc.property(leaves, (all) => {
      const root = plainRoot(all)
      const { root: merklized, paths } = merklize(all)
      expect(merklized).toBe(root)
      expect(frontierRoot(all.reduce(appendLeaf, EMPTY_FRONTIER))).toBe(root)
      for (const [i, leaf] of all.entries()) expect(climb(leaf, paths[i]!)).toBe(root)
    }),
    { numRuns: 60 },
  )
})

test('another leaf, a changed, missing or added sibling leads elsewhere', () => {
  fc.assert(
    fc.property(fc.array(hash, { minLength: 2, maxLength: 20 }), fc.nat(), hash, (all, pick, other) => {
      const { root, paths } = merklize(all)
      const path = paths[pick % all.length]!
      const leaf = all[pick % all.length]!
      fc.pre(path.length > 0 && !all.includes(other))
      const [first, ...rest] = path
      expect(climb(other, path)).not.toBe(root)
      expect(climb(leaf, rest)).not.toBe(root)
      expect(climb(leaf, [...path, { hash: other, direction: 'Left' }])).not.toBe(root)
      expect(climb(leaf, [{ ...first!, hash: other }, ...rest])).not.toBe(root)
      const turned = first!.direction === 'Left' ? 'Right' : 'Left'
      if (first!.hash !== leaf) expect(climb(leaf, [{ ...first!, direction: turned }, ...rest])).not.toBe(root)
    }),
    { numRuns: 100 },
  )
})
