import { DcmlError } from '@dcml/protocol'

/** The longest pause after calls that the contract refused. */
const LONGEST_MS = 3_600_000

/**
 * What one node's word may cost in gas. A node that makes up closes, and answers to them, has calls sent that the contract
 * refuses: after each the next one through it waits twice as long, so that a liar does not empty the account that honest
 * nodes need. One call at a time, as one key signs them all.
 */
export class Credit {
  readonly #retryMs: number
  #refused = 0
  #from = 0
  #isPaying = false

  constructor(retryMs: number) {
    this.#retryMs = retryMs
  }

  allows(now: number): boolean {
    return !this.#isPaying && now >= this.#from
  }

  /** @throws what `call` throws */
  async pay<T>(call: () => Promise<T>, clock: () => number): Promise<T> {
    this.#isPaying = true
    try {
      const done = await call()
      this.#refused = 0
      return done
    } catch (error) {
      if (DcmlError.isInstance(error) && error.code === 'near_transaction_failed')
        this.#from = clock() + Math.min(LONGEST_MS, this.#retryMs * 2 ** this.#refused++)
      throw error
    } finally {
      this.#isPaying = false
    }
  }
}
