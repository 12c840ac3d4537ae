/** Numbers that follow from one: what a step leaves to chance. From 0 all are 0, so that shrinking ends at the plain case. */
export class Draws {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  /** A number from 0 up to `limit`, exclusive. */
  below(limit: number): number {
    if (this.#state === 0) return 0
    // xorshift32
    let x = this.#state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.#state = x
    return (x >>> 0) % limit
  }

  /** True in so many of a hundred cases. */
  chance(percent: number): boolean {
    return this.below(100) < percent
  }

  one<T>(of: readonly T[]): T | undefined {
    return of[this.below(Math.max(of.length, 1))]
  }
}
