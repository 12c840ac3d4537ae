// SHA-256 by the platform, which is several times faster than the portable one the light client uses.
import { hash } from 'node:crypto'
import { type CryptoHash, formatHash } from '@dcml/light-client'

/** Below this a look-up in the cache costs as much as the hash. */
const WORTH_CACHING = 1024
const known = new WeakMap<Uint8Array, Uint8Array>()

/**
 * SHA-256. Large inputs are remembered by reference (contract code is hashed once, however often it is asked for), so
 * an array that was hashed must not be written to afterwards.
 */
export function sha256(bytes: Uint8Array): Uint8Array {
  if (bytes.length < WORTH_CACHING) return digest(bytes)
  let found = known.get(bytes)
  if (!found) {
    found = digest(bytes)
    known.set(bytes, found)
  }
  return found
}

function digest(bytes: Uint8Array): Uint8Array {
  const out = hash('sha256', bytes, 'buffer')
  return new Uint8Array(out.buffer, out.byteOffset, out.byteLength)
}

/** SHA-256 as NEAR shows it. */
export const hashOf = (bytes: Uint8Array): CryptoHash => formatHash(sha256(bytes))
