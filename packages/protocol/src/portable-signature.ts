import { ed25519 } from '@noble/curves/ed25519.js'

/** {@link verifyEd25519} in plain JavaScript, synchronous: for contracts, and as the oracle of the test suite. */
export function verifyEd25519Portable(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  try {
    return ed25519.verify(signature, message, publicKey, { zip215: false })
  } catch {
    return false
  }
}
