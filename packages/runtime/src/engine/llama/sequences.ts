import type { LlamaContextSequence } from 'node-llama-cpp'
import { engineFailed } from '../faults.ts'
import { Gate } from './gate.ts'

/** Sequences beyond `parallel`: what was just given back is cleared while the next request already has another. */
export const SPARE_SEQUENCES = 1

/**
 * Lends the sequences of one context to `parallel` requests at once, first come first served. A sequence is cleared
 * when it comes back, and nothing of it is ever reused: a shared prefix cache would let one user's timing reveal
 * another's prompt.
 */
export class SequencePool {
  readonly #gate = new Gate()
  readonly #free: LlamaContextSequence[]
  readonly #waiting: ((sequence: LlamaContextSequence) => void)[] = []
  readonly #broken = new AbortController()
  #unlent: number

  constructor(sequences: readonly LlamaContextSequence[], parallel: number) {
    this.#free = [...sequences]
    this.#unlent = parallel
  }

  /** Fires once a sequence could not be cleared: the context can no longer be trusted. */
  get broken(): AbortSignal {
    return this.#broken.signal
  }

  /** Waits for a free sequence; rejects with `signal.reason` on abort. */
  async borrow(caller: AbortSignal): Promise<Loan> {
    const signal = AbortSignal.any([caller, this.#broken.signal])
    signal.throwIfAborted()
    const sequence = await this.#next(signal)
    return new Loan(sequence, this.#gate, signal, (last) => void this.#takeBack(sequence, last))
  }

  #next(signal: AbortSignal): Promise<LlamaContextSequence> {
    const { promise, resolve, reject } = Promise.withResolvers<LlamaContextSequence>()
    const onAbort = () => {
      this.#waiting.splice(this.#waiting.indexOf(accept), 1)
      reject(signal.reason)
    }
    const accept = (sequence: LlamaContextSequence) => {
      signal.removeEventListener('abort', onAbort)
      resolve(sequence)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    this.#waiting.push(accept)
    this.#serve()
    return promise
  }

  #serve(): void {
    while (this.#unlent > 0 && this.#free.length > 0 && this.#waiting.length > 0) {
      this.#unlent--
      this.#waiting.shift()!(this.#free.shift()!)
    }
  }

  async #takeBack(sequence: LlamaContextSequence, last: Promise<unknown>): Promise<void> {
    this.#unlent++
    this.#serve()
    await last.catch(() => {})
    try {
      await this.#gate.closedDuring(() => sequence.clearHistory())
    } catch (error) {
      this.#broken.abort(engineFailed(error))
      return
    }
    this.#free.push(sequence)
    this.#serve()
  }
}

/** One request's use of a sequence. */
export class Loan {
  readonly #sequence: LlamaContextSequence
  readonly #gate: Gate
  readonly #signal: AbortSignal
  readonly #giveBack: (last: Promise<unknown>) => void
  readonly #aborted = Promise.withResolvers<never>()
  readonly #onAbort = () => this.#aborted.reject(this.#signal.reason)
  #last: Promise<unknown> = Promise.resolve()

  constructor(
    sequence: LlamaContextSequence,
    gate: Gate,
    signal: AbortSignal,
    giveBack: (last: Promise<unknown>) => void,
  ) {
    this.#sequence = sequence
    this.#gate = gate
    this.#signal = signal
    this.#giveBack = giveBack
    this.#aborted.promise.catch(() => {})
    signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** Runs one decode. An abort rejects at once; the decode itself, which nothing can stop, ends in the background. */
  async step<T>(decode: (sequence: LlamaContextSequence) => Promise<T>): Promise<T> {
    while (this.#gate.closed) await Promise.race([this.#gate.closed, this.#aborted.promise])
    this.#signal.throwIfAborted()
    const running = decode(this.#sequence)
    this.#last = running
    return Promise.race([running, this.#aborted.promise])
  }

  release(): void {
    this.#signal.removeEventListener('abort', this.#onAbort)
    this.#giveBack(this.#last)
  }
}
