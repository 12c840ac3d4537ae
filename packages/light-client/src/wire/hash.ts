import { bytes32, concatBytes, DcmlError, type Layout } from '@dcml/protocol'
import { sha256 } from '@noble/hashes/sha2.js'
import { base58 } from '@scure/base'
import type { CryptoHash } from '../transaction/types.ts'
import { mapped } from './union.ts'

/** Base58 of 32 bytes has at most 44 characters: longer text is refused before the quadratic decoding. */
const MAX_TEXT = 44

/** Base58 of a 32-byte hash. */
export const formatHash = (bytes: Uint8Array): CryptoHash => base58.encode(bytes)

/** @throws DcmlError `near_hash_invalid` on anything but base58 of exactly 32 bytes */
export function parseHash(text: CryptoHash): Uint8Array {
  let bytes: Uint8Array | undefined
  try {
    if (text.length <= MAX_TEXT) bytes = base58.decode(text)
  } catch {
    // told below: not base58
  }
  if (bytes?.length !== 32)
    throw new DcmlError('near_hash_invalid', 'The hash is not base58 of 32 bytes.', {
      hint: 'Hashes and ids of NEAR are 43 or 44 characters without 0, O, I and l.',
      details: { text: text.slice(0, 64) },
    })
  return bytes
}

/** A {@link CryptoHash}: 32 bytes on the wire. */
export const hashLayout: Layout<CryptoHash> = mapped(bytes32, { toWire: parseHash, fromWire: formatHash })

/** SHA-256 of the parts one after the other, in base58. */
export const hashOf = (...parts: readonly Uint8Array[]): CryptoHash => formatHash(sha256(concatBytes(...parts)))

/** 32 zero bytes: NEAR's "no hash", and the root of an empty Merkle tree. */
export const ZERO_HASH: CryptoHash = '1'.repeat(32)
