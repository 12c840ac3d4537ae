import { DcmlError, equalBytes, type KeyGrant, toHex } from '@dcml/protocol'

/** Claims kept per model and in all. Strangers and peers have as many places each, so neither fill the other's. */
const MAX_PER_MODEL = 8
const MAX_CLAIMS = 32

/** Who handed a key over. A peer's evidence was verified; a publisher's is not asked for. */
export type KeyOrigin = 'publisher' | 'peer'

interface Claim {
  readonly grant: KeyGrant
  readonly origin: KeyOrigin
  /** Whether it was seen to open the sealed model. Such a key takes no place: only who knows the key can make one. */
  readonly fits: boolean
}

/**
 * The models' secret keys (paper §4), in this process's memory and nowhere else.
 *
 * Anyone may call `set_sk`, so a key is only a claim until a sealed model has opened with it. The invariant: a key that
 * was taken stays until a sealed model refuses it (`reject`) or has opened with another (`prove`). Nothing that arrives
 * later pushes it out, so its publisher may go away. Where there is no place left it is the newcomer who hears so, and
 * a key that fits the sealed model always has a place.
 */
export class KeyStore {
  readonly #proven: Map<string, KeyGrant> = new Map()
  readonly #listeners: Set<(modelH: Uint8Array) => void> = new Set()
  #claims: Claim[] = []

  /** Called after every key that is new for a model. */
  onKey(listener: (modelH: Uint8Array) => void): void {
    this.#listeners.add(listener)
  }

  /**
   * Keeps a copy of a key; a key that is already here changes nothing.
   * @throws DcmlError `sk_already_set` when another key has already opened this model, `keys_full`
   */
  add(grant: KeyGrant, origin: KeyOrigin, { fits = false }: { fits?: boolean } = {}): void {
    const modelH = grant.domain.subject
    const proven = this.#proven.get(toHex(modelH))
    if (proven !== undefined) {
      if (equalBytes(proven.sk, grant.sk)) return
      throw alreadySet()
    }
    const rivals = this.#claimsOn(modelH)
    if (rivals.some((other) => equalBytes(other.grant.sk, grant.sk))) return
    const ofOrigin = (claims: readonly Claim[]): number =>
      claims.filter((other) => other.origin === origin && !other.fits).length
    if (!fits && (ofOrigin(rivals) >= MAX_PER_MODEL || ofOrigin(this.#claims) >= MAX_CLAIMS)) throw full()
    this.#claims.push({ grant: copyOf(grant), origin, fits })
    for (const listener of this.#listeners) listener(modelH)
  }

  /**
   * A copy of the likeliest key, for the caller to overwrite after use: the one proven, else one that fits, else a
   * peer's, else the newest.
   */
  best(modelH: Uint8Array): KeyGrant | undefined {
    const newest = this.#claimsOn(modelH).reverse()
    const likeliest = newest.find(({ fits }) => fits) ?? newest.find(({ origin }) => origin === 'peer') ?? newest[0]
    const grant = this.#proven.get(toHex(modelH)) ?? likeliest?.grant
    return grant && copyOf(grant)
  }

  /** A copy of the key that has opened this model, for the caller to overwrite after use. */
  proven(modelH: Uint8Array): KeyGrant | undefined {
    const grant = this.#proven.get(toHex(modelH))
    return grant && copyOf(grant)
  }

  /** Keeps this key alone: a sealed model has opened with it. */
  prove(grant: KeyGrant): void {
    const modelH = grant.domain.subject
    this.#proven.set(toHex(modelH), copyOf(grant))
    this.#drop(this.#claimsOn(modelH))
  }

  /** Forgets a key that does not open its model. */
  reject({ domain, sk }: KeyGrant): void {
    this.#drop(this.#claimsOn(domain.subject).filter(({ grant }) => equalBytes(grant.sk, sk)))
  }

  /** Overwrites every key. */
  clear(): void {
    this.#drop(this.#claims)
    for (const { sk } of this.#proven.values()) sk.fill(0)
    this.#proven.clear()
  }

  #claimsOn(modelH: Uint8Array): Claim[] {
    return this.#claims.filter(({ grant }) => equalBytes(grant.domain.subject, modelH))
  }

  #drop(claims: readonly Claim[]): void {
    for (const { grant } of claims) grant.sk.fill(0)
    this.#claims = this.#claims.filter((claim) => !claims.includes(claim))
  }
}

const copyOf = (grant: KeyGrant): KeyGrant => ({ ...grant, sk: grant.sk.slice() })

const alreadySet = (): DcmlError =>
  new DcmlError('sk_already_set', 'This model has already been opened with another key.', {
    hint: 'Nothing needs to be done: the enclave has the right key.',
  })

const full = (): DcmlError =>
  new DcmlError('keys_full', 'This enclave holds as many keys as it can before it has seen a sealed model.', {
    hint: 'Have the host load the model, then give the key again: a key that opens it is always taken.',
    retryable: true,
    details: { retryAfter: 5 },
  })
