// Whether this node takes a request on (specification §3, "Accept checks"). Whoever accepts is liable from then on, so
// everything that the rest of the path could object to is checked here, as far as this node can know it.

import { DcmlError, equalBytes } from '@dcml/protocol'
import { type EdgeFacts, type PorRequest, porRequest, requireSigned, type Signed } from '@dcml/protocol/por'
import { sha256 } from '@noble/hashes/sha2.js'
import { MAX_HOPS, MAX_RESPONSE, type Refusal } from '../wire/messages.ts'
import { type Core, keyOf } from './core.ts'
import { type Budget, cost, roundTrip, suffices } from './deadlines.ts'
import { depositsOf, type Edge } from './edges.ts'

export interface Candidate {
  readonly request: Signed<PorRequest>
  readonly from: Edge | null
  readonly to: Edge | null
  /** The edges before and after this node; `from` first where there is one. */
  readonly edges: readonly EdgeFacts[]
  /** What the sender has left, and pays. */
  readonly budget: Budget
  readonly fee: bigint
  readonly payload: Uint8Array
}

/** A path as the graph shows it: edges to the recipient, or one that is gone, or why it is none. */
export type Walk =
  | { readonly kind: 'open'; readonly edges: readonly EdgeFacts[] }
  | { readonly kind: 'gone'; readonly edgeId: bigint }
  | { readonly kind: 'none'; readonly why: Refusal }

export const isGone = (core: Core, id: bigint): boolean => {
  const status = core.graph.edge(id)?.status
  return status === 'severed' || status === 'settled' || core.certs.has(id)
}

/** ms for which whoever did not see yet that an edge closes may still send over it; far less than the notice of closing. */
const NEWS = 60_000

/**
 * Whether a neighbour's request may go over an edge: it takes up requests before it hears that an edge closes, and would
 * have to cut the way to a node that refuses them for it.
 */
export function takes(core: Core, id: bigint, now: number): boolean {
  const since = core.graph.edge(id)?.status === 'closing' ? core.closing.get(id) : undefined
  return core.graph.connects(id) || (since !== undefined && now - since <= NEWS)
}

/**
 * Follows a path from this node to the recipient.
 * @param isOpen whether an edge that is not gone takes requests
 */
export function walk(
  core: Core,
  path: readonly bigint[],
  recipient: string,
  cameFrom: string | null,
  isOpen = (id: bigint): boolean => core.graph.connects(id),
): Walk {
  const edges: EdgeFacts[] = []
  const visited = new Set([core.config.account, cameFrom])
  let at = core.config.account
  let why: Refusal | null = path.length > MAX_HOPS ? 'stale' : null
  let gone: bigint | null = null
  for (const id of path) {
    const facts = core.graph.edge(id)
    if (facts === null || (facts.u !== at && facts.v !== at)) return { kind: 'none', why: 'stale' }
    at = facts.u === at ? facts.v : facts.u
    if (visited.has(at)) return { kind: 'none', why: 'stale' }
    visited.add(at)
    if (isGone(core, id)) gone ??= id
    else if (!isOpen(id)) why ??= facts.status === 'closing' ? 'closing' : 'stale'
    edges.push(facts)
  }
  if (at !== recipient) return { kind: 'none', why: 'stale' }
  if (gone !== null) return { kind: 'gone', edgeId: gone }
  return why === null ? { kind: 'open', edges } : { kind: 'none', why }
}

/** Whether its author signed this request, and its payload with it. */
export function isAuthentic(core: Core, { request, payload }: Pick<Candidate, 'request' | 'payload'>): Refusal | null {
  const { body } = request
  if (body.payloadLength !== payload.length || body.maxResponse > MAX_RESPONSE) return 'payload'
  if (!equalBytes(body.payloadHash, sha256(payload))) return 'payload'
  if (!equalBytes(body.recipientKey, keyOf(core, body.recipient))) return 'stale'
  try {
    requireSigned(porRequest, request, core.config.chain, keyOf(core, body.requester), core.verify)
    return null
  } catch (error) {
    if (DcmlError.isInstance(error)) return 'signature'
    throw error
  }
}

/** Whether time, fee and rate suit every edge of the path. */
export function isPriced(core: Core, { request, edges, budget, fee }: Candidate): Refusal | null {
  const { payloadLength, maxResponse, lateRate, service } = request.body
  const params = edges.map((edge) => edge.params)
  // The node at the far end of each edge keeps a guard.
  if (!suffices(budget, roundTrip(params, service), edges.length, core.config.guard)) return 'budget'
  if (fee < params.reduce((sum, edge) => sum + cost(edge, payloadLength, maxResponse), 0n)) return 'fee'
  if (params.some((edge) => lateRate < edge.minLateRate || lateRate > edge.maxLateRate)) return 'fee'
  return null
}

/** Whether there is room and money for it, here and at the next node. */
export function isAffordable(core: Core, { request, from, to, edges, budget, fee }: Candidate): Refusal | null {
  const { payloadLength, maxResponse, lateRate } = request.body
  const held = lateRate * BigInt(budget.hard - budget.soft)
  const inbound = from === null ? null : edges[0]!.params
  const next = to === null ? null : edges[from === null ? 0 : 1]!.params
  if (from !== null && from.open.size >= inbound!.maxInflight) return 'window'
  if (from !== null && from.ledger.free(depositsOf(core, from)) < held) return 'reserve'
  if (to === null) return null
  const onwardFee = inbound === null ? fee : fee - cost(inbound, payloadLength, maxResponse)
  if (to.ledger.free(depositsOf(core, to)) < onwardFee) return 'reserve'
  const hold = budget.hard - budget.soft - (from === null ? 0 : core.config.guard)
  if (to.ledger.theirFree(depositsOf(core, to)) + onwardFee < lateRate * BigInt(hold)) return 'reserve'
  // Paying upstream more often than being paid is a risk this node takes up to its cap (paper §5.3).
  const ahead = inbound === null ? 0 : next!.sync - inbound.sync
  return ahead > 0 && lateRate * BigInt(ahead) > core.config.waitCap ? 'reserve' : null
}
