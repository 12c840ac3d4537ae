import type { Job } from './jobs.ts'

/** Of one host at a time: an endpoint that never answers holds up nobody else's closes, and few of its own. */
const PER_HOST = 4

/** Does jobs side by side, one per channel, a few per host. What finds no place comes again at the next look. */
export class Crew {
  readonly #busy = new Map<bigint, { host: string; done: Promise<void> }>()

  /** @param perform never rejects */
  take({ channelId, host }: Job, perform: () => Promise<void>): void {
    const ofHost = [...this.#busy.values()].filter((other) => other.host === host).length
    if (this.#busy.has(channelId) || ofHost >= PER_HOST) return
    const done = perform().finally(() => this.#busy.delete(channelId))
    this.#busy.set(channelId, { host, done })
  }

  /** Resolves when nothing is under way. */
  async rest(): Promise<void> {
    await Promise.all(Array.from(this.#busy.values(), ({ done }) => done))
  }
}
