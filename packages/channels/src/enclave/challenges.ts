import { toHex } from '@dcml/protocol'

/** Challenges that were given out and not yet used (paper §6, `get_challenge`). They end with this life of the enclave. */
export class Challenges {
  readonly #until = new Map<string, number>()
  readonly #clock: () => number
  readonly #lifetimeMs: number
  readonly #limit: number

  constructor(options: { clock: () => number; lifetimeMs: number; limit: number }) {
    this.#clock = options.clock
    this.#lifetimeMs = options.lifetimeMs
    this.#limit = options.limit
  }

  /**
   * Anyone may ask for any number, so the oldest gives way to the newest: refused, nobody could open a channel until the
   * first ended. A payer who was depositing for one that is gone has the channel closed at 0.
   * @param random 32 bytes from the enclave's generator @returns when the challenge ends, in ms
   */
  add(random: Uint8Array): number {
    const now = this.#clock()
    // in order of their end, as all live equally long
    for (const [challenge, until] of this.#until) {
      if (until > now && this.#until.size < this.#limit) break
      this.#until.delete(challenge)
    }
    const until = now + this.#lifetimeMs
    this.#until.set(toHex(random), until)
    return until
  }

  has(challenge: Uint8Array): boolean {
    return (this.#until.get(toHex(challenge)) ?? Number.NEGATIVE_INFINITY) > this.#clock()
  }

  use(challenge: Uint8Array): void {
    this.#until.delete(toHex(challenge))
  }
}
