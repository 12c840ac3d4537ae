// Evidence over an enclave's keys alone is good for any connection that its session key signs, so it is quoted rarely and
// never waited for while there is some: whoever floods the TEE with requests does not keep clients from it.
import { equalBytes } from '@dcml/protocol'
import type { Claims } from '../evidence/claims.ts'
import type { EvidenceJson } from '../evidence/evidence.ts'

/** Greatest age of evidence that is handed out, in milliseconds: a client that accepts 600 s has time to use it. */
const MAX_AGE = 480_000

interface Quoted {
  readonly evidence: EvidenceJson
  /** What of the quoted claims makes it grow old. */
  readonly claims: Pick<Claims, 'iat' | 'modelH'>
}

export interface KeptEvidenceOptions {
  readonly make: () => Promise<Quoted>
  /** The model that the evidence has to name. */
  readonly modelH: () => Uint8Array | undefined
  readonly clock: () => number
  /** Age at which a successor is made, in milliseconds. */
  readonly refreshMs: number
}

/** The newest evidence of an enclave, and the making of the next. */
export class KeptEvidence {
  readonly #options: KeptEvidenceOptions
  #kept: Quoted | undefined
  #making: Promise<Quoted> | undefined

  constructor(options: KeptEvidenceOptions) {
    this.#options = options
  }

  /** Evidence that names the model of this moment. @throws what `make` throws, where there is none to hand out */
  async get(): Promise<EvidenceJson> {
    const kept = this.#kept
    const age = kept === undefined || !this.#namesModel(kept) ? Number.POSITIVE_INFINITY : this.#age(kept)
    if (kept !== undefined && age < Math.min(this.#options.refreshMs, MAX_AGE)) return kept.evidence
    const making = this.#make()
    if (kept !== undefined && age < MAX_AGE) {
      // the next caller tries again
      making.catch(() => {})
      return kept.evidence
    }
    const made = await making
    // another model may have been loaded meanwhile
    return this.#namesModel(made) ? made.evidence : this.get()
  }

  #make(): Promise<Quoted> {
    this.#making ??= this.#options
      .make()
      .then((made) => (this.#kept = made))
      .finally(() => {
        this.#making = undefined
      })
    return this.#making
  }

  /** Evidence from the future is as bad: the clock was set back. */
  #age({ claims }: Quoted): number {
    return Math.abs(this.#options.clock() - claims.iat)
  }

  #namesModel({ claims }: Quoted): boolean {
    const model = this.#options.modelH()
    const named = claims.modelH
    return model === named || (model !== undefined && named !== undefined && equalBytes(model, named))
  }
}
