// How state names access keys (nearcore `PublicKeyHandle`): small keys by themselves, ML-DSA-65 keys by their hash.
import { formatHash, type PublicKey, parseHash, parsePublicKey, publicKeyLayout } from '@dcml/light-client'
import { concatBytes, DcmlError, decode, encode, utf8 } from '@dcml/protocol'
import { sha3_256 } from '@noble/hashes/sha3.js'

const ML_DSA_HANDLE = 3
const ML_DSA_DOMAIN = utf8('near:ml-dsa-65-pubkey-hash:v1')
const ML_DSA_PREFIX = 'ml-dsa-65-hash:'
const LENGTHS: readonly (number | undefined)[] = [33, 65, undefined, 33]

/** Bytes of the key in a trie key; their number is also what the key counts for in storage usage. */
export function keyHandle(publicKey: string): Uint8Array {
  if (publicKey.startsWith(ML_DSA_PREFIX))
    return concatBytes(Uint8Array.of(ML_DSA_HANDLE), parseHash(publicKey.slice(ML_DSA_PREFIX.length)))
  const { curve, bytes } = parsePublicKey(publicKey)
  if (curve !== 'ml-dsa-65') return encode(publicKeyLayout, publicKey)
  return concatBytes(Uint8Array.of(ML_DSA_HANDLE), sha3_256(concatBytes(ML_DSA_DOMAIN, bytes)))
}

/** Whether {@link keyHandle} takes it. */
export function isKeyHandle(publicKey: string): boolean {
  try {
    keyHandle(publicKey)
    return true
  } catch {
    return false
  }
}

/** Length of the handle that `bytes` start with. */
export function keyHandleLength(bytes: Uint8Array): number {
  const length = LENGTHS[bytes[0] ?? -1]
  if (length === undefined || bytes.length < length)
    throw new DcmlError('borsh_invalid', 'The bytes do not start with the name of an access key.', {
      hint: 'The state was damaged or written by a newer protocol version.',
    })
  return length
}

/** The key as it can be shown: ML-DSA-65 keys only by their hash, `ml-dsa-65-hash:…`. */
export const showKeyHandle = (handle: Uint8Array): PublicKey =>
  handle[0] === ML_DSA_HANDLE ? ML_DSA_PREFIX + formatHash(handle.subarray(1)) : decode(publicKeyLayout, handle)
