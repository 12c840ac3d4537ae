// Certificates of TLS servers come from many authorities and with many algorithms. Nothing here verifies their chains: a
// certificate is only a box for a key and for what stands in its extensions.
import { toHex } from '@dcml/protocol'
import { sha256 } from '@noble/hashes/sha2.js'
import { base64 } from '@scure/base'
import { readExtensions } from '../x509/certificate.ts'
import { DerReader, Refusal, TAG } from '../x509/der.ts'
import { readEcdsaSignature } from '../x509/signature.ts'

/** Longest certificate that is read: RA-TLS carries a quote and an event log in it. */
export const MAX_CERTIFICATE = 131_072

export interface KeyBox {
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Uint8Array
  /** By object identifier, what is inside the OCTET STRING. */
  readonly extensions: ReadonlyMap<string, Uint8Array>
}

/** Reads key and extensions of an X.509 v3 certificate. Throws `Refusal` on anything else. */
export function readKeyBox(der: Uint8Array): KeyBox {
  if (der.length > MAX_CERTIFICATE) throw new Refusal(`certificate: more than ${MAX_CERTIFICATE} bytes`)
  const outer = new DerReader(der)
  const parts = outer.sequence()
  outer.end()
  const fields = parts.sequence()
  fields.explicit(TAG.context0)
  // serial number, signature algorithm, issuer, validity, subject
  for (let i = 0; i < 5; i++) fields.readWhole()
  const spki = fields.readWhole()
  const extensions = new Map<string, Uint8Array>()
  if (fields.peek(TAG.context3))
    for (const { oid, value } of readExtensions(fields.explicit(TAG.context3))) {
      if (extensions.has(oid)) throw new Refusal(`certificate: extension ${oid} is there twice`)
      extensions.set(oid, value)
    }
  fields.end()
  return { spki, extensions }
}

/** What TLS clients and services call the fingerprint of a key: SHA-256 of its DER SubjectPublicKeyInfo. */
export const spkiH = (spki: Uint8Array): Uint8Array => sha256(spki)

/** The first certificate of a PEM text, read as leniently as TLS libraries do. Throws `Refusal` where there is none. */
export function firstCertificate(pem: string): Uint8Array {
  const begin = pem.indexOf('-----BEGIN CERTIFICATE-----')
  const end = pem.indexOf('-----END CERTIFICATE-----', begin)
  if (begin === -1 || end === -1) throw new Refusal('PEM: no certificate')
  if (end - begin > MAX_CERTIFICATE * 1.5) throw new Refusal('PEM: certificate is too long')
  try {
    return base64.decode(pem.slice(begin + 27, end).replace(/\s+/g, ''))
  } catch {
    throw new Refusal('PEM: not base64')
  }
}

const CURVES: Readonly<Record<string, 'P-256' | 'P-384'>> = {
  '06082a8648ce3d030107': 'P-256',
  '06052b81040022': 'P-384',
}

/** The named curve of an elliptic-curve key, undefined for other keys. */
export function curveOf(spki: Uint8Array): 'P-256' | 'P-384' | undefined {
  const algorithm = new DerReader(spki).sequence().sequence()
  if (algorithm.oid() !== '1.2.840.10045.2.1') return undefined
  return CURVES[toHex(algorithm.readWhole())]
}

/** Whether a key signed `data`: ECDSA with SHA-256, the signature in DER. Undefined where this environment cannot tell. */
export async function ecdsaSha256(
  spki: Uint8Array,
  data: Uint8Array,
  signature: Uint8Array,
): Promise<boolean | undefined> {
  const namedCurve = curveOf(spki)
  const subtle = globalThis.crypto?.subtle as typeof globalThis.crypto.subtle | undefined
  if (namedCurve === undefined || subtle === undefined) return undefined
  const own = (bytes: Uint8Array) => bytes as Uint8Array<ArrayBuffer>
  try {
    const key = await subtle.importKey('spki', own(spki), { name: 'ECDSA', namedCurve }, false, ['verify'])
    const raw = readEcdsaSignature(signature, namedCurve === 'P-256' ? 'p256' : 'p384')
    return await subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, key, own(raw), own(data))
  } catch {
    return false
  }
}
