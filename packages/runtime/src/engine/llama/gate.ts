/**
 * node-llama-cpp holds its context lock for as long as any decode is queued, and a busy stream queues its next decode
 * before the lock is looked at again. Work that needs the lock, such as clearing a sequence, would wait until every
 * stream has ended. So streams pass this gate before each decode, and such work closes it first.
 */
export class Gate {
  #closures = 0
  #opening = Promise.withResolvers<void>()

  /** Undefined while open, so that a stream that need not wait does not. */
  get closed(): Promise<void> | undefined {
    return this.#closures > 0 ? this.#opening.promise : undefined
  }

  /** Runs work while no stream starts a decode. Closures overlap; the gate opens after the last. */
  async closedDuring(work: () => Promise<void>): Promise<void> {
    this.#closures++
    try {
      await work()
    } finally {
      this.#closures--
      if (this.#closures === 0) {
        this.#opening.resolve()
        this.#opening = Promise.withResolvers()
      }
    }
  }
}
