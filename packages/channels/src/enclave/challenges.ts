import { toHex } from '@dcml/protocol'
import { refusal } from '../refuse.ts'

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
   * When it is full it says so, instead of forgetting one that a payer may be depositing for.
   * @param random 32 bytes from the enclave's generator @returns when the challenge ends, in ms
   * @throws DcmlError `channel_challenges_full`
   */
  add(random: Uint8Array): number {
    const now = this.#clock()
    // in order of their end, as all live equally long
    for (const [challenge, until] of this.#until) {
      if (until > now) break
      this.#until.delete(challenge)
    }
    if (this.#until.size >= this.#limit)
      throw refusal(
        'channel_challenges_full',
        'Too many challenges are waiting for a channel.',
        'Ask again later.',
        {},
        { retryable: true },
      )
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
