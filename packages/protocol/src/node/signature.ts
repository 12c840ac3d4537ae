import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { toBase64url } from '../bytes.ts'
import type { Ed25519Check } from '../signature.ts'

/**
 * As `ed25519Verifier` of the main entry, at once in this thread: WebCrypto hands each signature to another thread,
 * which costs about a quarter more processor time.
 */
export function ed25519Verifier(publicKey: Uint8Array): Ed25519Check {
  let key: KeyObject | undefined
  if (publicKey.length === 32) {
    const x = toBase64url(publicKey)
    key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
  }
  return (message, signature) => key !== undefined && signature.length === 64 && verify(null, message, key, signature)
}
