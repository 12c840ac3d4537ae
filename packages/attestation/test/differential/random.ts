/** Numbers that follow from a seed, so that any case can be run again (mulberry32). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** 0 to `below - 1`. */
  below(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let word = this.#state
    word = Math.imul(word ^ (word >>> 15), word | 1)
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61)
    return ((word ^ (word >>> 14)) >>> 0) % below
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256))
  }

  /** A copy with one bit, one byte or a few bytes changed, left out or put in. */
  mutate(bytes: Uint8Array): Uint8Array {
    if (bytes.length === 0) return this.bytes(1)
    const at = this.below(bytes.length)
    const length = 1 + this.below(4)
    switch (this.below(8)) {
      case 0:
        return new Uint8Array([...bytes.subarray(0, at), ...bytes.subarray(at + length)])
      case 1:
        return new Uint8Array([...bytes.subarray(0, at), ...this.bytes(length), ...bytes.subarray(at)])
      case 2:
        return bytes.slice(0, at)
      case 3:
        return bytes.with(at, this.pick([0, 1, 0x7f, 0x80, 0xff, this.below(256)]))
      default:
        return bytes.with(at, bytes[at]! ^ (1 << this.below(8)))
    }
  }
}
