/** Tells whoever waits for a channel that its amounts, or its promises to others, have changed. */
export class Changes {
  readonly #next = new Map<bigint, PromiseWithResolvers<void>>()

  /** Resolves at the next change. Take it before looking at the channel, so that no change falls in between. */
  next(channelId: bigint): Promise<void> {
    const waiting = this.#next.get(channelId) ?? Promise.withResolvers<void>()
    this.#next.set(channelId, waiting)
    return waiting.promise
  }

  notify(channelId: bigint): void {
    this.#next.get(channelId)?.resolve()
    this.#next.delete(channelId)
  }
}
