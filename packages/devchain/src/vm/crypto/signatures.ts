import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { concatBytes, equalBytes, fromHex } from '@dcml/protocol'
import { ed25519 } from '@noble/curves/ed25519.js'
import { p256 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { sha512 } from '@noble/hashes/sha2.js'

/** What precedes a key's own bytes in SPKI (RFC 8410, RFC 9881). */
const ED25519 = fromHex('302a300506032b6570032100')
const ML_DSA_65 = fromHex('308207b2300b0609608648016503040312038207a100')

/**
 * Ed25519 as ed25519-dalek's `verify`: without cofactor, R compared as bytes, s below the group order, any point for a
 * key. The platform asks for more: OpenSSL 3.5 refuses keys of low order. So its yes is final, and its no is not.
 * @param publicKey 32 bytes @param signature 64 bytes
 */
export const verifyEd25519 = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean =>
  verify(null, message, keyObject(ED25519, publicKey), signature) || verifyEd25519Plainly(publicKey, message, signature)

/**
 * ML-DSA-65 without context (FIPS 204), by the platform: before Node 24.7 it has none, and no signature holds.
 * @param publicKey 1952 bytes @param signature 3309 bytes
 */
export function verifyMlDsa65(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(null, message, keyObject(ML_DSA_65, publicKey), signature)
  } catch {
    return false
  }
}

/** To make one costs as much as a verification, and the same few keys sign nearly everything. */
const KEPT_KEYS = 256
const keyObjects = new Map<string, KeyObject>()

function keyObject(prefix: Uint8Array, publicKey: Uint8Array): KeyObject {
  const der = Buffer.from(concatBytes(prefix, publicKey))
  const name = der.toString('latin1')
  let key = keyObjects.get(name)
  if (!key) {
    if (keyObjects.size === KEPT_KEYS) keyObjects.clear()
    key = createPublicKey({ key: der, format: 'der', type: 'spki' })
    keyObjects.set(name, key)
  }
  return key
}

const { Point } = ed25519
const { Fn } = Point

/** The equation itself, R = sB - kA. */
export function verifyEd25519Plainly(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const r = signature.subarray(0, 32)
  const s = littleEndian(signature.subarray(32))
  if (s >= Fn.ORDER) return false
  const k = Fn.create(littleEndian(sha512(concatBytes(r, publicKey, message))))
  try {
    const key = Point.fromBytes(publicKey, true) // y need not be below p, as in curve25519-dalek
    return equalBytes(Point.BASE.multiplyUnsafe(s).subtract(key.multiplyUnsafe(k)).toBytes(), r)
  } catch {
    return false // the key is no point
  }
}

/** Shorter prehashes are refused by the `ecdsa` crate nearcore uses. */
const MIN_PREHASH_LENGTH = 16

const P256_ORDER = p256.Point.Fn.ORDER

/** Whether r and s of a 64-byte signature are possible on P-256. */
export function isP256Signature(signature: Uint8Array): boolean {
  const parts = [signature.subarray(0, 32), signature.subarray(32)].map(bigEndian)
  return parts.every((part) => part > 0n && part < P256_ORDER)
}

/** ECDSA on P-256 over a prehash; high s is allowed. @param signature r and s, 64 bytes @param publicKey SEC1, 33 bytes */
export function verifyP256(publicKey: Uint8Array, prehash: Uint8Array, signature: Uint8Array): boolean {
  if (prehash.length < MIN_PREHASH_LENGTH) return false
  try {
    return p256.verify(signature, prehash, publicKey, { prehash: false, lowS: false, format: 'compact' })
  } catch {
    return false
  }
}

const ORDER = secp256k1.Point.Fn.ORDER

/**
 * The key that made an ECDSA signature on secp256k1, 64 bytes without tag; undefined if none did.
 * @param signature r and s, 64 bytes @param recovery 0 to 3 @param lowS refuses the upper half of s
 */
export function recoverSecp256k1(
  hash: Uint8Array,
  signature: Uint8Array,
  recovery: number,
  lowS: boolean,
): Uint8Array | undefined {
  const s = bigEndian(signature.subarray(32))
  if (bigEndian(signature.subarray(0, 32)) >= ORDER || s >= (lowS ? ORDER / 2n + 1n : ORDER)) return undefined
  try {
    const point = secp256k1.Signature.fromBytes(signature, 'compact').addRecoveryBit(recovery).recoverPublicKey(hash)
    return point.toBytes(false).slice(1)
  } catch {
    return undefined
  }
}

const bigEndian = (bytes: Uint8Array): bigint => bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)

const littleEndian = (bytes: Uint8Array): bigint => bigEndian(bytes.toReversed())
