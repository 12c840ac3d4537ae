import { DcmlError } from '@dcml/protocol'

export interface ReplayLimits {
  /** How far a question may be from the enclave's clock, either way, in ms. */
  readonly windowMs: number
  /** Questions remembered at once. */
  readonly entries: number
  /** Bytes of answers kept for those that come again. */
  readonly bytes: number
}

/** Room for 100 questions a second, and for 32 of the longest answers. */
const DEFAULTS: ReplayLimits = { windowMs: 300_000, entries: 65_536, bytes: 33_554_432 }

interface Entry {
  readonly until: number
  /** Undefined once there was no room for it any more. */
  answer: Promise<Uint8Array> | undefined
  size: number
}

/**
 * Has every question answered once, whoever sends it again: hosts and relays hold its bytes. Questions say their time;
 * this remembers them for as long as they count. A restart need not: it makes a new key, which opens none of them.
 */
export class Replays {
  readonly #limits: ReplayLimits
  readonly #clock: () => number
  readonly #entries = new Map<string, Entry>()
  #bytes = 0
  #now = 0

  constructor(clock: () => number, limits: Partial<ReplayLimits> = {}) {
    this.#clock = clock
    this.#limits = { ...DEFAULTS, ...limits }
  }

  /** Questions remembered, and bytes of answers kept. */
  get held(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#entries.size, bytes: this.#bytes }
  }

  /** @param at ms since 1970 @throws DcmlError `por_stale` */
  requireFresh(at: number): void {
    if (Math.abs(this.#time() - at) <= this.#limits.windowMs) return
    throw new DcmlError('por_stale', 'The question was not asked just now.', {
      hint: 'Set the clock of this machine, and seal the question again.',
    })
  }

  /**
   * What `make` answers, or answered before.
   * @throws DcmlError `por_replayed` for a question whose answer is no longer kept; `por_full`, to be sent again
   */
  once(key: string, make: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const now = this.#time()
    for (const [old, { until }] of this.#entries) {
      if (until >= now) break
      this.#forget(old)
    }
    const known = this.#entries.get(key)
    if (known !== undefined) return known.answer ?? Promise.reject(replayed())
    if (this.#entries.size >= this.#limits.entries) return Promise.reject(full())
    // it may be dated up to a window ahead, and counts for a window after that
    const entry: Entry = { until: now + 2 * this.#limits.windowMs, answer: undefined, size: 0 }
    this.#entries.set(key, entry)
    entry.answer = make().then(
      (answer) => {
        this.#keep(key, entry, answer.length)
        return answer
      },
      (error) => {
        entry.answer = undefined
        throw error
      },
    )
    return entry.answer
  }

  #keep(key: string, entry: Entry, size: number): void {
    if (this.#entries.get(key) !== entry) return
    entry.size = size
    this.#bytes += size
    for (const kept of this.#entries.values()) {
      if (this.#bytes <= this.#limits.bytes) return
      this.#bytes -= kept.size
      if (kept.size > 0) kept.answer = undefined
      kept.size = 0
    }
  }

  #forget(key: string): void {
    this.#bytes -= this.#entries.get(key)!.size
    this.#entries.delete(key)
  }

  /** Never runs back, though the host has the clock: what was forgotten would count again. */
  #time(): number {
    this.#now = Math.max(this.#now, this.#clock())
    return this.#now
  }
}

const replayed = (): DcmlError =>
  new DcmlError('por_replayed', 'This question was answered before.', {
    hint: 'Seal it anew to ask it again; it is paid for again.',
  })

const full = (): DcmlError =>
  new DcmlError('por_full', 'The enclave remembers as many sealed questions as it can.', {
    hint: 'Send it again in a minute.',
    retryable: true,
    details: { retryAfter: 60 },
  })
