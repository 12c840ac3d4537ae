import { DcmlError } from '@dcml/protocol'

/** Lets so many pass in a second, and twice as many at once after a quiet time. */
export class Throttle {
  readonly #perSecond: number
  readonly #clock: () => number
  #left: number
  #since: number

  /** @param clock milliseconds */
  constructor(perSecond: number, clock: () => number) {
    this.#perSecond = perSecond
    this.#clock = clock
    this.#left = 2 * perSecond
    this.#since = clock()
  }

  /** @throws DcmlError `overloaded` */
  pass(): void {
    const now = this.#clock()
    // a clock that runs back gives nothing
    this.#left = Math.min(2 * this.#perSecond, this.#left + (Math.max(0, now - this.#since) / 1000) * this.#perSecond)
    this.#since = now
    if (this.#left < 1) throw tooMany()
    this.#left--
  }
}

const tooMany = (): DcmlError =>
  new DcmlError('overloaded', 'Too many sessions are being opened.', {
    hint: 'Try again soon.',
    retryable: true,
    details: { retryAfter: 1 },
  })
