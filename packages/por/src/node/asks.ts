import { DcmlError, toHex } from '@dcml/protocol'
import { requestHash } from '@dcml/protocol/por'
import type { Ask, Outcome } from '../core/types.ts'

interface Waiting {
  late(amount: bigint): void
  resolve(outcome: Outcome): void
  reject(error: unknown): void
}

/** Requests of this node's own whose outcome somebody here waits for. */
export class Asks {
  readonly #waiting = new Map<string, Waiting>()
  #closed = false

  /**
   * Waits for the one outcome of a request that `send` sends. An aborted signal ends the waiting only.
   * @throws DcmlError `por_ask_twice` while the same request is waited for, `por_node_closed`
   */
  async wait(
    ask: Ask,
    on: { late(amount: bigint): void },
    signal: AbortSignal | undefined,
    send: () => void,
  ): Promise<Outcome> {
    signal?.throwIfAborted()
    if (this.#closed) throw closed()
    const name = toHex(requestHash(ask.request.body))
    if (this.#waiting.has(name))
      throw new DcmlError('por_ask_twice', 'This very request is under way already.', {
        hint: 'Wait for its outcome, or sign another request.',
      })
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
    const abort = (): void => reject(signal!.reason)
    this.#waiting.set(name, { late: (amount) => on.late(amount), resolve, reject })
    signal?.addEventListener('abort', abort)
    try {
      send()
      return await promise
    } finally {
      signal?.removeEventListener('abort', abort)
      this.#waiting.delete(name)
    }
  }

  late(hash: Uint8Array, amount: bigint): void {
    this.#waiting.get(toHex(hash))?.late(amount)
  }

  /** Of a request that a former life of this node sent, nobody waits for the outcome. */
  end(hash: Uint8Array, outcome: Outcome): void {
    this.#waiting.get(toHex(hash))?.resolve(outcome)
  }

  /** @param error why there will be no outcome here */
  close(error: unknown = closed()): void {
    this.#closed = true
    for (const { reject } of [...this.#waiting.values()]) reject(error)
  }
}

const closed = (): DcmlError =>
  new DcmlError('por_node_closed', 'The node was closed before there was an outcome.', {
    hint: 'Start it again: it goes on with what is under way, and is paid for the wait.',
    retryable: true,
  })
