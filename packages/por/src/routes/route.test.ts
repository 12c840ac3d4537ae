import type { EdgeFacts } from '@dcml/protocol/por'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cost as priceOf } from '../core/deadlines.ts'
import { graphs, nameOf } from './arbitrary.ts'
import { Graph, otherEnd } from './graph.ts'
import { findRoute, type Route } from './route.ts'
import { edgeOf, nodeOf } from './samples.ts'
import type { RouteNeeds } from './usable.ts'

const ample: RouteNeeds = { payloadLength: 0, maxResponse: 0, budget: 1e6, service: 0, maxCost: 10n ** 30n }

/** Every simple path, the slow way; the best of those that serve. */
function bruteForce(graph: Graph, from: string, to: string, needs: RouteNeeds): Route | null {
  const found: EdgeFacts[][] = []
  const walk = (at: string, path: EdgeFacts[], seen: string[]): void => {
    if (at === to) {
      found.push(path)
      return
    }
    if (path.length === 8) return
    for (const edge of graph.edgesOf(at)) {
      const next = otherEnd(edge, at)
      const { minLateRate, maxLateRate } = edge.params
      const isPaid = (needs.lateRate ?? 0n) * BigInt(needs.hold ?? 0) <= edge.depositU + edge.depositV
      const isInRange = needs.lateRate === undefined || (minLateRate <= needs.lateRate && needs.lateRate <= maxLateRate)
      if (!graph.connects(edge.id) || !isInRange || !isPaid || needs.avoid?.has(edge.id) || seen.includes(next))
        continue
      walk(next, [...path, edge], [...seen, next])
    }
  }
  if (from !== to) walk(from, [], [from])
  const key = (path: EdgeFacts[]) => {
    const fees = path.map(({ params }) => priceOf(params, needs.payloadLength, needs.maxResponse))
    const time = path.reduce((sum, { id, params }) => sum + Math.max(2 * params.latency, needs.score?.(id) ?? 0), 0)
    return { path: path.map(({ id }) => id), fees, time, cost: fees.reduce((a, b) => a + b, 0n), edges: path }
  }
  const fitting = found
    .map(key)
    .filter(({ cost, time }) => cost <= needs.maxCost && time + needs.service <= needs.budget)
  fitting.sort(
    (a, b) =>
      Number(a.cost - b.cost) ||
      a.time - b.time ||
      a.path.length - b.path.length ||
      a.path.map((id, at) => Number(id - b.path[at]!)).find((difference) => difference !== 0) ||
      0,
  )
  const best = fitting[0]
  if (!best) return null
  const { path, cost, fees, edges } = best
  return { path, cost, fees, latency: edges.reduce((sum, { params }) => sum + params.latency, 0) }
}

const needs: fc.Arbitrary<RouteNeeds> = fc
  .record({
    payloadLength: fc.nat(3),
    maxResponse: fc.nat(3),
    budget: fc.integer({ min: 40, max: 500 }),
    service: fc.constantFrom(0, 0, 50),
    maxCost: fc.bigInt(1n, 40n),
    lateRate: fc.constantFrom(undefined, 1n, 5n),
    hold: fc.constantFrom(0, 3, 4, 10),
    avoid: fc.uniqueArray(fc.bigInt(1n, 20n), { maxLength: 3 }).map((ids) => new Set(ids)),
    scored: fc.constantFrom(0, 0, 7),
  })
  .map(({ lateRate, scored, ...rest }) => ({
    ...rest,
    ...(lateRate === undefined ? {} : { lateRate }),
    ...(scored === 0 ? {} : { score: (id: bigint) => Number(id * BigInt(scored)) % 120 }),
  }))

