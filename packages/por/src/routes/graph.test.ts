import type { EdgeFacts, EdgeStatus, GraphChange } from '@dcml/protocol/por'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Graph, otherEnd } from './graph.ts'
import { edgeOf, nodeOf } from './samples.ts'

const NOW = 1000n
const open = (changes: GraphChange[] = []): Graph => {
  const graph = Graph.from({ nodes: [], edges: [], height: 0n }, () => NOW)
  for (const change of changes) graph.apply(change)
  return graph
}
const ids = (edges: Iterable<EdgeFacts>): bigint[] => [...edges].map(({ id }) => id).sort()

const accounts = ['alex', 'alice', 'bob', 'carol']
const statuses: EdgeStatus[] = ['pending', 'active', 'closing', 'severed', 'settled']

test('an edge connects only while it is active, past its activation, and between nodes that are not cut off', () => {
  for (const status of statuses)
    for (const activeFrom of [NOW - 1n, NOW, NOW + 1n, null])
      for (const [isolatedU, isolatedV] of [
        [null, null],
        [1n, null],
        [null, 1n],
      ] as const) {
        const graph = open([
          { kind: 'node', node: { ...nodeOf('alex'), isolatedSince: isolatedU } },
          { kind: 'node', node: { ...nodeOf('bob'), isolatedSince: isolatedV } },
          { kind: 'edge', edge: { ...edgeOf(1n, 'alex', 'bob'), status, activeFrom } },
        ])
        const active = status === 'active' && activeFrom !== null && activeFrom <= NOW
        expect(graph.isActive(1n)).toBe(active)
        expect(graph.connects(1n)).toBe(active && isolatedU === null && isolatedV === null)
      }
})

test('an edge connects nothing when a node is unknown', () => {
  const graph = open([
    { kind: 'node', node: nodeOf('alex') },
    { kind: 'edge', edge: edgeOf(1n, 'alex', 'bob') },
  ])
  expect(graph.connects(1n)).toBe(false)
  expect(graph.connects(2n)).toBe(false)
})

test('an edge connects from its activation on, without any change', () => {
  let now = 9n
  const facts = { nodes: [nodeOf('a'), nodeOf('b')], edges: [{ ...edgeOf(1n, 'a', 'b'), activeFrom: 10n }], height: 1n }
  const graph = Graph.from(facts, () => now)
  expect(graph.connects(1n)).toBe(false)
  now = 10n
  expect(graph.connects(1n)).toBe(true)
})

const change: fc.Arbitrary<GraphChange> = fc.oneof(
  fc
    .tuple(fc.constantFrom(...accounts), fc.option(fc.bigInt(0n, 5n)))
    .map(([account, isolatedSince]) => ({ kind: 'node' as const, node: { ...nodeOf(account), isolatedSince } })),
  fc
    .tuple(fc.bigInt(0n, 5n), fc.constantFrom(...statuses))
    .map(([id, status]) => ({ kind: 'edge' as const, edge: { ...edgeOf(id, ...endsOf(id)), status } })),
  fc.constantFrom(...accounts).map((account) => ({ kind: 'gone' as const, account })),
)
const endsOf = (id: bigint): [string, string] => [accounts[Number(id) % 3]!, accounts[3]!]

test('after any changes it says what a graph built from the newest facts says', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const kept = open(changes)
      const nodes = [...kept.nodes()]
      const edges = [0n, 1n, 2n, 3n, 4n, 5n].map((id) => kept.edge(id)).filter((edge) => edge !== null)
      const built = Graph.from({ nodes, edges, height: 0n }, () => NOW)
      for (const account of accounts) {
        expect(ids(kept.edgesOf(account))).toEqual(ids(built.edgesOf(account)))
        const live = edges.filter(({ u, v, status }) => (u === account || v === account) && status !== 'settled')
        expect(ids(kept.edgesOf(account))).toEqual(ids(live))
      }
      for (const { id } of edges) expect(kept.connects(id)).toBe(built.connects(id))
    }),
  )
})

test('a batch that was overtaken by a newer one changes nothing', () => {
  const graph = open([
    { kind: 'node', node: nodeOf('alex') },
    { kind: 'node', node: nodeOf('bob') },
  ])
  const at = (status: EdgeStatus): GraphChange => ({ kind: 'edge', edge: { ...edgeOf(1n, 'alex', 'bob'), status } })
  graph.follow({ changes: [at('active'), at('severed')], height: 8n })
  graph.follow({ changes: [at('active')], height: 5n })
  expect([graph.height, graph.edge(1n)?.status]).toEqual([8n, 'severed'])
})

test('whoever watches hears of changes, once per batch, until it stops', () => {
  const graph = open()
  let heard = 0
  const stop = graph.watch(() => heard++)
  graph.follow({
    changes: [
      { kind: 'node', node: nodeOf('alex') },
      { kind: 'node', node: nodeOf('bob') },
    ],
    height: 1n,
  })
  graph.follow({ changes: [], height: 2n })
  expect([heard, graph.height]).toEqual([1, 2n])
  graph.apply({ kind: 'gone', account: 'bob' })
  stop()
  graph.apply({ kind: 'gone', account: 'alex' })
  expect(heard).toBe(2)
})

test('the other end of an edge is the one that was not asked for', () => {
  const edge = edgeOf(1n, 'alex', 'bob')
  expect([otherEnd(edge, 'alex'), otherEnd(edge, 'bob')]).toEqual(['bob', 'alex'])
})
