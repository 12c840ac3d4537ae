import {
  accountId,
  choice,
  flag,
  list,
  optional,
  record,
  text,
  u32,
  u64,
  u128,
  type Value,
} from '@dcml/contract-build/contract'
import type { Books } from './books.ts'
import type { Edge } from './edge.ts'
import { MAX_LINKS } from './links.ts'
import type { Node } from './node.ts'
import { key, params } from './schemas.ts'
import { type Params, type Terms, termsOf } from './terms.ts'

/** Most entries of a page, and most numbers that are looked up for one: edges that are settled leave gaps. */
export const MAX_PAGE = 100
export const MAX_SCAN = 500

/** What `node` tells. Times are block times in nanoseconds. */
export const nodeView = record(
  {
    account: accountId,
    key,
    endpoint: text(100),
    stake: u128,
    staked_at: u64,
    version: u64,
    isolated_since: optional(u64),
    isolated_at: optional(u64),
  },
  'Node',
)

/** What `edge` tells. `ended_at`: when the notice of a closing edge is over, or when a severed one was cut. */
export const edgeView = record(
  {
    id: u64,
    u: accountId,
    v: accountId,
    params,
    revision: u32,
    next: optional(record({ params, effective_from: u64 }, 'NextParams')),
    status: choice('pending', 'active', 'closing', 'severed', 'settled'),
    active_from: optional(u64),
    ended_at: optional(u64),
    deposit_u: u128,
    deposit_v: u128,
    paid_u: u128,
    paid_v: u128,
  },
  'Edge',
)

export const nodesPage = record({ nodes: list(nodeView, MAX_PAGE), next: optional(u32) }, 'NodesPage')
export const edgesPage = record({ edges: list(edgeView, MAX_PAGE), next: optional(u64) }, 'EdgesPage')

export const edgeList = list(edgeView, MAX_LINKS)

/** What `is_disconnected` tells; `since` is what downtime counts from. */
export const disconnection = record({ disconnected: flag, since: optional(u64), version: u64 }, 'Disconnection')

type TermsView = Value<typeof params>

export const paramsOf = (given: TermsView): Params => ({
  latency: given.latency,
  baseCost: given.base_cost,
  byteCost: given.byte_cost,
  minLateRate: given.min_late_rate,
  maxLateRate: given.max_late_rate,
  sync: given.sync,
  maxInflight: given.max_inflight,
  bytesPerSecond: given.bytes_per_second,
})

const tellParams = (params: Params): TermsView => ({
  latency: params.latency,
  base_cost: params.baseCost,
  byte_cost: params.byteCost,
  min_late_rate: params.minLateRate,
  max_late_rate: params.maxLateRate,
  sync: params.sync,
  max_inflight: params.maxInflight,
  bytes_per_second: params.bytesPerSecond,
})

export const tellNode = (account: string, node: Node): Value<typeof nodeView> => ({
  account,
  key: node.key,
  endpoint: node.endpoint,
  stake: node.stake,
  staked_at: node.stakedAt,
  version: node.version,
  isolated_since: node.isolated?.since ?? null,
  isolated_at: node.isolated?.at ?? null,
})

export const tellEdge = (
  id: bigint,
  edge: Edge,
  { params, revision, next }: Terms,
  status: Edge['status'] | 'settled' = edge.status,
): Value<typeof edgeView> => ({
  id,
  u: edge.u,
  v: edge.v,
  params: tellParams(params),
  revision,
  next: next && { params: tellParams(next.params), effective_from: next.from },
  status,
  active_from: edge.activeFrom,
  ended_at: edge.endedAt,
  deposit_u: edge.depositU,
  deposit_v: edge.depositV,
  paid_u: edge.paidU,
  paid_v: edge.paidV,
})

/** The view of an edge, or null for one that is settled. */
export function edgeAt(books: Books, height: bigint, id: bigint): Value<typeof edgeView> | null {
  const edge = books.edges.get(`${id}`)
  return edge && tellEdge(id, edge, termsOf(books, id, height))
}

export function nodesFrom(books: Books, from: number, limit: number): Value<typeof nodesPage> {
  const nodes: Value<typeof nodeView>[] = []
  const end = Math.min(books.nextSeat, from + MAX_SCAN)
  let seat = from
  for (; seat < end && nodes.length < Math.min(limit, MAX_PAGE); seat++) {
    const account = books.seats.get(`${seat}`)
    if (account !== null) nodes.push(tellNode(account, books.nodes.get(account) as Node))
  }
  return { nodes, next: seat < books.nextSeat ? seat : null }
}

export function edgesFrom(books: Books, height: bigint, from: bigint, limit: number): Value<typeof edgesPage> {
  const edges: Value<typeof edgeView>[] = []
  const last = from + BigInt(MAX_SCAN)
  const end = last < books.nextEdge ? last : books.nextEdge
  let id = from
  for (; id < end && edges.length < Math.min(limit, MAX_PAGE); id++) {
    const edge = edgeAt(books, height, id)
    if (edge) edges.push(edge)
  }
  return { edges, next: id < books.nextEdge ? id : null }
}
