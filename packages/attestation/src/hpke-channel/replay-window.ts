/** How far behind the newest request of its session one may arrive: requests run side by side. */
const WINDOW = 1024

/** Has every number count once (as RFC 6479 does for packets). */
export class ReplayWindow {
  #newest = -1
  /** Bit n stands for the number n before the newest. */
  #taken = 0n

  /** False for a number that was taken before, or is too old to tell. */
  take(sequence: number): boolean {
    const behind = this.#newest - sequence
    if (behind >= WINDOW) return false
    if (behind < 0) {
      const kept = -behind < WINDOW ? this.#taken << BigInt(-behind) : 0n
      this.#taken = BigInt.asUintN(WINDOW, kept | 1n)
      this.#newest = sequence
      return true
    }
    const bit = 1n << BigInt(behind)
    if ((this.#taken & bit) !== 0n) return false
    this.#taken |= bit
    return true
  }
}
