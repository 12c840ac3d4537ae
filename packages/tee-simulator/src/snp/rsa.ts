import { constants, createHash, createPrivateKey, createPublicKey, type KeyObject, privateEncrypt } from 'node:crypto'
import { concatBytes, utf8 } from '@dcml/protocol'
import type { Der } from '../der.ts'
import { keep } from '../keys.ts'
import { RSA_KEYS } from './rsa-keys.ts'

/** One of the fixed RSA keys that stand for AMD's. */
export interface RsaKey {
  readonly kind: 'rsa'
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Der
  readonly privateKey: KeyObject
}

const loaded = new Map<string, RsaKey>()

export function rsaKey(name: keyof typeof RSA_KEYS): RsaKey {
  const known = loaded.get(name)
  if (known) return known
  const privateKey = createPrivateKey({ key: Buffer.from(RSA_KEYS[name], 'base64'), format: 'der', type: 'pkcs8' })
  const info = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const key: RsaKey = { kind: 'rsa', publicKeyInfo: Uint8Array.from(info), privateKey }
  loaded.set(name, key)
  return key
}

const MODULUS = 512
const HASH = 48

/**
 * RSASSA-PSS with SHA-384 and 48 bytes of salt (RFC 8017 §9.1.1). The salt follows from the message, so that certificates
 * are the same bytes in every process.
 */
export const signPss = (key: RsaKey, message: Uint8Array): Uint8Array =>
  keep(signatures, [key.publicKeyInfo, message], () => sign(key, message)).slice()

const signatures = new Map<string, Uint8Array>()

function sign({ privateKey }: RsaKey, message: Uint8Array): Uint8Array {
  const salt = sha384(utf8('salt'), message)
  const hash = sha384(new Uint8Array(8), sha384(message), salt)
  const zeros = new Uint8Array(MODULUS - 2 * HASH - 2)
  const block = concatBytes(zeros, Uint8Array.of(1), salt)
  const masked = mask(hash, block.length).map((byte, i) => byte ^ block[i]!)
  masked[0]! &= 0x7f // one bit less than the modulus
  const encoded = concatBytes(masked, hash, Uint8Array.of(0xbc))
  return Uint8Array.from(privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, encoded))
}

/** MGF1 (RFC 8017 B.2.1). */
function mask(seed: Uint8Array, length: number): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(length / HASH) }, (_, i) => sha384(seed, Uint8Array.of(0, 0, 0, i)))
  return concatBytes(...blocks).subarray(0, length)
}

function sha384(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha384')
  for (const part of parts) hash.update(part)
  return Uint8Array.from(hash.digest())
}
