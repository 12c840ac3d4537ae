import { createPublicKey, verify } from 'node:crypto'
import { type PublicKey, parsePublicKey, parseSignature, type Signature } from '@dcml/light-client'
import { verifyEd25519Portable } from '@dcml/protocol'
import { secp256k1 } from '@noble/curves/secp256k1.js'

/**
 * Whether `key` signed `hash`, by nearcore's rules for Ed25519 and secp256k1. ML-DSA-65 is not modelled: its signatures
 * never hold.
 */
export function isSignedBy(hash: Uint8Array, signature: Signature, key: PublicKey): boolean {
  const by = parsePublicKey(key)
  const { curve, bytes } = parseSignature(signature)
  if (by.curve !== curve) return false
  if (curve === 'ed25519') return isEd25519(hash, bytes, by.bytes)
  return curve === 'secp256k1' && isSecp256k1(hash, bytes, by.bytes)
}

const SPKI_ED25519 = Uint8Array.of(48, 42, 48, 5, 6, 3, 43, 101, 112, 3, 33, 0)

/** OpenSSL is ten times as fast as JavaScript and, like dalek, without cofactor; it refuses some keys dalek reads. */
function isEd25519(hash: Uint8Array, signature: Uint8Array, key: Uint8Array): boolean {
  try {
    const spki = Buffer.concat([SPKI_ED25519, key])
    return verify(null, hash, createPublicKey({ key: spki, format: 'der', type: 'spki' }), signature)
  } catch {
    return verifyEd25519Portable(key, hash, signature)
  }
}

/** The signature ends with a recovery id; the recovered key must be the signer's. High `s` values are refused. */
function isSecp256k1(hash: Uint8Array, signature: Uint8Array, key: Uint8Array): boolean {
  try {
    const recovery = signature[64] as number
    const recovered = secp256k1.Signature.fromBytes(Uint8Array.of(recovery, ...signature.subarray(0, 64)), 'recovered')
    if (recovered.hasHighS()) return false
    const point = recovered.recoverPublicKey(hash).toBytes(false)
    return point.length === key.length + 1 && key.every((byte, i) => byte === point[i + 1])
  } catch {
    return false
  }
}
