// What a simulation tells of itself: what happened in order, how each request ended, what everybody has afterwards.
import { toHex } from '@dcml/protocol'
import { requestHash } from '@dcml/protocol/por'
import type { Effect, Note } from '../core/types.ts'
import type { Message } from '../wire/messages.ts'
import { type Network, START } from './network.ts'
import type { Sight } from './parts.ts'

/** Messages by their type, and what nodes do by themselves. */
export type EventKind = Message['type'] | Note['what'] | 'serve' | 'outcome' | 'paid' | 'drop' | 'cut-on-chain'

/** One thing that happened. Times in ms after the start, money in yoctoNEAR. */
export interface SimEvent {
  readonly at: number
  readonly node: string
  readonly what: EventKind
  /** Receiver of a message; the neighbour that a note is about. */
  readonly to?: string
  readonly edge?: bigint
  /** When a message arrives; absent for one that is lost. */
  readonly arrives?: number
  /** When the response to a request is late at its sender. */
  readonly due?: number
  /** Which of the requests, from 0. */
  readonly request?: number
  /** What a message pays, or was paid for waiting. */
  readonly amount?: bigint
  /** Late fees that a settlement lists. */
  readonly owed?: bigint
  readonly detail?: string
}

export interface SimOutcome {
  readonly from: string
  readonly to: string
  readonly asked: number
  /** τ and X at the requester: when the response is late, and when the request must be resolved. */
  readonly soft: number
  readonly hard: number
  /** `none`: not resolved when the simulation ended. */
  readonly kind: 'response' | 'broken' | 'refused' | 'none'
  readonly at: number | null
  readonly fee: bigint
  /** Late fees received. */
  readonly late: bigint
  /** The edge that is no more. */
  readonly edge: bigint | null
}

/** All that one account has, in its wallet, at stake, and in its edges by the best vouchers that reached anyone. */
export interface SimBalance {
  readonly account: string
  readonly before: bigint
  readonly after: bigint
}

export interface SimReport {
  readonly name: string
  readonly nodes: readonly string[]
  readonly horizon: number
  readonly events: readonly SimEvent[]
  readonly outcomes: readonly SimOutcome[]
  readonly balances: readonly SimBalance[]
  /** Edges that were cut on chain. */
  readonly severed: readonly bigint[]
}

const QUIET = new Set<Effect['kind']>(['keep', 'submit'])

/** Turns what a network shows into events. */
export class Recorder {
  readonly events: SimEvent[] = []
  readonly #network: Network
  readonly #requests = new Map<string, number>()
  readonly #totals = new Map<string, bigint>()

  constructor(network: Network) {
    this.#network = network
    network.watch((sight) => {
      if (!QUIET.has(sight.effect.kind)) this.events.push(this.#event(sight))
    })
    network.ledger.watch((change) => {
      if (change.kind === 'edge' && change.edge.status === 'severed')
        this.events.push({
          at: this.#now,
          node: change.edge.u,
          what: 'cut-on-chain',
          to: change.edge.v,
          edge: change.edge.id,
        })
    })
  }

  /** Numbers a request, so that its events can name it. */
  know(hash: Uint8Array, index: number): void {
    this.#requests.set(toHex(hash), index)
  }

  get #now(): number {
    return this.#network.clock.now - START
  }

  #event({ node, effect, arrives }: Sight): SimEvent {
    const base = { at: this.#now, node }
    switch (effect.kind) {
      case 'send': {
        const { edgeId, message } = effect
        return {
          ...base,
          ...{ what: message.type, to: this.#network.other(edgeId, node), edge: edgeId },
          ...(typeof arrives === 'number' && { arrives: arrives - START }),
          ...this.#about(message, edgeId, node),
        }
      }
      case 'note': {
        const { what, edgeId, requestHash: hash, amount, why } = effect.note
        return {
          ...{ ...base, what, ...this.#named(hash) },
          ...(edgeId !== null && { edge: edgeId, to: this.#network.other(edgeId, node) }),
          ...(amount !== undefined && { amount }),
          ...(why !== undefined && { detail: why }),
        }
      }
      case 'outcome':
        return { ...base, what: 'outcome', ...this.#named(effect.requestHash), detail: effect.outcome.kind }
      case 'late':
        return { ...base, what: 'paid', ...this.#named(effect.requestHash), amount: effect.amount }
      case 'serve':
        return { ...base, what: 'serve', ...this.#named(requestHash(effect.request.body)) }
      case 'drop':
        return {
          ...{ ...base, what: 'drop', edge: effect.edgeId, to: this.#network.other(effect.edgeId, node) },
          detail: effect.code,
        }
      default:
        throw new RangeError(`${effect.kind} is not drawn`)
    }
  }

  #named(hash: Uint8Array | null): { request?: number } {
    const index = hash === null ? undefined : this.#requests.get(toHex(hash))
    return index === undefined ? {} : { request: index }
  }

  #about(message: Message, edgeId: bigint, payer: string): Partial<SimEvent> {
    switch (message.type) {
      case 'request':
        return {
          ...this.#named(requestHash(message.request.body)),
          due: this.#now + message.soft,
          amount: this.#paid(message.voucher, edgeId, payer),
        }
      case 'response':
        return { ...this.#named(message.response.body.requestHash), amount: this.#paid(message.voucher, edgeId, payer) }
      case 'broken':
        return { ...this.#named(message.requestHash), amount: this.#paid(message.voucher, edgeId, payer) }
      case 'sync':
        return {
          amount: this.#paid(message.voucher, edgeId, payer),
          owed: message.late.reduce((sum, { amount }) => sum + amount, 0n),
        }
      case 'pay':
        return { amount: this.#paid(message.voucher, edgeId, payer) }
      case 'ack':
      case 'refuse':
        return this.#named(message.requestHash)
      default:
        return {}
    }
  }

  /** What a cumulative voucher pays beyond the one before it. */
  #paid(voucher: { readonly body: { readonly total: bigint } } | null, edgeId: bigint, payer: string): bigint {
    if (voucher === null) return 0n
    const key = `${edgeId} ${payer}`
    const before = this.#totals.get(key) ?? 0n
    if (voucher.body.total > before) this.#totals.set(key, voucher.body.total)
    return voucher.body.total > before ? voucher.body.total - before : 0n
  }
}
