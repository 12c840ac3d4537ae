// How two ends part (specification §4): with the balances that both sign, an edge that closes is paid out as soon as its
// notice is over, instead of after the time for vouchers. Where one of them does not sign, nothing is lost but that time.
import {
  type CloseOffer,
  closeOffer,
  type EdgeFacts,
  type NodeSigner,
  type PorChain,
  type Signed,
  sign,
} from '@dcml/protocol/por'
import type { Logger } from 'pino'
import type { EdgeBooks, Offer } from '../core/types.ts'
import type { Graph } from '../routes/graph.ts'
import { Retries } from './retries.ts'

export interface CloseOffersOptions {
  readonly chain: PorChain
  readonly graph: Graph
  readonly account: string
  readonly signer: NodeSigner
  readonly log: Logger
  books(edgeId: bigint): EdgeBooks | null
  /** To the neighbour, if the machine still holds the balances for final. */
  send(edgeId: bigint, offer: Offer): void
}

const MINUTE = 60_000
/** ns that v leaves to u: two who offer and bring the same at once pay for two transactions. */
const HEAD_START = 30_000_000_000n
/** Most that a neighbour may put off what it offers. */
const LATEST = 1_000n

interface Parting {
  readonly byU: Signed<CloseOffer>
  readonly byV: Signed<CloseOffer>
}

export class CloseOffers {
  readonly #o: CloseOffersOptions
  readonly #retries: Retries
  /** What this node signed last, by edge, and what both signed. */
  readonly #mine = new Map<bigint, Signed<CloseOffer>>()
  readonly #partings = new Map<bigint, Parting>()

  constructor(options: CloseOffersOptions) {
    this.#o = options
    this.#retries = new Retries(options.log)
  }

  /** Offers to part wherever an edge closes, until it is over. */
  review(): void {
    const { graph, account } = this.#o
    for (const { id, status } of graph.edgesOf(account))
      if (status === 'closing') this.#retries.until(`offer to close ${id}`, MINUTE, () => this.#offer(id))
  }

  /** The neighbour offers to part with balances that the machine holds for exact and final. */
  heard(offer: Signed<CloseOffer>): void {
    const { graph, account, send } = this.#o
    const { edgeId, balanceU, balanceV, notBefore } = offer.body
    const edge = graph.edge(edgeId)
    if (edge === null || notBefore > graph.height + LATEST) return
    const known = this.#mine.get(edgeId)
    const isAnswer = known !== undefined && isSame(known.body, offer.body)
    const mine = isAnswer ? known : this.#sign({ edgeId, balanceU, balanceV, notBefore })
    this.#partings.set(edgeId, edge.u === account ? { byU: mine, byV: offer } : { byU: offer, byV: mine })
    if (!isAnswer) send(edgeId, { type: 'close', ...mine })
    this.#retries.until(`close ${edgeId}`, MINUTE, () => this.#bring(edgeId))
  }

  close(): void {
    this.#retries.close()
  }

  async #offer(edgeId: bigint): Promise<boolean> {
    const { graph, account, books: booksOf, send } = this.#o
    const edge = graph.edge(edgeId)
    if (edge?.status !== 'closing') return this.#forget(edgeId)
    const books = booksOf(edgeId)
    if (books === null || !this.#isTurn(edge) || this.#partings.has(edgeId)) return false
    const rest = edge.depositU + edge.depositV - books.balance
    const [balanceU, balanceV] = edge.u === account ? [books.balance, rest] : [rest, books.balance]
    const last = this.#mine.get(edgeId)
    const stands = last?.body.balanceU === balanceU && last.body.balanceV === balanceV
    const mine = stands ? last : this.#sign({ edgeId, balanceU, balanceV, notBefore: graph.height })
    send(edgeId, { type: 'close', ...mine })
    return false
  }

  async #bring(edgeId: bigint): Promise<boolean> {
    const { graph, chain } = this.#o
    const edge = graph.edge(edgeId)
    const parting = this.#partings.get(edgeId)
    if (edge?.status !== 'closing' || parting === undefined) return this.#forget(edgeId)
    if (!this.#isTurn(edge) || graph.height < parting.byU.body.notBefore) return false
    // a deposit that came since makes the balances wrong: there will be another offer
    if (parting.byU.body.balanceU + parting.byU.body.balanceV !== edge.depositU + edge.depositV)
      return this.#forget(edgeId)
    await chain.cooperativeClose(parting.byU, parting.byV)
    return false
  }

  /** Whether the notice is over, and with it what may still be under way; for v, a while longer. */
  #isTurn({ u, endedAt }: EdgeFacts): boolean {
    const { graph, account } = this.#o
    return graph.now >= (endedAt ?? 0n) + (u === account ? 0n : HEAD_START)
  }

  #sign(fields: Omit<CloseOffer, 'domain'>): Signed<CloseOffer> {
    const { chain, signer } = this.#o
    const mine = sign(closeOffer, chain.chain, fields, signer)
    this.#mine.set(fields.edgeId, mine)
    return mine
  }

  #forget(edgeId: bigint): true {
    this.#mine.delete(edgeId)
    this.#partings.delete(edgeId)
    return true
  }
}

const isSame = (a: CloseOffer, b: CloseOffer): boolean =>
  a.balanceU === b.balanceU && a.balanceV === b.balanceV && a.notBefore === b.notBefore
