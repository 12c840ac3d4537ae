/** So many per second, up to a second's worth at once. */
export class Bucket {
  readonly #perSecond: number
  #tokens: number
  #at: number

  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond
    this.#tokens = perSecond
    this.#at = now
  }

  /** Takes so many, and says for how many ms nothing more should be taken. */
  take(count: number, now: number): number {
    const refilled = this.#tokens + ((now - this.#at) * this.#perSecond) / 1000
    this.#tokens = Math.min(refilled, this.#perSecond) - count
    this.#at = now
    return this.#tokens >= 0 ? 0 : (-this.#tokens * 1000) / this.#perSecond
  }
}
