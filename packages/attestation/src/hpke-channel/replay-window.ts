/** How far behind the newest request of its session one may arrive: requests run side by side. */
const WINDOW = 1024

/** Has every number count once (as RFC 6479 does for packets). */
export class ReplayWindow {
  #newest = -1
  readonly #seen = new Set<number>()

  /** False for a number that was taken before, or is too old to tell. */
  take(sequence: number): boolean {
    if (sequence <= this.#newest - WINDOW || this.#seen.has(sequence)) return false
    this.#seen.add(sequence)
    if (sequence > this.#newest) {
      const jump = sequence - this.#newest
      this.#newest = sequence
      // what left the window; after a jump across it, all that is left
      if (jump < WINDOW)
        for (let old = sequence - WINDOW - jump; old <= sequence - WINDOW; old++) this.#seen.delete(old)
      else for (const old of this.#seen) if (old <= sequence - WINDOW) this.#seen.delete(old)
    }
    return true
  }

  /** Numbers remembered. */
  get size(): number {
    return this.#seen.size
  }
}
