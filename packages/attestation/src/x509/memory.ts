import { equalBytes, toHex } from '@dcml/protocol'
import type { PublicKey, SignatureScheme, VerifySignature } from './signature.ts'

interface Held {
  readonly key: Uint8Array
  readonly data: Uint8Array
}

/**
 * Signatures that held, so that what many pieces of evidence share (manufacturers' certificates, revocation lists, TCB
 * information, manifests) is computed once. A signature that held holds for ever: whether its signer is trusted, in its
 * window and unrevoked is judged each time, elsewhere. Known again is only what is equal in every byte of key, message
 * and signature. What did not hold is not kept, so strangers can at most push out what others would have found again.
 */
export class SignatureMemory {
  readonly #maxBytes: number
  /** Oldest use first. */
  readonly #held = new Map<string, Held>()
  #bytes = 0

  /** @param options `maxBytes`: of keys, messages and signatures together, 1 MiB if absent; what is larger is not kept */
  constructor({ maxBytes = 2 ** 20 }: { readonly maxBytes?: number } = {}) {
    this.#maxBytes = maxBytes
  }

  /** A verifier that asks this memory first. */
  over(verify: VerifySignature): VerifySignature {
    // The caller's buffers could change before what was verified is kept. One copy of a key is imported once.
    const keys = new Map<PublicKey, PublicKey>()
    const ownKey = (key: PublicKey): PublicKey => {
      const own = keys.get(key) ?? { kind: key.kind, bytes: Uint8Array.from(key.bytes) }
      keys.set(key, own)
      return own
    }
    return async (key, data, signature, scheme = key.kind) => {
      const id = idOf(key, signature, scheme)
      const known = this.#held.get(id)
      if (known && equalBytes(known.key, key.bytes) && equalBytes(known.data, data)) {
        this.#held.delete(id)
        this.#held.set(id, known)
        return true
      }
      const own = ownKey(key)
      const message = Uint8Array.from(data)
      const holds = await verify(own, message, Uint8Array.from(signature), scheme)
      if (holds) this.#keep(id, { key: own.bytes, data: message })
      return holds
    }
  }

  #keep(id: string, held: Held): void {
    this.#drop(id)
    const size = sizeOf(id, held)
    if (size > this.#maxBytes) return
    this.#held.set(id, held)
    this.#bytes += size
    for (const oldest of this.#held.keys()) {
      if (this.#bytes <= this.#maxBytes) return
      this.#drop(oldest)
    }
  }

  #drop(id: string): void {
    const held = this.#held.get(id)
    if (held === undefined) return
    this.#held.delete(id)
    this.#bytes -= sizeOf(id, held)
  }
}

const idOf = (key: PublicKey, signature: Uint8Array, scheme: SignatureScheme): string =>
  `${key.kind} ${scheme} ${toHex(signature)}`

const sizeOf = (id: string, { key, data }: Held): number => id.length + key.length + data.length

/** What this process remembers where nothing else is asked for. */
export const sharedSignatures = new SignatureMemory()
