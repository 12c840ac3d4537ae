import { DcmlError } from '@dcml/protocol'
import type { Logger } from 'pino'

/** ms before the second attempt. */
const FIRST = 1000

/** Things to be tried until they are so, each under its name, ever more seldom. */
export class Retries {
  readonly #log: Logger
  readonly #timers = new Map<string, ReturnType<typeof setTimeout> | null>()
  #closed = false

  constructor(log: Logger) {
    this.#log = log
  }

  /**
   * Tries at once, and again until `attempt` returns true. A second call of the same name changes nothing.
   * @param longest ms between two attempts
   */
  until(name: string, longest: number, attempt: () => Promise<boolean>): void {
    if (this.#closed || this.#timers.has(name)) return
    this.#timers.set(name, null)
    void this.#try(name, longest, attempt, FIRST)
  }

  close(): void {
    this.#closed = true
    for (const timer of this.#timers.values()) clearTimeout(timer ?? undefined)
  }

  async #try(name: string, longest: number, attempt: () => Promise<boolean>, wait: number): Promise<void> {
    const isDone = await attempt().catch((error: unknown) => {
      this.#log.info({ duty: name, code: DcmlError.isInstance(error) ? error.code : 'unknown' }, 'not yet')
      return false
    })
    if (isDone) this.#timers.delete(name)
    else if (!this.#closed) {
      const next = () => this.#try(name, longest, attempt, Math.min(2 * wait, longest))
      this.#timers.set(name, setTimeout(next, wait * (0.75 + Math.random() / 2)))
    }
  }
}
