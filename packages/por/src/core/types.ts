// What goes into a node's machine, and what comes out of it. Durations in ms, money in yoctoNEAR; `now` is the node's
// own clock in ms, which never runs backwards and goes on over restarts.
import type { Chain } from '@dcml/protocol'
import type {
  EdgeFacts,
  NodeFacts,
  NodeSigner,
  PorRequest,
  PorResponse,
  PorVoucher,
  SeverCert,
  Signed,
  VerifyNow,
} from '@dcml/protocol/por'
import type { Message } from '../wire/messages.ts'

/** The graph as this node knows it. */
export interface GraphView {
  edge(id: bigint): EdgeFacts | null
  node(account: string): NodeFacts | null
  /** Whether requests may go over an edge: active, and past its activation. */
  connects(id: bigint): boolean
}

/** A silent, lying or late neighbour, as the policy sees it. */
export interface Trouble {
  readonly edgeId: bigint
  readonly requestHash: Uint8Array
  readonly cause: 'no-ack' | 'missed-sync' | 'late' | 'bad-response' | 'bad-proof' | 'underpaid'
  /** ms since the neighbour's budget was over; negative while it is not. */
  readonly lateness: number
  /** What waiting for this request has cost so far, out of pocket. */
  readonly outOfPocket: bigint
  /** What this edge brought in the last hour, less what was lost on it. */
  readonly profit: bigint
}

/** Waits, paying upstream out of pocket, or cuts the edge (§3, §5.4). Asked again at every settlement. */
export type Patience = (trouble: Trouble) => 'wait' | 'sever'

export interface NodeConfig {
  readonly chain: Chain
  /** This node's account; empty for none yet registered. */
  readonly account: string
  /** g. */
  readonly guard: number
  /** Unpaid fees of requests that a neighbour may run up: what it can steal by vanishing. 0: a voucher with each. */
  readonly credit: bigint
  /** A voucher at the latest after so many requests or ms, where there is credit. */
  readonly batch: { readonly requests: number; readonly ms: number }
  /** Late fees that a neighbour may stay behind with before its edge is cut. */
  readonly debtLimit: bigint
  /** Most to pay upstream out of pocket for one request, and for what passes as a neighbour's jitter in an hour. */
  readonly waitCap: bigint
  readonly patience: Patience
  /** Applications that this node answers for, by the name in the request. */
  readonly apps: readonly string[]
  /**
   * Applications for which this node signs nothing that they did not say: no failure where they are late, fault or are not
   * there. Silence costs an edge; for some, a signed failure costs more. Default none.
   */
  readonly mute?: readonly string[]
  /**
   * Bytes of results that are kept for a neighbour to ask for again until their deadline; beyond it the oldest are
   * forgotten early. Default 256 MiB.
   */
  readonly cache?: number
  /** Requests per second that a neighbour may send, and how many at once. */
  readonly rate: { readonly perSecond: number; readonly burst: number }
  /** When settlements of an edge fall, in ms after a multiple of Δ; by default derived from the first request. */
  readonly phase?: (edgeId: bigint) => number
}

/** A request of this node's own. */
export interface Ask {
  readonly request: Signed<PorRequest>
  /** Edges, from this node's own. */
  readonly path: readonly bigint[]
  readonly payload: Uint8Array
  /** H: ms after the soft budget at which the hop must be resolved. */
  readonly hold: number
  /** yoctoNEAR for the whole path. */
  readonly fee: bigint
}

export type Outcome =
  | {
      readonly kind: 'response'
      readonly response: Signed<PorResponse>
      readonly payload: Uint8Array
      readonly holds: readonly number[]
    }
  | {
      readonly kind: 'broken'
      readonly edgeId: bigint
      readonly cert: Signed<SeverCert> | null
      readonly holds: readonly number[]
    }
  /** Before any acknowledgement: nothing was paid, nothing is promised. */
  | { readonly kind: 'refused'; readonly reason: string }

/** New terms, or how to part, signed by one end. */
export type Offer = Extract<Message, { type: 'update' | 'close' }>

export type Input =
  /** The session with the other end of an edge stands; its hello follows as a message. */
  | { readonly kind: 'connected'; readonly edgeId: bigint }
  | { readonly kind: 'disconnected'; readonly edgeId: bigint }
  | { readonly kind: 'message'; readonly edgeId: bigint; readonly message: Message }
  | { readonly kind: 'ask'; readonly ask: Ask }
  /** The local service's answer to a request that came here. */
  | { readonly kind: 'answer'; readonly requestHash: Uint8Array; readonly status: number; readonly payload: Uint8Array }
  /** The local service will not answer it. */
  | { readonly kind: 'unanswered'; readonly requestHash: Uint8Array }
  /** The graph changed at this edge. */
  | { readonly kind: 'edge'; readonly edgeId: bigint }
  /**
   * What this node signed for the other end. It waits for nothing: without a session, or where a parting is not exactly
   * what is due both, with nothing under way, it stays here.
   */
  | { readonly kind: 'offer'; readonly edgeId: bigint; readonly message: Offer }
  /** The operator cuts an edge. */
  | { readonly kind: 'cut'; readonly edgeId: bigint }
  /** Time passed. */
  | { readonly kind: 'wake' }

