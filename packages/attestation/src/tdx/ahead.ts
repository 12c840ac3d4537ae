import type { PublicKey, VerifySignature } from '../x509/signature.ts'

/**
 * Signature checks that are under way before they are asked for: WebCrypto verifies beside this thread, and verification
 * asks for one after the other. Which check passes is still decided where it is asked for; an answer is only used for
 * the very objects that it was computed from.
 */
export class Ahead {
  readonly #verify: VerifySignature
  readonly #started = new Map<Uint8Array, { key: PublicKey; data: Uint8Array; valid: Promise<boolean> }>()

  constructor(verify: VerifySignature) {
    this.#verify = verify
  }

  start(key: PublicKey, data: Uint8Array, signature: Uint8Array): void {
    if (this.#started.has(signature)) return
    const valid = this.#verify(key, data, signature)
    valid.catch(() => {}) // told to whoever asks
    this.#started.set(signature, { key, data, valid })
  }

  readonly verify: VerifySignature = (key, data, signature, scheme) => {
    const started = this.#started.get(signature)
    return started?.key === key && started.data === data && (scheme ?? key.kind) === key.kind
      ? started.valid
      : this.#verify(key, data, signature, scheme)
  }
}
