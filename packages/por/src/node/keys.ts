import { createPrivateKey, createPublicKey, type KeyObject, sign, verify as verifySignature } from 'node:crypto'
import { selfSignedCertificate } from '@dcml/attestation/node'
import { concatBytes, DcmlError, fromHex, toBase64url, toHex } from '@dcml/protocol'
import type { NodeSigner, VerifyNow } from '@dcml/protocol/por'

/** A node's one key, as it signs and as TLS shows it. */
export interface NodeKeys {
  readonly signer: NodeSigner
  /** PEM. */
  readonly tls: { readonly key: string; readonly cert: string }
}

/** Everything of a PKCS #8 Ed25519 key before its seed (RFC 8410 §7). */
const PKCS8 = fromHex('302e020100300506032b657004220420')

/** @param seed 32 secret bytes (RFC 8032 §5.1.5) @throws DcmlError `por_key_invalid` */
export function nodeKeys(seed: Uint8Array): NodeKeys {
  if (seed.length !== 32)
    throw new DcmlError('por_key_invalid', `The node key has ${seed.length} bytes, not 32.`, {
      hint: 'Give the 32-byte seed of an Ed25519 key.',
    })
  const key = createPrivateKey({ key: Buffer.from(concatBytes(PKCS8, seed)), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(key)
  return {
    signer: { publicKey: rawKey(publicKey)!, sign: (message) => Uint8Array.from(sign(null, message, key)) },
    tls: {
      key: key.export({ type: 'pkcs8', format: 'pem' }) as string,
      cert: selfSignedCertificate(key, publicKey, 'DCML node', new Date(0)),
    },
  }
}

/** The 32 bytes of an Ed25519 key; null for one of another kind. */
export const rawKey = (key: KeyObject): Uint8Array | null =>
  key.asymmetricKeyType === 'ed25519'
    ? Uint8Array.from(key.export({ type: 'spki', format: 'der' }).subarray(-32))
    : null

/** Keys that are kept read: those of neighbours and frequent requesters. */
const KEYS = 4096

/** As {@link VerifyNow}, on another thread. */
export type VerifyLater = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => Promise<boolean>

/** Ed25519 by the platform. */
export function createVerify(): VerifyNow {
  const keys = new ReadKeys()
  return (publicKey, message, signature) =>
    fits(publicKey, signature) && verifySignature(null, message, keys.of(publicKey), signature)
}

/** Ed25519 by the platform's pool of threads. */
export function createVerifyLater(): VerifyLater {
  const keys = new ReadKeys()
  return (publicKey, message, signature) =>
    new Promise((resolve) => {
      if (!fits(publicKey, signature)) return resolve(false)
      verifySignature(null, message, keys.of(publicKey), signature, (error, isValid) => resolve(!error && isValid))
    })
}

const fits = (publicKey: Uint8Array, signature: Uint8Array): boolean =>
  publicKey.length === 32 && signature.length === 64

/** Reading a key costs a fifth of a verification, so keys in use stay read. */
class ReadKeys {
  readonly #keys = new Map<string, KeyObject>()

  of(publicKey: Uint8Array): KeyObject {
    const name = toHex(publicKey)
    const known = this.#keys.get(name)
    if (known !== undefined) return known
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: toBase64url(publicKey) }, format: 'jwk' })
    if (this.#keys.size === KEYS) this.#keys.delete(this.#keys.keys().next().value!)
    this.#keys.set(name, key)
    return key
  }
}
