// Ed25519 keys of a development chain: the same seed gives the same keys, so whole chains can be compared.
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { formatPublicKey, formatSignature, type PublicKey, type Signature } from '@dcml/light-client'
import { concatBytes, DcmlError, fromHex, utf8 } from '@dcml/protocol'
import { base58 } from '@scure/base'
import { sha256 } from '../wire/hash.ts'

/** A key the devchain may sign with. */
export interface KeyPair {
  readonly publicKey: PublicKey
  /** `ed25519:` and base58 of seed and public key, as NEAR's key files have it. */
  readonly secretKey: string
  sign(message: Uint8Array): Signature
}

/** RFC 8410: what precedes the 32 bytes of an Ed25519 seed in PKCS #8. */
const PKCS8 = fromHex('302e020100300506032b657004220420')

function keyPair(seed: Uint8Array): KeyPair {
  const key = createPrivateKey({ key: Buffer.from(concatBytes(PKCS8, seed)), format: 'der', type: 'pkcs8' })
  const { x } = createPublicKey(key).export({ format: 'jwk' })
  const publicBytes = new Uint8Array(Buffer.from(x as string, 'base64url'))
  return {
    publicKey: formatPublicKey({ curve: 'ed25519', bytes: publicBytes }),
    secretKey: `ed25519:${base58.encode(concatBytes(seed, publicBytes))}`,
    sign: (message) => formatSignature({ curve: 'ed25519', bytes: new Uint8Array(sign(null, message, key)) }),
  }
}

/** The key that belongs to a text: development only, anybody can derive it. */
export const keyPairFromSeed = (seed: string): KeyPair => keyPair(sha256(utf8(`devchain:${seed}`)))

/** @throws DcmlError `devchain_key_invalid` on anything but `ed25519:` and base58 of 32 or 64 bytes */
export function keyPairFromSecret(secretKey: string): KeyPair {
  let bytes: Uint8Array | undefined
  try {
    if (secretKey.startsWith('ed25519:')) bytes = base58.decode(secretKey.slice(8))
  } catch {
    // told below: not base58
  }
  if (bytes?.length !== 32 && bytes?.length !== 64)
    throw new DcmlError('devchain_key_invalid', 'The secret key is not ed25519 in base58.', {
      hint: 'Take secret_key (or private_key) from a key file of NEAR.',
    })
  return keyPair(bytes.subarray(0, 32))
}
