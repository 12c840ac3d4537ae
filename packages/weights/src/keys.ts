import { concatBytes, DcmlError, toHex, utf8 } from '@dcml/protocol'
import { x25519 } from '@noble/curves/ed25519.js'
import { sha256 } from '@noble/hashes/sha2.js'

/** Key pair of a model (paper §4): containers are sealed to `pk`, and whoever holds `sk` can open them. */
export interface ModelKey {
  /** X25519 secret key, 32 bytes. */
  sk: Uint8Array
  /** X25519 public key, 32 bytes. */
  pk: Uint8Array
}

export function generateModelKey(): ModelKey {
  const { secretKey, publicKey } = x25519.keygen()
  return { sk: secretKey, pk: publicKey }
}

/** @throws DcmlError `model_key_malformed` when `sk` has not 32 bytes */
export function publicKeyOf(sk: Uint8Array): Uint8Array {
  checkKey(sk)
  return x25519.getPublicKey(sk)
}

/**
 * Names a public key inside containers: hex of the first 16 bytes of SHA-256("dcmw kid" || pk).
 * @throws DcmlError `model_key_malformed` when `pk` has not 32 bytes
 */
export function keyId(pk: Uint8Array): string {
  checkKey(pk)
  return toHex(sha256(concatBytes(utf8('dcmw kid'), pk)).subarray(0, 16))
}

function checkKey(key: Uint8Array): void {
  if (!(key instanceof Uint8Array) || key.length !== 32) throw keyMalformed()
}

export const keyMalformed = (cause?: unknown): DcmlError =>
  new DcmlError('model_key_malformed', 'The model key is not an X25519 key of 32 bytes.', {
    hint: 'Make a key pair with `dcml model keygen`.',
    cause,
  })
