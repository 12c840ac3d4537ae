import { DcmlError } from '@dcml/protocol'

/** Waits for one request: until it is aborted, the client closed, or the host silent for too long. */
export class Patience {
  readonly #controller = new AbortController()
  readonly #silenceMs: number
  /** Fires when nobody waits any more, with the reason. */
  readonly signal: AbortSignal

  /** @param signals of those who may end the request, with the reasons that they are told */
  constructor(signals: readonly AbortSignal[], silenceMs: number) {
    this.#silenceMs = silenceMs
    this.signal = AbortSignal.any([...signals, this.#controller.signal])
  }

  /** Waits for the next thing from the host. What it fails with is told as `explain` says, and ends the request. */
  async wait<T>(next: Promise<T>, explain: (cause: unknown) => DcmlError): Promise<T> {
    const timer = setTimeout(() => this.#controller.abort(silent(this.#silenceMs)), this.#silenceMs)
    const { promise: ended, reject } = Promise.withResolvers<never>()
    const onAbort = (): void => reject(this.signal.reason)
    this.signal.addEventListener('abort', onAbort, { once: true })
    if (this.signal.aborted) onAbort()
    try {
      return await Promise.race([next, ended])
    } catch (cause) {
      next.catch(() => {})
      if (this.signal.aborted) throw this.signal.reason
      const error = DcmlError.isInstance(cause) ? cause : explain(cause)
      this.#controller.abort(error)
      throw error
    } finally {
      clearTimeout(timer)
      this.signal.removeEventListener('abort', onAbort)
    }
  }
}

const silent = (ms: number): DcmlError =>
  new DcmlError('response_timeout', `The host was silent for ${ms} ms.`, {
    hint: 'Ask again, or ask another host.',
    retryable: true,
  })