/** To be carried out in order: what is kept must be durable before what follows is done. */
export type Effect =
  | { readonly kind: 'keep'; readonly record: Kept }
  | { readonly kind: 'send'; readonly edgeId: bigint; readonly message: Message }
  | { readonly kind: 'serve'; readonly request: Signed<PorRequest>; readonly payload: Uint8Array }
  | { readonly kind: 'outcome'; readonly requestHash: Uint8Array; readonly outcome: Outcome }
  /** This node, as requester, was paid for waiting. */
  | { readonly kind: 'late'; readonly requestHash: Uint8Array; readonly amount: bigint }
  | { readonly kind: 'submit'; readonly cert: Signed<SeverCert> }
  /**
   * What the neighbour signed and this node may sign too: new parameters, or the final balances of a closing edge that
   * neither pays on any more.
   */
  | { readonly kind: 'offer'; readonly edgeId: bigint; readonly message: Offer }
  /** The neighbour broke the session's rules; the session is closed. */
  | { readonly kind: 'drop'; readonly edgeId: bigint; readonly code: string }
  | { readonly kind: 'note'; readonly note: Note }

/** For metrics and timelines. */
export interface Note {
  readonly what: 'accepted' | 'acked' | 'late' | 'stalled' | 'paid-late' | 'severed' | 'resolved' | 'refused'
  readonly edgeId: bigint | null
  readonly requestHash: Uint8Array | null
  readonly amount?: bigint
  readonly why?: string
}

/** What a node must know again after a crash. */
export type Kept =
  /** `lateUntil`: up to when, on this node's clock, late fees to this neighbour are paid with it. */
  | { readonly kind: 'sent'; readonly voucher: Signed<PorVoucher>; readonly lateUntil?: number }
  /**
   * `charged`: what the neighbour was charged in all, fees of requests accepted later not included; what it paid beyond
   * is its own to spend. Absent where nothing is left.
   */
  | { readonly kind: 'received'; readonly voucher: Signed<PorVoucher>; readonly charged?: bigint }
  | {
      readonly kind: 'accepted'
      readonly request: Signed<PorRequest>
      /** Edge it came over; null for this node's own. */
      readonly from: bigint | null
      readonly path: readonly bigint[]
      /** When it is late and when it must be resolved towards `from`, on this node's clock. */
      readonly lateAt: number
      readonly resolveBy: number
      readonly fee: bigint
      readonly payload: Uint8Array
    }
  | {
      readonly kind: 'resolved'
      readonly requestHash: Uint8Array
      readonly from: bigint | null
      readonly outcome: Outcome
      /** When it may be forgotten, on this node's clock. */
      readonly until?: number
    }
  | { readonly kind: 'forgotten'; readonly requestHash: Uint8Array; readonly from: bigint | null }
  /** A cut that the graph does not show yet, this node's own or another's. */
  | { readonly kind: 'cut'; readonly cert: Signed<SeverCert> }

/** A node of Proof of Response, without any I/O. */
export interface Machine {
  handle(input: Input, now: number): readonly Effect[]
  /** When `wake` is due next; null for never. */
  readonly nextWake: number | null
  /** All that must survive, newest truth only: replaces every record kept so far. */
  snapshot(): readonly Kept[]
  /** Of one of its edges; null for an edge of others. */
  edge(id: bigint): EdgeBooks | null
  /** Requests under way, here and through here. */
  readonly inflight: number
}

/** Money of one edge, as this node knows it. */
export interface EdgeBooks {
  /** Deposits and vouchers: what this node would be paid if the edge were settled now. */
  readonly balance: bigint
  /** Held back for late fees of requests under way. */
  readonly reserved: bigint
  readonly paid: bigint
  readonly received: bigint
  /** The neighbour's best voucher: what to submit when the edge is settled. */
  readonly best: Signed<PorVoucher> | null
  /** Late fees the neighbour is behind with. */
  readonly debt: bigint
  /** Requests under way towards the neighbour, and from it. */
  readonly outbound: number
  readonly inbound: number
  /** How many more the neighbour takes. */
  readonly window: number
}

/** @param kept what a node of this account kept before, in order */
export type CreateMachine = (
  config: NodeConfig,
  keys: { readonly signer: NodeSigner; readonly verify: VerifyNow },
  graph: GraphView,
  kept?: readonly Kept[],
) => Machine
