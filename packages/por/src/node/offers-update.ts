// New terms for an edge (§3.2): free where both ends sign them, and never signed here without the operator's word or
// the policy's.
import { DcmlError, equalBytes, toHex } from '@dcml/protocol'
import {
  type EdgeFacts,
  type EdgeParams,
  type EdgeUpdate,
  edgeUpdate,
  type NodeSigner,
  type PorChain,
  paramsHash,
  type Signed,
  sign,
} from '@dcml/protocol/por'
import type { Logger } from 'pino'
import type { Offer } from '../core/types.ts'
import { type Graph, otherEnd } from '../routes/graph.ts'
import { Retries } from './retries.ts'

/** Whether to take up what the other end of an edge offers, without asking anybody. */
export type UpdatePolicy = (edge: EdgeFacts, params: EdgeParams) => boolean

export interface UpdateOffersOptions {
  readonly chain: PorChain
  readonly graph: Graph
  readonly account: string
  readonly signer: NodeSigner
  readonly log: Logger
  readonly accepts: UpdatePolicy | undefined
  send(edgeId: bigint, offer: Offer): void
}

const MINUTE = 60_000
/** Blocks until an offer takes effect, about an hour: the other operator has until then to accept. */
const NOTICE = 6_000n
/** Blocks of notice that the contract demands, and some to bring the update there. */
const LEAST = 30n

export class UpdateOffers {
  readonly #o: UpdateOffersOptions
  readonly #retries: Retries
  readonly #mine = new Map<bigint, Signed<EdgeUpdate>>()
  readonly #theirs = new Map<bigint, Signed<EdgeUpdate>>()

  constructor(options: UpdateOffersOptions) {
    this.#o = options
    this.#retries = new Retries(options.log)
  }

  /** What the neighbour offers, while it can still be accepted. */
  offered(edgeId: bigint): EdgeUpdate | null {
    const offer = this.#theirs.get(edgeId)
    if (offer !== undefined && this.#stands(offer)) return offer.body
    this.#theirs.delete(edgeId)
    return null
  }

  /**
   * Offers the other end new terms, and again until it takes them up, the offer lapses or gives way to another.
   * @param effectiveFrom block from which they hold
   * @throws DcmlError `por_edge_inactive`, `por_params_invalid`, `por_offer_lapsed` for a block too near
   */
  offer(edgeId: bigint, params: EdgeParams, effectiveFrom: bigint = this.#o.graph.height + NOTICE): Signed<EdgeUpdate> {
    const { chain, signer, send } = this.#o
    const edge = this.#activeEdge(edgeId)
    if (params.minLateRate > params.maxLateRate)
      throw new DcmlError('por_params_invalid', 'The least late rate is above the most.', {
        hint: 'Offer a range that is one.',
      })
    const fields = { edgeId, revision: (edge.revision ?? 0) + 1, params, effectiveFrom }
    const mine = sign(edgeUpdate, chain.chain, fields, signer)
    if (!this.#stands(mine)) throw lapsed(edgeId)
    this.#mine.set(edgeId, mine)
    this.#retries.until(`offer ${toHex(mine.signature)}`, MINUTE, async () => {
      if (this.#mine.get(edgeId) !== mine || !this.#stands(mine)) return true
      send(edgeId, { type: 'update', ...mine })
      return false
    })
    return mine
  }

  /** @returns what was offered, for whoever logs it; null for what was heard before, or cannot be accepted */
  heard(offer: Signed<EdgeUpdate>): EdgeUpdate | null {
    const { graph, accepts, log } = this.#o
    const { edgeId, params } = offer.body
    const known = this.#theirs.get(edgeId)
    if (!this.#stands(offer) || (known !== undefined && equalBytes(known.signature, offer.signature))) return null
    this.#theirs.set(edgeId, offer)
    if (accepts?.(graph.edge(edgeId)!, params))
      this.accept(edgeId, paramsHash(params)).catch((err: unknown) =>
        log.warn({ err, edge: `${edgeId}` }, 'the new terms of an edge did not reach the chain'),
      )
    return offer.body
  }

  /**
   * Signs the neighbour's offer too, and brings both to the chain.
   * @param terms SHA-256 of the terms that were looked at: the neighbour may have offered others since
   * @throws DcmlError `por_offer_unknown` where no such offer stands, `por_edge_inactive`, and what the chain throws
   */
  async accept(edgeId: bigint, terms: Uint8Array): Promise<EdgeUpdate> {
    const { chain, account, signer } = this.#o
    const edge = this.#activeEdge(edgeId)
    const theirs = this.#theirs.get(edgeId)
    if (theirs === undefined || !this.#stands(theirs) || !equalBytes(paramsHash(theirs.body.params), terms))
      throw new DcmlError(
        'por_offer_unknown',
        `${otherEnd(edge, account)} does not offer edge ${edgeId} these terms.`,
        {
          hint: 'Look at what it offers now; an offer lapses shortly before it would take effect.',
        },
      )
    const { domain: _, ...fields } = theirs.body
    const mine = sign(edgeUpdate, chain.chain, fields, signer)
    if (edge.u === account) await chain.updateEdge(mine, theirs)
    else await chain.updateEdge(theirs, mine)
    return theirs.body
  }

  close(): void {
    this.#retries.close()
  }

  /** Whether the contract would still take it, signed by both. */
  #stands({ body: { edgeId, revision, effectiveFrom } }: Signed<EdgeUpdate>): boolean {
    const { graph } = this.#o
    const edge = graph.edge(edgeId)
    const isNext = edge?.status === 'active' && revision > (edge.revision ?? 0)
    return isNext && effectiveFrom >= graph.height + LEAST
  }

  #activeEdge(edgeId: bigint): EdgeFacts {
    const { graph, account } = this.#o
    const edge = graph.edge(edgeId)
    if (edge?.status === 'active' && (edge.u === account || edge.v === account)) return edge
    throw new DcmlError('por_edge_inactive', `Edge ${edgeId} is no active edge of ${account}.`, {
      hint: 'Look at the edges of this node.',
    })
  }
}

const lapsed = (edgeId: bigint): DcmlError =>
  new DcmlError('por_offer_lapsed', `Nobody could accept new terms of edge ${edgeId} in time.`, {
    hint: `Let them take effect ${LEAST} blocks from now at the earliest; ${NOTICE} is the default.`,
  })
