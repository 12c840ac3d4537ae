import { concatBytes } from '@dcml/protocol'
import { DerReader, Refusal } from './der.ts'

/** Checks an ECDSA P-256 signature over SHA-256 of `data`: `point` uncompressed (65 bytes), `signature` r‖s (64). */
export type VerifyP256 = (point: Uint8Array, data: Uint8Array, signature: Uint8Array) => Promise<boolean>

type Subtle = typeof globalThis.crypto.subtle

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

/** A verifier on WebCrypto that imports each key once. */
export function webCryptoP256(subtle: Subtle): VerifyP256 {
  const keys = new Map<string, ReturnType<typeof importKey>>()
  const importKey = (point: Uint8Array) => subtle.importKey('raw', own(point), algorithm, false, ['verify'])
  return async (point, data, signature) => {
    const id = point.join()
    const key = keys.get(id) ?? importKey(point)
    keys.set(id, key)
    try {
      return await subtle.verify(algorithm, await key, own(signature), own(data))
    } catch {
      return false // not a point on the curve
    }
  }
}

/** A verifier without WebCrypto, which browsers withhold from plain-http origins. */
export async function portableP256(): Promise<VerifyP256> {
  const { p256 } = await import('@noble/curves/nist.js')
  return async (point, data, signature) => {
    try {
      // Intel does not normalise s: half of its genuine signatures have a high one.
      return p256.verify(signature, data, point, { lowS: false })
    } catch {
      return false
    }
  }
}

/** r‖s of a DER `ECDSA-Sig-Value` (RFC 3279 §2.2.3). */
export function readEcdsaSignature(der: Uint8Array): Uint8Array {
  const outer = new DerReader(der)
  const numbers = outer.sequence()
  const r = numbers.unsigned()
  const s = numbers.unsigned()
  numbers.end()
  outer.end()
  if (r.length > 32 || s.length > 32) throw new Refusal('ECDSA: signature longer than P-256 allows')
  return concatBytes(new Uint8Array(32 - r.length), r, new Uint8Array(32 - s.length), s)
}

const own = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => bytes as Uint8Array<ArrayBuffer>
