// How long a requester looks for its way, in a network of a thousand nodes.
import { buildPartitionProof, findRoute, Graph, stakeWeightedCentre } from '@dcml/por'
import type { EdgeFacts, NodeFacts } from '@dcml/protocol/por'
import { percentile } from './statistics.ts'

type Row = Record<string, string | number>

const NODES = 1000
const EDGES = 10_000
const GOAL = '≤ 20 at p99'
/** More than any route costs. */
const MOST = 10n ** 30n

export function routeRows(quick: boolean): Row[] {
  const count = quick ? 100 : 1000
  const graph = randomGraph()
  const needs = { payloadLength: 256, maxResponse: 1024, service: 0, maxCost: MOST, lateRate: 5n, hold: 30_000 }
  const size = `${NODES.toLocaleString('en')} nodes and ${EDGES.toLocaleString('en')} edges`
  const rows = [1000, 400, 200].map((budget): Row => {
    let found = 0
    const times = timed(count, (at) => {
      if (findRoute(graph, nameOf(at * 37), nameOf(at * 91 + 500), { ...needs, budget })) found++
    })
    return {
      what: `route within ${budget} ms over ${size}, ms`,
      ...times,
      goal: GOAL,
      beside: `found: ${found}/${count}`,
    }
  })
  const changed = timed(count / 10, (at) => {
    graph.apply({ kind: 'edge', edge: graph.edge(BigInt(at))! })
    findRoute(graph, nameOf(at), nameOf(at + 500), { ...needs, budget: 1000 })
  })
  const alone = 'alone.near'
  graph.apply({ kind: 'node', node: nodeOf(alone) })
  const proof = timed(count / 10, () => buildPartitionProof(graph, alone))
  const centre = timed(3, () => stakeWeightedCentre(graph))
  return [
    ...rows,
    { what: 'route within 1000 ms, the graph having changed, ms', ...changed, goal: GOAL, beside: '' },
    { what: `partition proof over ${size}, ms`, ...proof, goal: '', beside: '' },
    { what: `stake-weighted centre of ${size}, ms`, ...centre, goal: '', beside: '' },
  ]
}

function timed(count: number, work: (at: number) => void): { figure: string } {
  const times = Array.from({ length: count }, (_, at) => {
    const began = performance.now()
    work(at)
    return performance.now() - began
  })
  return { figure: `p50 ${percentile(times, 0.5).toFixed(1)}, p99 ${percentile(times, 0.99).toFixed(1)}` }
}

const nameOf = (at: number): string => `node-${at % NODES}.near`

const nodeOf = (account: string): NodeFacts => ({
  ...{ account, key: new Uint8Array(32), endpoint: '', stake: 10n ** 24n, isolatedSince: null },
})

function randomGraph(): Graph {
  let state = 1
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
  const edges = Array.from({ length: EDGES }, (_, id): EdgeFacts => {
    const from = id < NODES ? id : below(NODES)
    const by = id < NODES ? 1 : 1 + below(NODES - 1)
    const params = {
      ...{ latency: 5 + below(195), baseCost: BigInt(1 + below(1_000_000)) * 10n ** 12n, byteCost: 10n ** 9n },
      ...{ minLateRate: 0n, maxLateRate: 10n ** 24n, sync: 1000, maxInflight: 256, bytesPerSecond: 0 },
    }
    const ends = { id: BigInt(id), u: nameOf(from), v: nameOf(from + by) }
    return { ...ends, params, status: 'active', activeFrom: 0n, depositU: 10n ** 24n, depositV: 10n ** 24n }
  })
  const nodes = Array.from({ length: NODES }, (_, at) => nodeOf(nameOf(at)))
  return Graph.from({ nodes, edges, height: 1n }, () => 1n)
}
