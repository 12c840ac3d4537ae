import fc from 'fast-check'
import { expect, test } from 'vitest'
import { QuickPaths } from './quick-paths.ts'

/** Length of the shortest path; Infinity for none. */
function distance(ends: readonly (readonly [number, number])[], start: number, goal: number): number {
  const known = new Map([[start, 0]])
  for (const node of known.keys())
    for (const pair of ends)
      if (pair.includes(node)) for (const next of pair) if (!known.has(next)) known.set(next, known.get(node)! + 1)
  return known.get(goal) ?? Infinity
}

test('paths join their ends, live on edges that are left, and are shortest', () => {
  const ends = fc.uniqueArray(
    fc.tuple(fc.nat(11), fc.nat(11)).filter(([u, v]) => u < v),
    {
      selector: String,
      maxLength: 30,
    },
  )
  fc.assert(
    fc.property(ends, fc.nat(11), fc.nat(11), fc.nat(29), (pairs, start, goal, removed) => {
      const paths = new QuickPaths(12, pairs)
      if (removed < pairs.length) paths.remove(removed)
      const left = pairs.filter((_, at) => at !== removed)
      const path = paths.find(start, goal, 11)
      const shortest = start === goal ? 0 : distance(left, start, goal)
      expect(path.length).toBe(Number.isFinite(shortest) ? shortest : 0)
      let at = start
      for (const edge of path) {
        expect(edge).not.toBe(removed)
        expect(pairs[edge]).toContain(at)
        at = pairs[edge]![0] === at ? pairs[edge]![1] : pairs[edge]![0]
      }
      if (path.length > 0) expect(at).toBe(goal)
      expect(paths.find(start, goal, Math.max(0, shortest - 1)).length).toBe(0)
    }),
  )
})
