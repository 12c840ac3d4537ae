import type { EdgeFacts, NodeFacts } from '@dcml/protocol/por'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stakeWeightedCentre } from './centre.ts'
import { Graph } from './graph.ts'
import { edgeOf, nodeOf } from './samples.ts'

const open = (nodes: NodeFacts[], edges: EdgeFacts[]): Graph => Graph.from({ nodes, edges, height: 1n }, () => 1n)

test('the centre of a path is where half of the stake is behind', () => {
  const names = ['a', 'b', 'c', 'd', 'e']
  const edges = names.slice(1).map((name, at) => edgeOf(BigInt(at + 1), names[at]!, name))
  const weighed = (stakes: bigint[]) =>
    open(
      names.map((name, at) => nodeOf(name, stakes[at]!)),
      edges,
    )
  expect(stakeWeightedCentre(weighed([1n, 1n, 1n, 1n, 1n]))).toBe('c')
  expect(stakeWeightedCentre(weighed([9n, 1n, 1n, 1n, 1n]))).toBe('a')
  expect(stakeWeightedCentre(weighed([1n, 1n, 1n, 4n, 1n]))).toBe('d')
})

test('only the part with most stake has a say, and an empty network has no centre', () => {
  expect(stakeWeightedCentre(open([nodeOf('a', 1n), nodeOf('b', 1n), nodeOf('c', 3n)], [edgeOf(1n, 'a', 'b')]))).toBe(
    'c',
  )
  expect(stakeWeightedCentre(open([], []))).toBeNull()
})

/** Honest nodes in a random tree with random further edges, and whatever Eve builds behind node `v0` of theirs. */
const eves = fc
  .record({
    honest: fc.array(fc.tuple(fc.bigInt(1n, 20n), fc.nat()), { minLength: 1, maxLength: 8 }),
    eve: fc.array(fc.tuple(fc.bigInt(0n, 20n), fc.nat()), { minLength: 1, maxLength: 12 }),
    isChain: fc.boolean(),
    v0: fc.nat(),
    shortcuts: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 6 }),
  })
  .map(({ honest, eve, isChain, v0, shortcuts }) => {
    const total = honest.reduce((sum, [stake]) => sum + stake, 0n)
    const edges: EdgeFacts[] = []
    const join = (u: string, v: string) => u !== v && edges.push(edgeOf(BigInt(edges.length + 1), u, v))
    // her names come first, so that a tie would be hers
    const ours = honest.map((_, at) => `honest-${at}`)
    const hers = eve.map((_, at) => `eve-${at}`)
    for (const [at, [, nth]] of honest.entries()) if (at > 0) join(ours[at]!, ours[nth % at]!)
    for (const [a, b] of shortcuts) join(ours[a % ours.length]!, ours[b % ours.length]!)
    for (const [at, [, nth]] of eve.entries())
      join(hers[at]!, at === 0 ? ours[v0 % ours.length]! : hers[isChain ? at - 1 : nth % at]!)
    let left = total - 1n
    const stakes = eve.map(([stake]) => {
      const own = stake < left ? stake : left
      left -= own
      return own
    })
    const nodes = [
      ...ours.map((name, at) => nodeOf(name, honest[at]![0])),
      ...hers.map((name, at) => nodeOf(name, stakes[at]!)),
    ]
    return open(nodes, edges)
  })

test('A10: with less than half of the stake, no chain or tree of Eve’s pulls the centre onto a node of hers', () => {
  fc.assert(
    fc.property(eves, (graph) => {
      expect(stakeWeightedCentre(graph)).toMatch(/^honest/)
    }),
  )
})

test('A10: with more than half of it, she holds the centre: the assumption is needed', () => {
  const edges = [edgeOf(1n, 'v0', 'v1'), edgeOf(2n, 'v1', 'v2')]
  expect(stakeWeightedCentre(open([nodeOf('v0', 4n), nodeOf('v1', 1n), nodeOf('v2', 4n)], edges))).toBe('v1')
})
