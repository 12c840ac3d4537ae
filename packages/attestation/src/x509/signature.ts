import { concatBytes } from '@dcml/protocol'
import { sha256 } from '@noble/hashes/sha2.js'
import { DerReader, Refusal } from './der.ts'

/**
 * Kinds of keys, each with the scheme it signs with: ECDSA P-256 with SHA-256, ECDSA P-384 with SHA-384, and
 * RSA-4096 with RSASSA-PSS, SHA-384, MGF1 of SHA-384 and 48 bytes of salt.
 */
export type KeyKind = 'p256' | 'p384' | 'rsa'

/** How a key signs: as its kind does, or, in CRLs of NVIDIA alone, ECDSA P-384 with SHA-256. */
export type SignatureScheme = KeyKind | 'p384-sha256'

export interface PublicKey {
  readonly kind: KeyKind
  /** P-256 and P-384: uncompressed point. RSA: DER of the SubjectPublicKeyInfo. */
  readonly bytes: Uint8Array
}

/** Checks a signature over `data`: r‖s where the key is on a curve. Where no scheme is named, it is that of the key's kind. */
export type VerifySignature = (
  key: PublicKey,
  data: Uint8Array,
  signature: Uint8Array,
  scheme?: SignatureScheme,
) => Promise<boolean>

type Subtle = typeof globalThis.crypto.subtle

const SCHEMES = {
  p256: { kind: 'p256', format: 'raw', algorithm: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } },
  p384: { kind: 'p384', format: 'raw', algorithm: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' } },
  'p384-sha256': { kind: 'p384', format: 'raw', algorithm: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-256' } },
  rsa: { kind: 'rsa', format: 'spki', algorithm: { name: 'RSA-PSS', hash: 'SHA-384', saltLength: 48 } },
} as const

/** The kind of the keys that sign so. */
export const keyKindOf = (scheme: SignatureScheme): KeyKind => SCHEMES[scheme].kind

/** The best verifier that this environment has, for one verification. */
export async function signatureVerifier(): Promise<VerifySignature> {
  const subtle = globalThis.crypto?.subtle as Subtle | undefined
  return subtle ? webCryptoVerifier(subtle) : portableVerifier()
}

/** A verifier on WebCrypto that imports each key object once. */
export function webCryptoVerifier(subtle: Subtle): VerifySignature {
  const keys = new Map<PublicKey, ReturnType<typeof importKey>>()
  const importKey = ({ kind, bytes }: PublicKey) =>
    subtle.importKey(SCHEMES[kind].format, own(bytes), SCHEMES[kind].algorithm, false, ['verify'])
  return async (key, data, signature, scheme = key.kind) => {
    if (keyKindOf(scheme) !== key.kind) return false
    const imported = keys.get(key) ?? importKey(key)
    keys.set(key, imported)
    try {
      return await subtle.verify(SCHEMES[scheme].algorithm, await imported, own(signature), own(data))
    } catch {
      return false // not a point on the curve
    }
  }
}

/** A verifier without WebCrypto, which browsers withhold from plain-http origins. It has no RSA, and says so. */
export async function portableVerifier(): Promise<VerifySignature> {
  const curves = await import('@noble/curves/nist.js')
  return async ({ kind, bytes }, data, signature, scheme = kind) => {
    if (keyKindOf(scheme) !== kind) return false
    if (kind === 'rsa') throw new Refusal('RSA signatures need WebCrypto, which browsers have on https origins only')
    try {
      // Manufacturers do not normalise s: half of their genuine signatures have a high one.
      return scheme === 'p384-sha256'
        ? curves.p384.verify(signature, sha256(data), bytes, { lowS: false, prehash: false })
        : curves[kind].verify(signature, data, bytes, { lowS: false })
    } catch {
      return false
    }
  }
}

/** Bytes of r and of s. */
const WIDTH = { p256: 32, p384: 48 } as const

/** r‖s of a DER `ECDSA-Sig-Value` (RFC 3279 §2.2.3). */
export function readEcdsaSignature(der: Uint8Array, kind: keyof typeof WIDTH): Uint8Array {
  const width = WIDTH[kind]
  const outer = new DerReader(der)
  const numbers = outer.sequence()
  const r = numbers.unsigned()
  const s = numbers.unsigned()
  numbers.end()
  outer.end()
  if (r.length > width || s.length > width) throw new Refusal('ECDSA: signature longer than its curve allows')
  return concatBytes(new Uint8Array(width - r.length), r, new Uint8Array(width - s.length), s)
}

const own = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => bytes as Uint8Array<ArrayBuffer>
