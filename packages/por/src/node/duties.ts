// What a node owes the chain (§3, §4): a cut that it knows of is carried out, and its own money is fetched.
import { toHex } from '@dcml/protocol'
import type { EdgeStatus, PorChain, PorVoucher, SeverCert, Signed } from '@dcml/protocol/por'
import type { Logger } from 'pino'
import type { Graph } from '../routes/graph.ts'
import { Retries } from './retries.ts'

export interface DutiesOptions {
  readonly chain: PorChain
  readonly graph: Graph
  readonly account: string
  readonly log: Logger
  /** Best voucher received on an edge. */
  best(edgeId: bigint): Signed<PorVoucher> | null
}

/** Longest ms between two attempts: a cut concerns everybody, the end of a challenge period is a day away. */
const MINUTE = 60_000
const TEN_MINUTES = 10 * MINUTE

const OVER: ReadonlySet<EdgeStatus | undefined> = new Set(['severed', 'settled', undefined])

export class Duties {
  readonly #o: DutiesOptions
  readonly #retries: Retries
  /** Totals that the contract was given, by edge. */
  readonly #submitted = new Map<bigint, bigint>()
  readonly #claims = new Map<bigint, Promise<boolean>>()

  constructor(options: DutiesOptions) {
    this.#o = options
    this.#retries = new Retries(options.log)
  }

  /** Submits a certificate until the chain shows the edge cut: one that nobody submits would excuse silence for free. */
  carryOut(cert: Signed<SeverCert>): void {
    const { chain, graph } = this.#o
    const { edgeId } = cert.body
    // each signer's certificate counts for itself: a forged one must not stand in the way of a genuine one
    this.#retries.until(`sever ${edgeId} ${toHex(cert.body.domain.subject)}`, MINUTE, async () => {
      if (OVER.has(graph.edge(edgeId)?.status)) return true
      await chain.sever(cert)
      return false
    })
  }

  /** Looks at which of the node's edges are ending: what was paid on them is submitted, and they are settled. */
  review(): void {
    const { graph, account } = this.#o
    for (const { id, status } of graph.edgesOf(account))
      if (status === 'closing' || status === 'severed') {
        // a closing edge still earns, so there may be better vouchers
        this.#retries.until(`claim ${id}`, MINUTE, () => this.#claim(id))
        this.#retries.until(`settle ${id}`, TEN_MINUTES, () => this.#settle(id))
      }
  }

  close(): void {
    this.#retries.close()
  }

  /** Submits the best voucher, once however many ask. @returns whether the edge is settled */
  #claim(edgeId: bigint): Promise<boolean> {
    const claim = this.#claims.get(edgeId) ?? this.#submit(edgeId).finally(() => this.#claims.delete(edgeId))
    this.#claims.set(edgeId, claim)
    return claim
  }

  async #submit(edgeId: bigint): Promise<boolean> {
    const { chain, graph, best: bestOf } = this.#o
    const best = bestOf(edgeId)
    if (graph.edge(edgeId)?.status === 'settled') return true
    if (best !== null && best.body.total > (this.#submitted.get(edgeId) ?? 0n)) {
      await chain.submitVoucher(best)
      this.#submitted.set(edgeId, best.body.total)
    }
    return false
  }

  /** After the voucher. Asking before the time is free: the chain looks before it sends. */
  async #settle(edgeId: bigint): Promise<boolean> {
    if (await this.#claim(edgeId)) return true
    await this.#o.chain.settle(edgeId)
    return false
  }
}
