import type { Channel } from '@dcml/attestation'

/** The part of a session's life after which its successor is made. */
const RENEW = 0.75
/** What of the time that the enclave says is counted on: it began to count earlier. */
const MARGIN = 0.95

export interface SessionsOptions {
  readonly open: () => Promise<Channel>
  /** Unix time in milliseconds. */
  readonly clock: () => number
  /** Greatest age of evidence, in milliseconds. */
  readonly maxAgeMs: number
}

interface Held {
  readonly channel: Channel
  readonly renewAt: number
  readonly endsAt: number
}

/**
 * The session of one client: opened when it is first wanted, and again ahead of its end, while requests go on with the
 * one before. A request keeps the session that it was sealed for.
 */
export class Sessions {
  readonly #options: SessionsOptions
  #held: Held | undefined
  #opening: Promise<Held> | undefined

  constructor(options: SessionsOptions) {
    this.#options = options
  }

  /** A session that is good for a request now. @throws what opening one throws */
  async get(): Promise<Channel> {
    const held = this.#held
    const now = this.#options.clock()
    if (held === undefined || now >= held.endsAt) return (await this.#open()).channel
    // where it fails there is time left, and the next request tries again
    if (now >= held.renewAt) this.#open().catch(() => {})
    return held.channel
  }

  /** Uses a session no more: its enclave may have forgotten it. */
  drop(channel: Channel): void {
    if (this.#held?.channel === channel) this.#held = undefined
  }

  #open(): Promise<Held> {
    this.#opening ??= this.#make().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #make(): Promise<Held> {
    const { open, clock, maxAgeMs } = this.#options
    const channel = await open()
    const now = clock()
    const life = Math.min(channel.lifetimeMs * MARGIN, channel.attested.claims.iat + maxAgeMs - now)
    this.#held = { channel, renewAt: now + life * RENEW, endsAt: now + life }
    return this.#held
  }
}
