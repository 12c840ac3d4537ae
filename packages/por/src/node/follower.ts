import type { GraphChange, PorChain } from '@dcml/protocol/por'
import type { Logger } from 'pino'
import type { Graph } from '../routes/graph.ts'

export interface FollowerOptions {
  readonly chain: PorChain
  readonly graph: Graph
  /** ms between two looks at the chain. */
  readonly period: number
  readonly log: Logger
  /** The graph changed at these edges, or at nodes only. */
  changed(edges: readonly bigint[]): void
}

/** Keeps a graph up with its contract, whoever asks first. */
export class Follower {
  readonly #o: FollowerOptions
  /** The chain, for others who ask it for changes: the node hears of them too. */
  readonly chain: PorChain
  #timer: ReturnType<typeof setTimeout> | undefined
  #closed = false

  constructor(options: FollowerOptions) {
    this.#o = options
    const { chain } = options
    this.chain = {
      chain: chain.chain,
      graph: () => chain.graph(),
      changes: (after) => this.#changes(after),
      sever: (cert) => chain.sever(cert),
      submitVoucher: (voucher) => chain.submitVoucher(voucher),
      updateEdge: (byU, byV) => chain.updateEdge(byU, byV),
      startClose: (edgeId) => chain.startClose(edgeId),
      cooperativeClose: (byU, byV) => chain.cooperativeClose(byU, byV),
      settle: (edgeId) => chain.settle(edgeId),
      reportPartition: (proof) => chain.reportPartition(proof),
      disconnectedSince: (account) => chain.disconnectedSince(account),
    }
    this.#later()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  async #changes(after: bigint): Promise<{ readonly changes: readonly GraphChange[]; readonly height: bigint }> {
    const { chain, graph, changed } = this.#o
    const news = await chain.changes(after)
    if (this.#closed) return news
    graph.follow(news)
    if (news.changes.length > 0)
      changed(news.changes.flatMap((change) => (change.kind === 'edge' ? [change.edge.id] : [])))
    return news
  }

  #later(): void {
    this.#timer = setTimeout(() => this.#look(), this.#o.period)
  }

  async #look(): Promise<void> {
    try {
      await this.#changes(this.#o.graph.height)
    } catch (err) {
      this.#o.log.warn({ err }, 'the chain does not say what changed')
    }
    if (!this.#closed) this.#later()
  }
}
