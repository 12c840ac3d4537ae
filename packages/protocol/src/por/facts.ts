// What the contract knows, as its views tell it. The names are the contract's.
import type { Chain } from '../domain.ts'
import type { Signed } from './kinds.ts'
import type { CloseOffer, EdgeParams, EdgeUpdate, PorVoucher, SeverCert } from './objects.ts'

export interface NodeFacts {
  readonly account: string
  /** Ed25519 node key of 32 bytes. */
  readonly key: Uint8Array
  /** `host:port`, empty for a node that only dials. */
  readonly endpoint: string
  /** yoctoNEAR. */
  readonly stake: bigint
  /** Since when it is proven to be cut off, in ns since 1970; null while it is not. */
  readonly isolatedSince: bigint | null
}

/** Only an `active` edge connects. A severed or closing one is `settled` when its deposits are paid out. */
export type EdgeStatus = 'pending' | 'active' | 'closing' | 'severed' | 'settled'

export interface EdgeFacts {
  readonly id: bigint
  /** Accounts: u opened, v confirmed. */
  readonly u: string
  readonly v: string
  readonly params: EdgeParams
  readonly status: EdgeStatus
  /** Connects from then on, in ns since 1970; null while it is pending. */
  readonly activeFrom: bigint | null
  /** yoctoNEAR. */
  readonly depositU: bigint
  readonly depositV: bigint
  /** Of the last change of its terms that both signed; 0 before the first, and where nobody tells. */
  readonly revision?: number
  /** When the notice of a closing edge is over, or when a severed one was cut, in ns since 1970; null before. */
  readonly endedAt?: bigint | null
}

/** The graph as of a block. */
export interface GraphFacts {
  readonly nodes: readonly NodeFacts[]
  readonly edges: readonly EdgeFacts[]
  /** Height of the block it is read at. */
  readonly height: bigint
}

/** One change of the graph, from the contract's events. */
export type GraphChange =
  | { readonly kind: 'node'; readonly node: NodeFacts }
  | { readonly kind: 'edge'; readonly edge: EdgeFacts }
  | { readonly kind: 'gone'; readonly account: string }

/**
 * That nobody in `cut` is in a part of the graph with most stake: no active edge leaves `cut`, `tree` connects
 * `witness`, the two share no node, and `witness` has more stake (§2, with the certificate that the paper leaves open).
 */
export interface PartitionProof {
  readonly cut: readonly string[]
  readonly witness: readonly string[]
  /** Ids of edges. Node n+1 of `witness` hangs by edge n on one of the nodes before it. */
  readonly tree: readonly bigint[]
}

/** The contract, as nodes use it. Amounts in yoctoNEAR; every call throws `DcmlError` where the contract refuses. */
export interface PorChain {
  readonly chain: Chain
  /** The whole graph. */
  graph(): Promise<GraphFacts>
  /** What changed after a height, and the height that this is up to. */
  changes(after: bigint): Promise<{ readonly changes: readonly GraphChange[]; readonly height: bigint }>
  /** Carries out a cut. Done already is done. */
  sever(cert: Signed<SeverCert>): Promise<void>
  submitVoucher(voucher: Signed<PorVoucher>): Promise<void>
  updateEdge(byU: Signed<EdgeUpdate>, byV: Signed<EdgeUpdate>): Promise<void>
  startClose(edgeId: bigint): Promise<void>
  cooperativeClose(byU: Signed<CloseOffer>, byV: Signed<CloseOffer>): Promise<void>
  /** Asked before its time it costs no gas: `por_too_early`, as `cooperativeClose`. */
  settle(edgeId: bigint): Promise<void>
  reportPartition(proof: PartitionProof): Promise<void>
  /** Since when, in ns since 1970; null for a connected node. */
  disconnectedSince(account: string): Promise<bigint | null>
}
