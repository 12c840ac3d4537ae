import { DcmlError, equalBytes, type KeyGrant, toHex } from '@dcml/protocol'

/** How many keys that nothing has proven yet are kept per model; the oldest gives way. */
const MAX_UNPROVEN = 8
/** How many models keys are kept for, where the image manifest names none. */
const MAX_MODELS = 16

/** Who handed a key over. A peer's evidence was verified; a publisher's is not asked for. */
export type KeyOrigin = 'publisher' | 'peer'

interface Held {
  proven: KeyGrant | undefined
  unproven: { grant: KeyGrant; origin: KeyOrigin }[]
}

/**
 * The models' secret keys (paper §4), in this process's memory and nowhere else.
 *
 * Anyone may call `set_sk`, so a key is only a claim until a sealed model has opened with it. Wrong claims cannot
 * lock the right key out: several are kept, a peer's outlives a stranger's, and a proven key drives all others out.
 */
export class KeyStore {
  readonly #models: Map<string, Held> = new Map()
  readonly #listeners: Set<(modelH: Uint8Array) => void> = new Set()

  /** Called after every key that is new for a model. */
  onKey(listener: (modelH: Uint8Array) => void): void {
    this.#listeners.add(listener)
  }

  /**
   * Keeps a key; a key that is already here changes nothing.
   * @throws DcmlError `sk_already_set` when another key has already opened this model, `sk_store_full`
   */
  add(grant: KeyGrant, origin: KeyOrigin): void {
    const modelH = grant.domain.subject
    const held = this.#held(toHex(modelH))
    if (held.proven !== undefined) {
      if (equalBytes(held.proven.sk, grant.sk)) return
      throw new DcmlError('sk_already_set', 'This model has already been opened with another key.', {
        hint: 'Nothing needs to be done: the enclave has the right key.',
      })
    }
    if (held.unproven.some((other) => equalBytes(other.grant.sk, grant.sk))) return
    if (held.unproven.length === MAX_UNPROVEN) {
      const stranger = held.unproven.findIndex((other) => other.origin === 'publisher')
      for (const { grant: dropped } of held.unproven.splice(Math.max(stranger, 0), 1)) dropped.sk.fill(0)
    }
    held.unproven.push({ grant, origin })
    for (const listener of this.#listeners) listener(modelH)
  }

  /** A copy of the likeliest key, for the caller to overwrite after use: the one proven, else a peer's, else the newest. */
  best(modelH: Uint8Array): KeyGrant | undefined {
    const held = this.#models.get(toHex(modelH))
    const newest = held?.unproven.toReversed() ?? []
    const grant = held?.proven ?? newest.find(({ origin }) => origin === 'peer')?.grant ?? newest[0]?.grant
    return grant && { ...grant, sk: grant.sk.slice() }
  }

  /** A copy of the key that has opened this model, for the caller to overwrite after use. */
  proven(modelH: Uint8Array): KeyGrant | undefined {
    const grant = this.#models.get(toHex(modelH))?.proven
    return grant && { ...grant, sk: grant.sk.slice() }
  }

  /** Keeps this key alone: a sealed model has opened with it. */
  prove(grant: KeyGrant): void {
    const held = this.#held(toHex(grant.domain.subject))
    for (const { grant: other } of held.unproven) other.sk.fill(0)
    held.unproven = []
    held.proven = { ...grant, sk: grant.sk.slice() }
  }

  /** Forgets a key that does not open its model. */
  reject({ domain, sk }: KeyGrant): void {
    const held = this.#held(toHex(domain.subject))
    const wrong = held.unproven.find(({ grant }) => equalBytes(grant.sk, sk))
    wrong?.grant.sk.fill(0)
    held.unproven = held.unproven.filter((other) => other !== wrong)
  }

  /** Overwrites every key. */
  clear(): void {
    for (const { proven, unproven } of this.#models.values()) {
      proven?.sk.fill(0)
      for (const { grant } of unproven) grant.sk.fill(0)
    }
    this.#models.clear()
  }

  #held(modelH: string): Held {
    const known = this.#models.get(modelH)
    if (known !== undefined) return known
    if (this.#models.size >= MAX_MODELS) this.#forgetOneUnproven()
    const held: Held = { proven: undefined, unproven: [] }
    this.#models.set(modelH, held)
    return held
  }

  #forgetOneUnproven(): void {
    for (const [modelH, { proven, unproven }] of this.#models) {
      if (proven !== undefined) continue
      for (const { grant } of unproven) grant.sk.fill(0)
      this.#models.delete(modelH)
      return
    }
    throw new DcmlError('sk_store_full', 'This enclave holds keys of as many models as it can.', {
      hint: 'Use another enclave.',
    })
  }
}
