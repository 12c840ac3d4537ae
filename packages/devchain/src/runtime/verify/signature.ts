import {
  type PublicKey,
  parseHash,
  parsePublicKey,
  parseSignature,
  type Signature,
  type SignedTransaction,
} from '@dcml/light-client'
import { concatBytes } from '@dcml/protocol'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { verifyEd25519, verifyMlDsa65 } from '../../vm/crypto/signatures.ts'

/** Whether `key` signed `hash`, by nearcore's rules for Ed25519, secp256k1 and ML-DSA-65. */
export function isSignedBy(hash: Uint8Array, signature: Signature, key: PublicKey): boolean {
  const by = parsePublicKey(key)
  const { curve, bytes } = parseSignature(signature)
  if (by.curve !== curve) return false
  return verifiers[curve](by.bytes, hash, bytes)
}

const verifiers = { ed25519: verifyEd25519, secp256k1: verifySecp256k1, 'ml-dsa-65': verifyMlDsa65 } as const

const judged = new WeakMap<SignedTransaction, boolean>()

/** {@link isSignedBy} of a transaction: asked by RPC and again by the block, answered once. */
export function isSigned(signed: SignedTransaction): boolean {
  const known = judged.get(signed)
  if (known !== undefined) return known
  const { hash, signature, transaction } = signed
  const answer = isSignedBy(parseHash(hash), signature, transaction.publicKey)
  judged.set(signed, answer)
  return answer
}

/** libsecp256k1 takes only the lower of two possible `s`; of the recovery id it reads no more than its range. */
function verifySecp256k1(key: Uint8Array, hash: Uint8Array, signature: Uint8Array): boolean {
  try {
    const point = concatBytes(Uint8Array.of(4), key)
    const options = { prehash: false, lowS: true, format: 'compact' } as const
    return signature[64]! < 4 && secp256k1.verify(signature.subarray(0, 64), hash, point, options)
  } catch {
    return false // the key is no point
  }
}
