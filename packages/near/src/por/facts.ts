// What the contract's views and events say, in the words of @dcml/protocol/por.
import type { EdgeFacts, EdgeParams, GraphChange, NodeFacts } from '@dcml/protocol/por'
import type { Edge, EdgeParams as EdgeTerms, Node, PorEvent } from './por.client.ts'

export const nodeFacts = ({ account, key, endpoint, stake, isolated_at }: Node): NodeFacts => ({
  account,
  key,
  endpoint,
  stake,
  isolatedSince: isolated_at ?? null,
})

export const edgeFacts = (edge: Edge): EdgeFacts => ({
  id: edge.id,
  u: edge.u,
  v: edge.v,
  params: readParams(edge.params),
  status: edge.status,
  activeFrom: edge.active_from ?? null,
  depositU: edge.deposit_u,
  depositV: edge.deposit_v,
  revision: edge.revision,
  endedAt: edge.ended_at ?? null,
})

const readParams = (terms: EdgeTerms): EdgeParams => ({
  latency: terms.latency,
  baseCost: terms.base_cost,
  byteCost: terms.byte_cost,
  minLateRate: terms.min_late_rate,
  maxLateRate: terms.max_late_rate,
  sync: terms.sync,
  maxInflight: terms.max_inflight,
  bytesPerSecond: terms.bytes_per_second,
})

export const tellParams = (params: EdgeParams): EdgeTerms => ({
  latency: params.latency,
  base_cost: params.baseCost,
  byte_cost: params.byteCost,
  min_late_rate: params.minLateRate,
  max_late_rate: params.maxLateRate,
  sync: params.sync,
  max_inflight: params.maxInflight,
  bytes_per_second: params.bytesPerSecond,
})

/** Null for an event that leaves the graph as it is. */
export function changeOf({ event, data }: PorEvent): GraphChange | null {
  if (event === 'node_changed') return { kind: 'node', node: nodeFacts(data.node) }
  if (event === 'node_gone') return { kind: 'gone', account: data.account }
  if (event === 'edge_changed') return { kind: 'edge', edge: edgeFacts(data.edge) }
  return null
}

/**
 * Terms that both ends agreed on and that hold from a later block on: no event tells when that block comes, so the change
 * is told here.
 */
export class ComingTerms {
  readonly #coming = new Map<bigint, Edge>()

  /** The newest that is known of an edge. */
  note(edge: Edge): void {
    if (edge.next) this.#coming.set(edge.id, edge)
    else this.#coming.delete(edge.id)
  }

  /** The edges whose terms changed after one height and up to another. Asking again for the same gives the same. */
  arrived(after: bigint, height: bigint): GraphChange[] {
    const changes: GraphChange[] = []
    for (const [id, { next, ...edge }] of this.#coming) {
      if (!next || next.effective_from <= after) this.#coming.delete(id)
      else if (next.effective_from <= height)
        changes.push({ kind: 'edge', edge: edgeFacts({ ...edge, params: next.params }) })
    }
    return changes
  }
}
