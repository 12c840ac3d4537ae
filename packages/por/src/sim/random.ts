/** Randomness that a seed repeats: mulberry32. For simulations only. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** 32 bits. */
  bits(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }

  /** From 0 to below 1. */
  unit(): number {
    return this.bits() / 2 ** 32
  }

  /** Whole number below `limit`. */
  below(limit: number): number {
    return Math.floor(this.unit() * limit)
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at++) bytes[at] = this.bits()
    return bytes
  }

  /** A stream of its own, so that what one part draws does not move another's. */
  fork(): Random {
    return new Random(this.bits())
  }
}
