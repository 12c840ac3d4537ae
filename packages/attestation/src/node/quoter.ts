import { DcmlError } from '@dcml/protocol'
import { type Claims, encodeClaims, reportData } from '../evidence/claims.ts'
import { type EvidenceJson, evidenceToJson } from '../evidence/evidence.ts'
import type { TeeBackend } from '../tee.ts'

/** A TEE signs one quote at a time, and anyone may ask for one: more waiting callers than this are turned away. */
const MAX_WAITING = 64

/** Has claims signed by the TEE, one after the other. */
export class Quoter {
  readonly #tee: TeeBackend
  readonly #manifest: Uint8Array
  #last: Promise<unknown> = Promise.resolve()
  readonly #timeoutMs: number
  #waiting = 0

  constructor(tee: TeeBackend, manifest: Uint8Array, timeoutMs = 30_000) {
    this.#timeoutMs = timeoutMs
    this.#tee = tee
    this.#manifest = manifest
  }

  /** @throws DcmlError `quote_busy`, `quote_failed` */
  async quote(makeClaims: () => Claims): Promise<EvidenceJson> {
    if (this.#waiting >= MAX_WAITING)
      throw new DcmlError('quote_busy', 'Too many quotes are being made.', { hint: 'Try again soon.', retryable: true })
    this.#waiting++
    const quoted = this.#last.then(() => this.#sign(makeClaims()))
    this.#last = quoted.catch(() => {})
    try {
      return await quoted
    } finally {
      this.#waiting--
    }
  }

  async #sign(fields: Claims): Promise<EvidenceJson> {
    const claims = encodeClaims(fields)
    try {
      const signal = AbortSignal.timeout(this.#timeoutMs)
      const cpu = await orAbort(this.#tee.quote(reportData(fields.purpose, claims), { signal }), signal)
      return evidenceToJson({ claims, cpu, manifest: this.#manifest })
    } catch (cause) {
      if (DcmlError.isInstance(cause)) throw cause
      throw new DcmlError('quote_failed', `The TEE (${this.#tee.name}) did not make a quote.`, {
        hint: 'Look at the quote generation service of this machine.',
        retryable: true,
        cause,
      })
    }
  }
}

/** Gives up with the signal even where the backend does not heed it: the callers behind it are waiting. */
const orAbort = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> =>
  Promise.race([
    promise,
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true })),
  ])
