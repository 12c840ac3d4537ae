import { requestHash } from '@dcml/protocol/por'
import type { Logger } from 'pino'
import type { Effect } from '../core/types.ts'
import type { Answer, Apps } from './apps.ts'
import type { Asks } from './asks.ts'
import type { Duties } from './duties.ts'
import type { Metrics } from './metrics.ts'
import type { Neighbours } from './neighbours.ts'
import type { CloseOffers } from './offers-close.ts'
import type { UpdateOffers } from './offers-update.ts'

export interface HandsOptions {
  readonly neighbours: Neighbours
  readonly apps: Apps
  readonly asks: Asks
  readonly duties: Duties
  readonly partings: CloseOffers
  readonly updates: UpdateOffers
  readonly metrics: Metrics
  readonly log: Logger
  answered(requestHash: Uint8Array, answer: Answer | null): void
}

type Outward = Exclude<Effect, { kind: 'keep' }>
type Hands = { readonly [K in Outward['kind']]: (effect: Extract<Outward, { kind: K }>) => void }

/** How each effect of the machine is carried out. */
export function createHands(options: HandsOptions): (effect: Outward) => void {
  const { neighbours, apps, asks, duties, partings, updates, metrics, log, answered } = options
  const hands: Hands = {
    send: ({ edgeId, message }) => neighbours.send(edgeId, message),
    drop: ({ edgeId, code }) => neighbours.drop(edgeId, code),
    submit: ({ cert }) => duties.carryOut(cert),
    note({ note }) {
      metrics.noted(note)
      if (note.what === 'severed') log.warn({ edge: `${note.edgeId}`, why: note.why }, 'cut an edge')
    },
    offer({ edgeId, message }) {
      if (message.type === 'close') partings.heard(message)
      else if (updates.heard(message) !== null) log.info({ edge: `${edgeId}` }, 'the neighbour offers new terms')
    },
    late({ requestHash, amount }) {
      metrics.paidForWaiting(amount)
      asks.late(requestHash, amount)
    },
    outcome({ requestHash, outcome }) {
      metrics.ended(outcome.kind)
      asks.end(requestHash, outcome)
    },
    async serve({ request: { body }, payload }) {
      const hash = requestHash(body)
      const answer = await apps.answer(body, hash, payload)
      metrics.served(answer?.status ?? 'none')
      answered(hash, answer)
    },
  }
  return (effect) => hands[effect.kind](effect as never)
}
