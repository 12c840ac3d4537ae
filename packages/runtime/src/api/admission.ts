import { DcmlError } from '@dcml/protocol'

interface Waiter {
  admit(): void
}

/** Lets as many requests in at once as the engine runs, and a bounded number wait in line. */
export class Admission {
  readonly #maxQueue: number
  readonly #parallel: () => number
  readonly #clock: () => number
  readonly #queue: Set<Waiter> = new Set()
  #running = 0
  #idle: PromiseWithResolvers<void> | undefined
  /** Moving average of how long a request holds its place, in milliseconds. */
  #meanMs = 1000

  constructor(options: { maxQueue: number; parallel: () => number; clock: () => number }) {
    this.#maxQueue = options.maxQueue
    this.#parallel = options.parallel
    this.#clock = options.clock
  }

  get running(): number {
    return this.#running
  }

  get waiting(): number {
    return this.#queue.size
  }

  /**
   * Resolves when there is room, to a function that gives the place back.
   * @throws DcmlError `overloaded` at once when the line is full; the signal's reason when the caller goes away
   */
  async enter(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    if (this.#running < this.#parallel() && this.#queue.size === 0) this.#running++
    else await this.#wait(signal)
    const from = this.#clock()
    let left = false
    return () => {
      if (left) return
      left = true
      this.#running--
      this.#meanMs += (this.#clock() - from - this.#meanMs) / 8
      this.#admitNext()
    }
  }

  /** Resolves when nobody is in or in line. */
  async idle(): Promise<void> {
    if (this.#running === 0 && this.#queue.size === 0) return
    this.#idle ??= Promise.withResolvers<void>()
    await this.#idle.promise
  }

  #wait(signal: AbortSignal): Promise<void> {
    if (this.#queue.size >= this.#maxQueue) throw this.#overloaded()
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#queue.delete(waiter)
        signal.removeEventListener('abort', onAbort)
      }
      const onAbort = (): void => {
        leave()
        reject(signal.reason)
      }
      const waiter: Waiter = {
        admit: () => {
          leave()
          // taken here and not after the promise: nobody may slip in between
          this.#running++
          resolve()
        },
      }
      this.#queue.add(waiter)
      signal.addEventListener('abort', onAbort)
    })
  }

  #admitNext(): void {
    const next = this.#queue.values().next().value
    if (next !== undefined && this.#running < this.#parallel()) next.admit()
    if (this.#running === 0 && this.#queue.size === 0) this.#idle?.resolve()
  }

  #overloaded(): DcmlError {
    const seconds = (this.#meanMs * (this.#queue.size + 1)) / this.#parallel() / 1000
    return new DcmlError('overloaded', 'The enclave answers as many requests as it can.', {
      hint: 'Wait as long as retry-after says, or ask another host.',
      retryable: true,
      details: { retryAfter: Math.min(60, Math.max(1, Math.ceil(seconds))) },
    })
  }
}
