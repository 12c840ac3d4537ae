import type { Random } from './random.ts'

/** What a link really does, beside what its edge promises. Durations in ms. */
export interface LinkParams {
  /** One way. */
  readonly latency: number
  /** At most so much more, drawn for each message. */
  readonly jitter: number
  /** Share of messages that must be sent again. */
  readonly loss: number
}

/**
 * One session over TCP between the ends of an edge: what is lost comes later, and holds up what is behind it. A cut
 * link loses what is under way, and its session with it.
 */
export class Link {
  readonly params: LinkParams
  up = false
  /** Counts the sessions: what was sent in an earlier one does not arrive. */
  session = 0
  readonly #random: Random
  readonly #lastArrival: [number, number] = [0, 0]

  constructor(params: LinkParams, random: Random) {
    this.params = params
    this.#random = random
  }

  /** When a message sent now arrives. @param direction 0 from u to v, 1 from v to u */
  arrival(direction: 0 | 1, now: number): number {
    const { latency, jitter, loss } = this.params
    let flight = latency + (jitter > 0 ? this.#random.below(jitter + 1) : 0)
    while (loss > 0 && this.#random.unit() < loss) flight += RETRANSMISSION + 2 * latency
    const arrival = Math.max(now + flight, this.#lastArrival[direction])
    this.#lastArrival[direction] = arrival
    return arrival
  }

  open(): void {
    this.up = true
    this.session++
  }

  close(): void {
    this.up = false
    this.#lastArrival.fill(0)
  }
}

/** Linux's least retransmission timeout; RFC 6298 would have a second. */
const RETRANSMISSION = 200
