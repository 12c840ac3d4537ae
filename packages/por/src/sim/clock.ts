const LATER = 2 ** 50

/** Virtual time in ms: a binary heap of things to do. What falls on the same moment runs in the order it was asked for. */
export class Clock {
  #now = 0
  #count = 0
  readonly #times: number[] = []
  readonly #ranks: number[] = []
  readonly #actions: (() => void)[] = []

  get now(): number {
    return this.#now
  }

  /** When the next thing happens; null for never. */
  get next(): number | null {
    return this.#times[0] ?? null
  }

  /** Moments that have passed count as now. */
  at(time: number, action: () => void): void {
    this.#push(Math.max(time, this.#now), this.#count++, action)
  }

  /** The same, after everything else of that moment: what arrives on time comes before the alarm. */
  alarm(time: number, action: () => void): void {
    this.#push(Math.max(time, this.#now), LATER + this.#count++, action)
  }

  /** Does the next thing, unless it lies past `until`. */
  step(until = Infinity): boolean {
    const time = this.#times[0]
    if (time === undefined || time > until) return false
    this.#now = time
    this.#pop()()
    return true
  }

  /** Does all there is to do up to a moment, which is then now. */
  run(until: number): void {
    while (this.step(until));
    this.#now = Math.max(this.#now, until)
  }

  #push(time: number, rank: number, action: () => void): void {
    let hole = this.#times.length
    while (hole > 0) {
      const parent = (hole - 1) >> 1
      if (!this.#isBefore(time, rank, parent)) break
      this.#move(parent, hole)
      hole = parent
    }
    this.#put(hole, time, rank, action)
  }

  #pop(): () => void {
    const first = this.#actions[0]!
    const time = this.#times.pop()!
    const rank = this.#ranks.pop()!
    const action = this.#actions.pop()!
    const length = this.#times.length
    if (length === 0) return first
    let hole = 0
    for (;;) {
      let child = 2 * hole + 1
      if (child >= length) break
      if (child + 1 < length && this.#isBefore(this.#times[child + 1]!, this.#ranks[child + 1]!, child)) child++
      if (this.#isBefore(time, rank, child)) break
      this.#move(child, hole)
      hole = child
    }
    this.#put(hole, time, rank, action)
    return first
  }

  #isBefore(time: number, rank: number, slot: number): boolean {
    const other = this.#times[slot]!
    return time < other || (time === other && rank < this.#ranks[slot]!)
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#times[from]!, this.#ranks[from]!, this.#actions[from]!)
  }

  #put(slot: number, time: number, rank: number, action: () => void): void {
    this.#times[slot] = time
    this.#ranks[slot] = rank
    this.#actions[slot] = action
  }
}
