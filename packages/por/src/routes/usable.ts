// The part of the graph that one request can use, with nodes numbered and edges priced, so that a search is arithmetic.
import type { EdgeFacts } from '@dcml/protocol/por'
import { cost } from '../core/deadlines.ts'
import type { Graph } from './graph.ts'

/** What a route must offer. */
export interface RouteNeeds {
  /** Bytes: of the request’s payload, and of the longest response. */
  readonly payloadLength: number
  readonly maxResponse: number
  /** Most ms from sending to the response, `service` included (§5: 2·ΣL, and what the recipient takes). */
  readonly budget: number
  /** ms that the recipient may take. */
  readonly service: number
  /** Most yoctoNEAR for the whole route. */
  readonly maxCost: bigint
  /** ρ in yoctoNEAR per ms; left out, edges of every range will do. */
  readonly lateRate?: bigint
  /** H: with `lateRate`, edges whose deposits could not pay for being late so many ms are left out. Default 0. */
  readonly hold?: number
  /** Edges to leave out. */
  readonly avoid?: ReadonlySet<bigint>
  /** Measured round trip of an edge in ms. One that takes longer than it promises is taken at what it takes. */
  readonly score?: (edgeId: bigint) => number
}

/** One edge, in the direction that the request goes. */
export interface Hop {
  readonly edge: EdgeFacts
  readonly to: number
  /** ms there and back. */
  readonly time: number
  readonly cost: bigint
}

/** Edges over which the request may leave each node, by the node’s number. */
export interface Usable {
  readonly numberOf: ReadonlyMap<string, number>
  readonly hops: readonly (readonly Hop[])[]
}

export function usable(graph: Graph, needs: RouteNeeds): Usable {
  const { numberOf, links } = linksOf(graph)
  const hops: Hop[][] = Array.from(numberOf, () => [])
  const { now } = graph
  for (const { edge, u, v } of links) {
    if (edge.activeFrom! > now || !serves(edge, needs)) continue
    const time = Math.max(2 * edge.params.latency, needs.score?.(edge.id) ?? 0)
    const price = cost(edge.params, needs.payloadLength, needs.maxResponse)
    hops[u]!.push({ edge, to: v, time, cost: price })
    hops[v]!.push({ edge, to: u, time, cost: price })
  }
  return { numberOf, hops }
}

function serves({ id, params, depositU, depositV }: EdgeFacts, { avoid, lateRate, hold = 0 }: RouteNeeds): boolean {
  if (params.maxInflight === 0 || avoid?.has(id)) return false
  if (lateRate === undefined) return true
  const isInRange = params.minLateRate <= lateRate && lateRate <= params.maxLateRate
  return isInRange && lateRate * BigInt(hold) <= depositU + depositV
}

interface Links {
  readonly revision: number
  readonly numberOf: ReadonlyMap<string, number>
  readonly links: readonly { readonly edge: EdgeFacts; readonly u: number; readonly v: number }[]
}

// Most searches find the graph as the last one did, and numbering it is most of their work.
const known = new WeakMap<Graph, Links>()

/** Edges that connect now, or will once they are past their activation. */
function linksOf(graph: Graph): Links {
  const last = known.get(graph)
  if (last?.revision === graph.revision) return last
  const numberOf = new Map<string, number>()
  for (const { account, isolatedSince } of graph.nodes())
    if (isolatedSince === null) numberOf.set(account, numberOf.size)
  const links: Links['links'][number][] = []
  for (const edge of graph.edges()) {
    const u = numberOf.get(edge.u)
    const v = numberOf.get(edge.v)
    if (edge.status === 'active' && edge.activeFrom !== null && u !== undefined && v !== undefined)
      links.push({ edge, u, v })
  }
  const found = { revision: graph.revision, numberOf, links }
  known.set(graph, found)
  return found
}
