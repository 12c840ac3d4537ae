import type { Eye } from './eye.ts'
import type { Job } from './jobs.ts'

/** Of one host at a time: an endpoint that never answers holds up nobody else's closes, and few of its own. */
const PER_HOST = 4

/** The longest that one job takes, as a multiple of one answer: a node or an enclave that drips is like a silent one. */
const ANSWERS = 10

interface Busy {
  readonly host: string
  readonly eye: Eye
  readonly done: Promise<void>
}

/**
 * Does jobs side by side, one per channel, a few per host and node: what a node makes up holds up what it says itself.
 * What finds no place comes again at the next look.
 */
export class Crew {
  readonly #limits: { readonly answerMs: number; readonly signal: AbortSignal }
  readonly #busy = new Map<bigint, Busy>()

  constructor(limits: { readonly answerMs: number; readonly signal: AbortSignal }) {
    this.#limits = limits
  }

  /** @param perform never rejects */
  take({ channelId, host, eye }: Job, perform: (signal: AbortSignal) => Promise<void>): void {
    const alike = [...this.#busy.values()].filter((other) => other.host === host && other.eye === eye).length
    if (this.#busy.has(channelId) || alike >= PER_HOST) return
    const { answerMs, signal } = this.#limits
    const done = perform(AbortSignal.any([signal, AbortSignal.timeout(ANSWERS * answerMs)])).finally(() =>
      this.#busy.delete(channelId),
    )
    this.#busy.set(channelId, { host, eye, done })
  }

  /** Resolves when nothing is under way. */
  async rest(): Promise<void> {
    await Promise.all(Array.from(this.#busy.values(), ({ done }) => done))
  }
}