test('finds what looking at every path finds, to the last tie', () => {
  let found = 0
  fc.assert(
    fc.property(graphs({ nodes: { min: 3, max: 7 }, edges: { min: 6, max: 20 } }), needs, (graph, asked) => {
      const route = findRoute(graph, nameOf(0), nameOf(2), asked)
      expect(route).toEqual(bruteForce(graph, nameOf(0), nameOf(2), asked))
      if (route) found++
    }),
    { numRuns: 400 },
  )
  expect(found).toBeGreaterThan(20)
})

test('finds the same path whatever order the graph was told in', () => {
  fc.assert(
    fc.property(graphs({ nodes: { min: 3, max: 7 }, edges: { min: 6, max: 20 } }), needs, (graph, asked) => {
      const told = { nodes: [...graph.nodes()].reverse(), edges: [...graph.edges()].reverse(), height: 1n }
      const other = Graph.from(told, () => 10n)
      expect(findRoute(other, nameOf(0), nameOf(1), asked)).toEqual(findRoute(graph, nameOf(0), nameOf(1), asked))
    }),
  )
})

const chain = (length: number): Graph =>
  Graph.from(
    {
      nodes: Array.from({ length: length + 1 }, (_, index) => nodeOf(nameOf(index))),
      edges: Array.from({ length }, (_, index) => edgeOf(BigInt(index + 1), nameOf(index), nameOf(index + 1))),
      height: 1n,
    },
    () => 1n,
  )

test('§5.1: the round trip of 400 ms one way is 800 ms, and the recipient’s time comes on top', () => {
  const graph = Graph.from(
    {
      nodes: ['alex', 'alice', 'bob', 'carol'].map((account) => nodeOf(account)),
      edges: [
        edgeOf(1n, 'alex', 'alice', { latency: 100 }),
        edgeOf(2n, 'alice', 'bob', { latency: 200 }),
        edgeOf(3n, 'bob', 'carol', { latency: 100 }),
      ],
      height: 1n,
    },
    () => 1n,
  )
  const find = (budget: number, service = 0) => findRoute(graph, 'alex', 'carol', { ...ample, budget, service })
  expect(find(800)).toMatchObject({ path: [1n, 2n, 3n], latency: 400 })
  expect(find(799)).toBeNull()
  expect(find(809, 10)).toBeNull()
  expect(find(810, 10)?.latency).toBe(400)
})

test('eight edges are a path, nine are none', () => {
  expect(findRoute(chain(8), nameOf(0), nameOf(8), ample)?.path).toHaveLength(8)
  expect(findRoute(chain(9), nameOf(0), nameOf(9), ample)).toBeNull()
})

test('there is no route to oneself, to strangers, or over an edge that carries nothing', () => {
  const graph = chain(2)
  expect(findRoute(graph, nameOf(0), nameOf(0), ample)).toBeNull()
  expect(findRoute(graph, nameOf(0), 'stranger', ample)).toBeNull()
  graph.apply({ kind: 'edge', edge: edgeOf(2n, nameOf(1), nameOf(2), { maxInflight: 0 }) })
  expect(findRoute(graph, nameOf(0), nameOf(2), ample)).toBeNull()
})

test('routes follow the graph: over new prices, and not through a node that is cut off', () => {
  const graph = chain(2)
  graph.apply({ kind: 'edge', edge: edgeOf(9n, nameOf(0), nameOf(2), { baseCost: 5_000_000n }) })
  expect(findRoute(graph, nameOf(0), nameOf(2), ample)?.path).toEqual([1n, 2n])
  graph.apply({ kind: 'edge', edge: edgeOf(1n, nameOf(0), nameOf(1), { baseCost: 9_000_000n }) })
  expect(findRoute(graph, nameOf(0), nameOf(2), ample)?.path).toEqual([9n])
  graph.apply({ kind: 'edge', edge: edgeOf(1n, nameOf(0), nameOf(1)) })
  graph.apply({ kind: 'node', node: { ...nodeOf(nameOf(1)), isolatedSince: 1n } })
  expect(findRoute(graph, nameOf(0), nameOf(2), ample)?.path).toEqual([9n])
})
