// What falls due when: a binary heap in which every timer knows its place, so that setting, moving and clearing one
// are O(log n) and nothing outdated is ever in it.

/** Something that falls due. */
export interface Timer {
  /** ms, while set. */
  at: number
  /** Place in the heap; -1 while not set. */
  slot: number
  /** Of two that fall due at once, the one set first goes first. */
  order: number
  readonly run: (now: number) => void
}

export const timer = (run: (now: number) => void): Timer => ({ at: 0, slot: -1, order: 0, run })

const isBefore = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

export class Timers {
  readonly #heap: Timer[] = []
  #order = 0

  get next(): number | null {
    return this.#heap[0]?.at ?? null
  }

  /** Sets or moves it. */
  set(item: Timer, at: number): void {
    if (item.slot >= 0 && item.at === at) return
    this.clear(item)
    item.at = at
    item.order = this.#order++
    item.slot = this.#heap.push(item) - 1
    this.#up(item)
  }

  clear(item: Timer): void {
    if (item.slot < 0) return
    const last = this.#heap.pop()!
    if (last !== item) {
      this.#put(last, item.slot)
      this.#up(last)
      this.#down(last)
    }
    item.slot = -1
  }

  /** Runs what is due by `now`, earliest first, with what that sets for no later than `now`. */
  run(now: number): void {
    for (let first = this.#heap[0]; first !== undefined && first.at <= now; first = this.#heap[0]) {
      this.clear(first)
      first.run(now)
    }
  }

  #put(item: Timer, slot: number): void {
    this.#heap[slot] = item
    item.slot = slot
  }

  #up(item: Timer): void {
    while (item.slot > 0) {
      const parent = this.#heap[(item.slot - 1) >> 1]!
      if (!isBefore(item, parent)) return
      const slot = parent.slot
      this.#put(parent, item.slot)
      this.#put(item, slot)
    }
  }

  #down(item: Timer): void {
    for (;;) {
      const left = this.#heap[2 * item.slot + 1]
      const right = this.#heap[2 * item.slot + 2]
      const child = right !== undefined && isBefore(right, left!) ? right : left
      if (child === undefined || !isBefore(child, item)) return
      const slot = child.slot
      this.#put(child, item.slot)
      this.#put(item, slot)
    }
  }
}
