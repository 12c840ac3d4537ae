import type { ChannelSessions } from '@dcml/attestation'

const EVERY_MS = 60_000

/** Forgets sessions that are over for as long as there are any: a key that is gone opens no recording. */
export class Forgetting {
  readonly #sessions: Pick<ChannelSessions, 'forgetEnded' | 'size'>
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(sessions: Pick<ChannelSessions, 'forgetEnded' | 'size'>) {
    this.#sessions = sessions
  }

  /** To be called with every new session. */
  begin(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#sessions.forgetEnded()
      if (this.#sessions.size > 0) this.begin()
    }, EVERY_MS).unref()
  }
}
