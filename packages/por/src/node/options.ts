// What a node is started with, and what it then is to its operator.
import type { DcmlError } from '@dcml/protocol'
import type { EdgeParams, EdgeStatus, EdgeUpdate, PorChain } from '@dcml/protocol/por'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import type { EdgeBooks, NodeConfig } from '../core/types.ts'
import type { Asker } from '../requester/asker.ts'
import type { IsolateResult } from '../requester/isolate.ts'
import type { RequestOptions } from '../requester/options.ts'
import type { RequestResult } from '../requester/request.ts'
import type { Graph } from '../routes/graph.ts'
import type { Handler } from './apps.ts'
import type { SessionLimits } from './limits.ts'
import type { UpdatePolicy } from './offers-update.ts'

export interface NodeOptions {
  /** The contract; `@dcml/near` makes one over RPC. */
  readonly chain: PorChain
  /** Seed of the node's Ed25519 key, 32 secret bytes. */
  readonly key: Uint8Array
  /** NEAR account that the node is registered under. */
  readonly account: string
  /** Where neighbours reach it; port 0 for any. Without it the node dials only. */
  readonly listen?: { readonly host: string; readonly port: number }
  /** Folder of this node alone. What is lost there is lost money. */
  readonly store: string
  readonly config?: Partial<Omit<NodeConfig, 'chain' | 'account' | 'apps'>>
  readonly limits?: Partial<SessionLimits>
  /** What it answers, by the name of the application in the request, beside `dcml/ping`. */
  readonly apps?: Readonly<Record<string, Handler>>
  /** Which new terms of its edges it takes up by itself. Default: none, the operator does. */
  readonly acceptUpdate?: UpdatePolicy
  /** ms between two looks at the chain. Default 1,000. */
  readonly poll?: number
  readonly log?: Logger
  readonly metrics?: Registry
}

/** One of the node's edges. */
export interface OwnEdge {
  readonly id: bigint
  /** Account at the other end. */
  readonly peer: string
  readonly status: EdgeStatus
  readonly connected: boolean
  readonly params: EdgeParams
  /** Null until something was under way on it. */
  readonly books: EdgeBooks | null
  /** New terms that the other end offers; null where none stand. */
  readonly offered: EdgeUpdate | null
}

export interface PorNode {
  readonly account: string
  /** Where it listens; null where it dials only. */
  readonly address: { readonly host: string; readonly port: number } | null
  readonly graph: Graph
  /** For what the main entry asks through a node, such as `reclaim`. */
  readonly asker: Asker
  /** Exactly one of a response and a broken edge. @throws DcmlError as `request` of the main entry, `por_node_closed` */
  request(target: string, payload: Uint8Array, options: RequestOptions): Promise<RequestResult>
  /** A response, or the target cut off, provably. @throws DcmlError as `isolate` of the main entry, `por_node_closed` */
  isolate(target: string, payload: Uint8Array, options: RequestOptions): Promise<IsolateResult>
  /** Edges that are not settled. */
  edges(): readonly OwnEdge[]
  /** Cuts an edge, at the price of half the penalty; requests on it end with the proof. */
  cut(edgeId: bigint): void
  /**
   * Offers the other end of an active edge new terms, while this node runs, until it takes them up or they lapse. An offer
   * cannot be taken back.
   * @param effectiveFrom block from which they hold; by default about an hour ahead, which is what the other end has to
   *   accept @throws DcmlError `por_edge_inactive`, `por_params_invalid`, `por_offer_lapsed` for a block too near
   */
  offerUpdate(edgeId: bigint, params: EdgeParams, effectiveFrom?: bigint): EdgeUpdate
  /**
   * Takes up what the other end offers, and brings it to the chain.
   * @param terms `paramsHash` of the terms that were looked at: another offer may have come since
   * @throws DcmlError `por_offer_unknown`, `por_edge_inactive`, and what the chain throws
   */
  acceptUpdate(edgeId: bigint, terms: Uint8Array): Promise<EdgeUpdate>
  /** Resolves with an error code's `DcmlError` where the node had to stop by itself, with null after `close`. */
  readonly stopped: Promise<DcmlError | null>
  /** Stops; what is under way goes on when it is started again from the same store. */
  close(): Promise<void>
}
