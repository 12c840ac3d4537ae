// A contract in memory for tests of real nodes: it keeps the graph, checks what it is given, and moves no money.
import { DcmlError, equalBytes } from '@dcml/protocol'
import {
  type CloseOffer,
  closeOffer,
  type EdgeFacts,
  type EdgeParams,
  type EdgeUpdate,
  edgeUpdate,
  type GraphChange,
  type Kind,
  type NodeFacts,
  type PorChain,
  type PorVoucher,
  porVoucher,
  requireSigned,
  type SeverCert,
  type Signed,
  severCert,
} from '@dcml/protocol/por'
import { createVerify } from '../keys.ts'

const NEAR = 10n ** 24n

/** An edge on one machine: quick, cheap, and settled often. */
export const LOCAL: EdgeParams = {
  latency: 100,
  baseCost: 10n ** 18n,
  byteCost: 10n ** 14n,
  minLateRate: 0n,
  maxLateRate: 10n ** 21n,
  sync: 200,
  maxInflight: 1024,
  bytesPerSecond: 0,
}

export class MemoryChain implements PorChain {
  readonly chain = { networkId: 'testnet', contract: 'por.testnet' }
  readonly vouchers: Signed<PorVoucher>[] = []
  readonly severed: Signed<SeverCert>[] = []
  readonly closed: CloseOffer[] = []
  /** ms of notice before an edge may be closed by both. */
  notice = 0
  /** Calls of `sever` that fail before one succeeds. */
  outages = 0
  readonly #nodes = new Map<string, NodeFacts>()
  readonly #edges = new Map<bigint, EdgeFacts>()
  readonly #log: GraphChange[] = []
  readonly #verify = createVerify()

  put(change: GraphChange): void {
    if (change.kind === 'node') this.#nodes.set(change.node.account, change.node)
    else if (change.kind === 'edge') this.#edges.set(change.edge.id, change.edge)
    this.#log.push(change)
  }

  register(account: string, key: Uint8Array, endpoint = ''): void {
    this.put({ kind: 'node', node: { account, key, endpoint, stake: 10n * NEAR, isolatedSince: null } })
  }

  open(id: bigint, u: string, v: string, params: Partial<EdgeParams> = {}): void {
    const deposits = { depositU: 10n * NEAR, depositV: 10n * NEAR }
    const edge = { id, u, v, params: { ...LOCAL, ...params }, status: 'active', activeFrom: 0n, ...deposits } as const
    this.put({ kind: 'edge', edge })
  }

  edge(id: bigint): EdgeFacts {
    return this.#edges.get(id)!
  }

  change(id: bigint, change: Partial<EdgeFacts>): void {
    this.put({ kind: 'edge', edge: { ...this.edge(id), ...change } })
  }

  async graph() {
    return { nodes: [...this.#nodes.values()], edges: [...this.#edges.values()], height: BigInt(this.#log.length) }
  }

  async changes(after: bigint) {
    return { changes: this.#log.slice(Number(after)), height: BigInt(this.#log.length) }
  }

  async sever(cert: Signed<SeverCert>): Promise<void> {
    if (this.outages-- > 0)
      throw new DcmlError('rpc_unreachable', 'No node answers.', { hint: 'Try again.', retryable: true })
    const { edgeId, domain } = cert.body
    const { u, v, status } = this.edge(edgeId)
    const key = [u, v].map((account) => this.#nodes.get(account)!.key).find((each) => equalBytes(each, domain.subject))!
    requireSigned(severCert, cert, this.chain, key, this.#verify)
    if (status === 'severed') return
    this.severed.push(cert)
    this.change(edgeId, { status: 'severed' })
  }

  async submitVoucher(voucher: Signed<PorVoucher>): Promise<void> {
    requireSigned(porVoucher, voucher, this.chain, voucher.body.domain.subject, this.#verify)
    this.vouchers.push(voucher)
  }

  async settle(edgeId: bigint): Promise<void> {
    this.change(edgeId, { status: 'settled' })
  }

  async updateEdge(byU: Signed<EdgeUpdate>, byV: Signed<EdgeUpdate>): Promise<void> {
    this.#requireBoth(edgeUpdate, byU, byV)
    const { edgeId, params, revision } = byU.body
    this.change(edgeId, { params, revision })
  }

  async startClose(edgeId: bigint): Promise<void> {
    this.change(edgeId, { status: 'closing', endedAt: BigInt(Date.now() + this.notice) * 1_000_000n })
  }

  async cooperativeClose(byU: Signed<CloseOffer>, byV: Signed<CloseOffer>): Promise<void> {
    this.#requireBoth(closeOffer, byU, byV)
    this.closed.push(byU.body)
    this.change(byU.body.edgeId, { status: 'settled' })
  }

  /** Both ends of the edge signed the same. */
  #requireBoth<T extends CloseOffer | EdgeUpdate>(kind: Kind<T>, byU: Signed<T>, byV: Signed<T>): void {
    const { u, v } = this.edge(byU.body.edgeId)
    requireSigned(kind, byU, this.chain, this.#nodes.get(u)!.key, this.#verify)
    const { domain } = byV.body
    requireSigned(kind, { ...byV, body: { ...byU.body, domain } }, this.chain, this.#nodes.get(v)!.key, this.#verify)
  }

  async reportPartition({ cut }: { readonly cut: readonly string[] }): Promise<void> {
    for (const account of cut)
      this.put({ kind: 'node', node: { ...this.#nodes.get(account)!, isolatedSince: BigInt(Date.now()) * 1_000_000n } })
  }

  async disconnectedSince(account: string): Promise<bigint | null> {
    return this.#nodes.get(account)?.isolatedSince ?? null
  }
}
