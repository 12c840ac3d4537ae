// What an edge brought in over the last hour, less what was lost on it (paper §5.4).
const MINUTE = 60_000
const HOUR = 60

/** Sums by minute, oldest first. */
export class HourlyProfit {
  readonly #minutes: { minute: number; sum: bigint }[] = []

  add(amount: bigint, now: number): void {
    const minute = Math.floor(now / MINUTE)
    const last = this.#minutes.at(-1)
    if (last?.minute === minute) last.sum += amount
    else this.#minutes.push({ minute, sum: amount })
    if (this.#minutes.length > HOUR + 1) this.#minutes.shift()
  }

  at(now: number): bigint {
    const since = Math.floor(now / MINUTE) - HOUR
    return this.#minutes.reduce((sum, entry) => (entry.minute > since ? sum + entry.sum : sum), 0n)
  }
}
