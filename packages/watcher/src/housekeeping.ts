import { type Ended, endChannel, forgetChannel, type Means } from './answer.ts'
import type { Eye } from './eye.ts'
import type { Job } from './jobs.ts'

/** Blocks come after the wall clock: a call at the very deadline would be too early for the contract. */
const MARGIN_MS = 5_000

/** Attempts to have an enclave forget a channel; it costs the enclave a line of its state to remember. */
const FORGET_ATTEMPTS = 10

/** What is not urgent and comes again until it is done: ends that anyone may bring about, and what enclaves may forget. */
export class Housekeeping {
  readonly #means: Means
  readonly #finish: boolean
  readonly #forgets = new Map<bigint, { ended: Ended; eye: Eye; attempts: number }>()
  readonly #triedAt = new Map<string, number>()

  constructor(means: Means, finish: boolean) {
    this.#means = means
    this.#finish = finish
  }

  /** Takes note of a channel's last event. */
  ended(ended: Ended, eye: Eye): void {
    if (!this.#forgets.has(ended.channelId)) this.#forgets.set(ended.channelId, { ended, eye, attempts: 0 })
  }

  jobs(now: number): Job[] {
    return [...(this.#finish ? this.#ends(now) : []), ...this.#forgetting(now)]
  }

  #ends(now: number): Job[] {
    const found = new Map<bigint, Job[]>()
    for (const eye of this.#means.eyes.filter(({ credit }) => credit.allows(now)))
      for (const { channelId, host, terms, closing } of eye.watcher.channels.values()) {
        const from = Number((closing?.deadline ?? terms.expiresAt) / 1_000_000n) + MARGIN_MS
        const step = closing === null ? 'expire' : 'finish_close'
        if (now < from || !this.#isDue(`${step} ${channelId}`, now)) continue
        const run = async (signal: AbortSignal) =>
          (await endChannel({ ...this.#means, signal }, eye, step, channelId)) ? 'ended' : 'gone'
        const tried = (signal: AbortSignal) => this.#tried(`${step} ${channelId}`, now, () => run(signal))
        found.set(channelId, [...(found.get(channelId) ?? []), { step, channelId, host, eye, run: tried }])
      }
    // by lot, as for answers
    return [...found.values()].map((jobs) => jobs[Math.floor(Math.random() * jobs.length)]!)
  }

  #forgetting(now: number): Job[] {
    return [...this.#forgets.values()].flatMap((entry) => {
      const { ended, eye } = entry
      const { channelId, host } = ended
      const name = `forget ${channelId}`
      if (!this.#isDue(name, now)) return []
      const run = async (signal: AbortSignal) => {
        if (++entry.attempts >= FORGET_ATTEMPTS) this.#forgets.delete(channelId)
        await forgetChannel({ ...this.#means, signal }, eye, ended)
        this.#forgets.delete(channelId)
        this.#triedAt.delete(name)
        return 'forgotten' as const
      }
      const tried = (signal: AbortSignal) => this.#tried(name, now, () => run(signal))
      return [{ step: 'forget' as const, channelId, host, eye, run: tried }]
    })
  }

  #isDue(name: string, now: number): boolean {
    const at = this.#triedAt.get(name)
    return at === undefined || now >= at + this.#means.times.retryMs
  }

  #tried<T>(name: string, now: number, run: () => Promise<T>): Promise<T> {
    this.#triedAt.set(name, now)
    return run()
  }
}
