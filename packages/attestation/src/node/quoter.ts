import { DcmlError } from '@dcml/protocol'
import { type Claims, encodeClaims, reportData } from '../evidence/claims.ts'
import { type EvidenceJson, evidenceToJson } from '../evidence/evidence.ts'
import { gpuEvidenceH, gpuNonce } from '../evidence/gpu.ts'
import type { GpuEvidence, TeeBackend } from '../tee.ts'

/** A TEE signs one quote at a time, and anyone may ask for one: more waiting callers than this are turned away. */
const MAX_WAITING = 64

/** What a quote is to say; what the GPUs say of themselves joins it when they are asked. */
export type UnquotedClaims = Omit<Claims, 'gpuEvidence'>

export interface QuoteOptions {
  /**
   * Goes before all who wait, though never twice without one of them between, and has a place where they are too many.
   * For the enclave's own use, one at a time.
   */
  readonly ahead?: boolean
  /** Gives up the place in the queue. */
  readonly signal?: AbortSignal
}

type Job = () => Promise<void>

/** Has claims signed by the TEE and its GPUs, one after the other. */
export class Quoter {
  readonly #tee: TeeBackend
  readonly #manifest: Uint8Array
  readonly #timeoutMs: number
  readonly #queue: Job[] = []
  readonly #ahead: Job[] = []
  #lastWasAhead = false
  #working = false

  /** @param timeoutMs for the CPU's part and for the GPUs' part, each */
  constructor(tee: TeeBackend, manifest: Uint8Array, timeoutMs = 30_000) {
    this.#timeoutMs = timeoutMs
    this.#tee = tee
    this.#manifest = manifest
  }

  /**
   * @param makeClaims called when its turn has come
   * @throws DcmlError `quote_busy`, `quote_failed`, or the reason of `signal`
   */
  async quote(makeClaims: () => UnquotedClaims, { ahead = false, signal }: QuoteOptions = {}): Promise<EvidenceJson> {
    signal?.throwIfAborted()
    if (!ahead && this.#queue.length >= MAX_WAITING) throw quoteBusy('Too many quotes are being made.')
    const { promise, resolve, reject } = Promise.withResolvers<EvidenceJson>()
    const job: Job = () => this.#sign(makeClaims).then(resolve, reject)
    const queue = ahead ? this.#ahead : this.#queue
    const leave = (): void => {
      const place = queue.indexOf(job)
      if (place === -1) return
      queue.splice(place, 1)
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', leave)
    queue.push(job)
    void this.#work()
    try {
      return await promise
    } finally {
      signal?.removeEventListener('abort', leave)
    }
  }

  async #work(): Promise<void> {
    if (this.#working) return
    this.#working = true
    for (let job = this.#next(); job !== undefined; job = this.#next()) await job()
    this.#working = false
  }

  /** Turn about: with GPUs that take seconds, the enclave's own evidence could be all there is time for. */
  #next(): Job | undefined {
    const ahead = this.#ahead.length > 0 && !(this.#lastWasAhead && this.#queue.length > 0)
    this.#lastWasAhead = ahead
    return (ahead ? this.#ahead : this.#queue).shift()
  }

  /** The GPUs sign a nonce made of the claims' keys, then the CPU signs claims that name what the GPUs said. */
  async #sign(makeClaims: () => UnquotedClaims): Promise<EvidenceJson> {
    const fields = makeClaims()
    const gpu = await this.#askGpus(gpuNonce(fields))
    const claims = encodeClaims({ ...fields, ...(gpu && { gpuEvidence: gpuEvidenceH(gpu) }) })
    const cpu = await this.#within(
      (signal) => this.#tee.quote(reportData(fields.purpose, claims), { signal }),
      `The TEE (${this.#tee.name}) did not make a quote.`,
      'Look at the quote generation service of this machine.',
    )
    return evidenceToJson({ claims, cpu, gpu: gpu ?? [], manifest: this.#manifest })
  }

  async #askGpus(nonce: Uint8Array): Promise<readonly GpuEvidence[] | undefined> {
    const { gpu } = this.#tee
    return gpu
      ? this.#within(
          (signal) => gpu.evidence(nonce, { signal }),
          `The GPUs (${gpu.name}) gave no evidence.`,
          'Look at the GPU driver of this machine, and whether confidential computing is on.',
        )
      : undefined
  }

  /** @throws DcmlError what `ask` rejects with, in words of ours unless it already is */
  async #within<T>(ask: (signal: AbortSignal) => Promise<T>, failed: string, hint: string): Promise<T> {
    const signal = AbortSignal.timeout(this.#timeoutMs)
    try {
      return await orAbort(ask(signal), signal)
    } catch (cause) {
      if (DcmlError.isInstance(cause)) throw cause
      throw new DcmlError('quote_failed', failed, { hint, retryable: true, cause })
    }
  }
}

export const quoteBusy = (message: string): DcmlError =>
  new DcmlError('quote_busy', message, { hint: 'Try again soon.', retryable: true })

/** Gives up with the signal even where the backend does not heed it: the callers behind it are waiting. */
const orAbort = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> =>
  Promise.race([
    promise,
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true })),
  ])
