import type { PartitionProof } from '@dcml/protocol/por'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { graphs, nameOf } from './arbitrary.ts'
import { Graph } from './graph.ts'
import { buildPartitionProof } from './partition.ts'
import { edgeOf, nodeOf } from './samples.ts'

const stakeOf = (graph: Graph, accounts: readonly string[]): bigint =>
  accounts.reduce((sum, account) => sum + graph.node(account)!.stake, 0n)

/** What the contract checks: nothing leaves `cut`, `tree` joins `witness`, they are apart, and `witness` weighs more. */
function requireAccepted(graph: Graph, { cut, witness, tree }: PartitionProof): void {
  for (const account of cut)
    for (const { id, u, v } of graph.edgesOf(account))
      if (graph.isActive(id)) expect([cut.includes(u), cut.includes(v)]).toEqual([true, true])
  for (const [at, account] of cut.entries()) {
    const joined = [...graph.edgesOf(account)].filter(({ id }) => graph.isActive(id)).flatMap(({ u, v }) => [u, v])
    if (at > 0) expect(cut.slice(0, at).some((before) => joined.includes(before))).toBe(true)
  }
  expect(new Set([...cut, ...witness]).size).toBe(cut.length + witness.length)
  expect(tree).toHaveLength(witness.length - 1)
  for (const [at, id] of tree.entries()) {
    const { u, v } = graph.edge(id)!
    expect(graph.isActive(id)).toBe(true)
    const child = witness[at + 1]!
    expect([u, v]).toContain(child)
    expect(witness.slice(0, at + 1)).toContain(u === child ? v : u)
  }
  expect(stakeOf(graph, witness)).toBeGreaterThan(stakeOf(graph, cut))
}

/** Parts of the graph by joining the ends of every active edge until nothing changes. */
function parts(graph: Graph): string[][] {
  const label = new Map([...graph.nodes()].map(({ account }) => [account, account]))
  for (let isMoving = true; isMoving; ) {
    isMoving = false
    for (const { id, u, v } of graph.edges()) {
      if (!graph.isActive(id) || label.get(u) === label.get(v)) continue
      const [least] = [label.get(u)!, label.get(v)!].sort() as [string, string]
      label.set(u, least).set(v, least)
      isMoving = true
    }
  }
  return [...Map.groupBy(label.keys(), (account) => label.get(account)!).values()]
}

test('I18: there is a proof about exactly the nodes outside every part with most stake, and the contract takes it', () => {
  let proven = 0
  fc.assert(
    fc.property(graphs({ nodes: { min: 2, max: 12 }, edges: { max: 16 } }), (graph) => {
      const all = parts(graph)
      const most = all.map((part) => stakeOf(graph, part)).sort((a, b) => Number(b - a))[0]!
      for (const part of all)
        for (const account of part) {
          const proof = buildPartitionProof(graph, account)
          expect(proof === null).toBe(stakeOf(graph, part) === most)
          if (proof === null) continue
          expect(proof.cut[0]).toBe(account)
          expect([...proof.cut].sort()).toEqual([...part].sort())
          requireAccepted(graph, proof)
          proven++
        }
    }),
    { numRuns: 300 },
  )
  expect(proven).toBeGreaterThan(100)
})

test('the witness is no larger than it needs to be', () => {
  const accounts = Array.from({ length: 30 }, (_, index) => nameOf(index))
  const edges = accounts.slice(1).map((account, at) => edgeOf(BigInt(at + 1), accounts[0]!, account))
  const nodes = [
    nodeOf('alone', 5n),
    nodeOf(accounts[0]!, 1n),
    ...accounts.slice(1).map((account) => nodeOf(account, 2n)),
  ]
  const graph = Graph.from({ nodes, edges, height: 1n }, () => 1n)
  expect(buildPartitionProof(graph, 'alone')).toMatchObject({ cut: ['alone'], witness: { length: 4 } })
})

test('a tie cuts nobody off, and neither does a stranger', () => {
  const graph = Graph.from({ nodes: [nodeOf('a'), nodeOf('b')], edges: [], height: 1n }, () => 1n)
  expect(buildPartitionProof(graph, 'a')).toBeNull()
  expect(buildPartitionProof(graph, 'b')).toBeNull()
  expect(() => buildPartitionProof(graph, 'c')).toThrowError(expect.objectContaining({ code: 'por_unknown_node' }))
})
