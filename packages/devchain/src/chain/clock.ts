import { DcmlError } from '@dcml/protocol'

const NS_PER_MS = 1_000_000n

/** Which time the next block has; nanoseconds. A value: snapshots keep one. */
export interface ClockState {
  /** Asked for, for the next block alone. */
  readonly next: bigint | null
  /** What the outer clock is ahead by. */
  readonly offset: bigint
}

/** Time of blocks: an outer clock's, or one step after the other. It always advances. */
export class BlockClock {
  state: ClockState = { next: null, offset: 0n }
  readonly #blockTime: bigint
  readonly #outer: (() => number) | undefined

  constructor({ blockTimeMs, clock }: { readonly blockTimeMs: number; readonly clock?: (() => number) | undefined }) {
    this.#blockTime = BigInt(blockTimeMs) * NS_PER_MS
    this.#outer = clock
  }

  /** Timestamp of a block `heights` after one with timestamp `last`. */
  after(last: bigint, heights: number): bigint {
    const wanted =
      this.state.next ?? (this.#outer ? this.#now + this.#skipped(heights) : last + this.#blockTime * BigInt(heights))
    return wanted > last ? wanted : last + 1n
  }

  /** Notes that such a block was made. */
  tick(heights: number): void {
    const offset = this.state.offset + (this.#outer && this.state.next === null ? this.#skipped(heights) : 0n)
    this.state = { next: null, offset }
  }

  /**
   * Gives the next block a time.
   * @param ms since 1970
   * @throws DcmlError `devchain_time_invalid`
   */
  set(ms: number, last: bigint): void {
    if (!Number.isSafeInteger(ms)) throw invalid(ms, last)
    this.#set(BigInt(ms) * NS_PER_MS, last)
  }

  /** Lets `ms` pass before the next block, beyond what it was given already. @throws DcmlError `devchain_time_invalid` */
  advance(ms: number, last: bigint): void {
    if (!Number.isSafeInteger(ms) || ms <= 0) throw invalid(ms, last)
    const from = this.state.next ?? (this.#outer && this.#now > last ? this.#now : last)
    this.#set(from + BigInt(ms) * NS_PER_MS, last)
  }

  #set(time: bigint, last: bigint): void {
    if (time <= last || time >= 1n << 64n) throw invalid(Number(time / NS_PER_MS), last)
    this.state = { next: time, offset: this.#outer ? this.state.offset + time - this.#now : 0n }
  }

  get #now(): bigint {
    return BigInt(Math.round((this.#outer as () => number)())) * NS_PER_MS + this.state.offset
  }

  #skipped = (heights: number): bigint => this.#blockTime * BigInt(heights - 1)
}

const invalid = (ms: number, last: bigint): DcmlError =>
  new DcmlError('devchain_time_invalid', `The next block cannot be of ${ms} ms.`, {
    hint: 'Give a whole number of milliseconds after the last block; revert to a snapshot to go back.',
    details: { ms, last: last.toString() },
  })
