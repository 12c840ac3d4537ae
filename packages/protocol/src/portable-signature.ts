import { ed25519 } from '@noble/curves/ed25519.js'
import { verifyStrictly } from './signature.ts'

/** {@link verifyEd25519} in plain JavaScript, synchronous: for contracts, and as the oracle of the test suite. */
export const verifyEd25519Portable = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
  verifyStrictly(ed25519, publicKey, message, signature)
