// What the parts of the machine share: what it was made with, what it knows, and the effects of the turn.
import type { NodeSigner, PorResponse, SeverCert, Signed, VerifyNow } from '@dcml/protocol/por'
import type { Arrivals, Edge } from './edges.ts'
import type { Hop } from './hops.ts'
import type { Timer, Timers } from './timers.ts'
import type { Effect, GraphView, NodeConfig, Note } from './types.ts'

/** A request that this node answers, and what the local service said; null while it works. */
export interface Serving {
  readonly hash: Uint8Array
  readonly maxResponse: number
  /** Whether only the application may fail it. */
  readonly isMute: boolean
  /** By whom it came: the last hop of each edge. */
  readonly hops: Map<bigint, Hop>
  /** Whether the local service has it. */
  isAsked: boolean
  answer: { readonly response: Signed<PorResponse>; readonly payload: Uint8Array } | null
  readonly timer: Timer
}

export interface Core {
  readonly config: NodeConfig
  readonly signer: NodeSigner
  readonly verify: VerifyNow
  readonly graph: GraphView
  readonly timers: Timers
  readonly edges: Map<bigint, Edge>
  /** This node's own requests. */
  readonly own: Arrivals
  /** Cuts that the graph does not show yet, by edge. */
  readonly certs: Map<bigint, Signed<SeverCert>>
  /** Since when edges are closing, where this node saw it happen. */
  readonly closing: Map<bigint, number>
  /** By hash of the request, beyond the hops that brought it: the next may come over another path. */
  readonly served: Map<string, Serving>
  /** Edges whose late fees this turn booked: what was charged there is kept when it ends. */
  readonly credited: Set<Edge>
  out: Effect[]
}

/** Key registered for an account; of no length where there is none. */
export const keyOf = (core: Core, account: string): Uint8Array => core.graph.node(account)?.key ?? new Uint8Array()

/** Where a request is listed: with the neighbour that sent it, or with this node's own. */
export const arrivalsOf = (core: Core, from: Edge | null): Arrivals => from ?? core.own

export function note(core: Core, what: Note['what'], edge: Edge | null, hop: Hop | null, more?: Partial<Note>): void {
  core.out.push({
    kind: 'note',
    note: { what, edgeId: edge?.id ?? null, requestHash: hop?.hash ?? null, ...more },
  })
}
