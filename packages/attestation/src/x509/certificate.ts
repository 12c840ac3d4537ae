import { toHex } from '@dcml/protocol'
import { DerReader, Refusal, TAG } from './der.ts'
import type { KeyKind, PublicKey } from './signature.ts'
import { readPublicKey, readSigned, requireSameAlgorithm, type Signed } from './signed.ts'

/** Extensions that mean something to a verifier. */
export const EXTENSION = {
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  /** Intel's PCK certificate extension: what the platform is. */
  sgx: '1.2.840.113741.1.13.1',
  /** TCG DICE, as NVIDIA's Hopper and Blackwell have it: which firmware holds the key. */
  deviceId: '2.23.133.5.4.1',
  tcbInfo: '2.23.133.5.4.1.1',
  /** Marks a certificate of a simulated TEE; the value is the UTF8String "DEVELOPMENT". */
  development: '1.3.6.1.4.1.58888.1.1',
} as const

/** Bits of KeyUsage (RFC 5280 §4.2.1.3) as {@link DerReader.namedBits} gives them. */
export const KEY_USAGE = { digitalSignature: 0x8000, keyCertSign: 0x0400, cRLSign: 0x0200 } as const

export interface Extension {
  readonly oid: string
  readonly critical: boolean
  readonly value: Uint8Array
}

/** What the certificates of one PKI may be made of; anything else is refused. */
export interface Pki {
  /** Its kinds of keys, and so of signatures. */
  readonly kinds: readonly KeyKind[]
  /** Extensions its verifier looks at: a critical one that is not here refuses the certificate (RFC 5280 §4.2). */
  readonly extensions: readonly string[]
}

/** What an X.509 v3 certificate says; nothing here is verified. */
export interface Certificate extends Signed {
  readonly der: Uint8Array
  /** Magnitude, as hex. */
  readonly serial: string
  /** Names are compared as they are encoded. */
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  /** Unix ms, both inclusive. */
  readonly notBefore: number
  readonly notAfter: number
  readonly publicKey: PublicKey
  readonly isCa: boolean
  readonly pathLength: number | undefined
  readonly keyUsage: number
  readonly extensions: readonly Extension[]
}

/** Reads a certificate of X.509 v3 whose key and signature are of the kinds admitted. */
export function readCertificate(der: Uint8Array, admitted: readonly KeyKind[]): Certificate {
  const signed = readSigned(der, admitted)
  const fields = new DerReader(signed.body).sequence()
  const version = fields.explicit(TAG.context0)
  if (version.uint16() !== 2) throw new Refusal('certificate: not X.509 v3')
  version.end()
  // AMD numbers all its chip certificates 0, which RFC 5280 §4.1.2.2 forbids and wants tolerated.
  const serial = readSerial(fields)
  requireSameAlgorithm(fields, signed)
  const issuer = readName(fields)
  const validity = fields.sequence()
  const notBefore = validity.time()
  const notAfter = validity.time()
  validity.end()
  const subject = readName(fields)
  const publicKey = readPublicKey(fields)
  if (!admitted.includes(publicKey.kind)) throw new Refusal(`a key of kind ${publicKey.kind} has no place in this PKI`)
  const explicit = fields.explicit(TAG.context3)
  const extensions = readExtensions(explicit)
  explicit.end()
  fields.end()
  const constraints = { ...readBasicConstraints(extensions), keyUsage: readKeyUsage(extensions) }
  return { ...signed, der, serial, issuer, subject, notBefore, notAfter, publicKey, ...constraints, extensions }
}

/** Magnitude of a serial number as hex. */
export function readSerial(reader: DerReader): string {
  const serial = reader.unsigned()
  if (serial.length > 20) throw new Refusal('serial number is above 20 octets')
  return toHex(serial) || '00'
}

export function readName(reader: DerReader): Uint8Array {
  if (!reader.peek(TAG.sequence)) throw new Refusal('name is not a sequence')
  const name = reader.readWhole()
  if (name.length === 2) throw new Refusal('name is empty')
  return name
}

export function readExtensions(reader: DerReader): Extension[] {
  const list = reader.sequence()
  const extensions: Extension[] = []
  while (!list.done) {
    const entry = list.sequence()
    const oid = entry.oid()
    const critical = entry.peek(TAG.boolean)
    if (critical && !entry.boolean()) throw new Refusal(`extension ${oid}: default value encoded`)
    extensions.push({ oid, critical, value: entry.read(TAG.octetString) })
    entry.end()
  }
  return extensions
}

function readBasicConstraints(extensions: readonly Extension[]): { isCa: boolean; pathLength: number | undefined } {
  const extension = only(extensions, EXTENSION.basicConstraints)
  if (!extension) return { isCa: false, pathLength: undefined }
  const outer = new DerReader(extension.value)
  const fields = outer.sequence()
  outer.end()
  const isCa = fields.peek(TAG.boolean)
  if (isCa && !fields.boolean()) throw new Refusal('basicConstraints: default value encoded')
  const pathLength = isCa && fields.peek(TAG.integer) ? fields.uint16() : undefined
  fields.end()
  return { isCa, pathLength }
}

/** keyCertSign in the encoding of AMD's ASKs: with a trailing zero bit, against X.690 §11.2.2. */
const AMD_KEY_CERT_SIGN = '03020104'

function readKeyUsage(extensions: readonly Extension[]): number {
  const extension = only(extensions, EXTENSION.keyUsage)
  if (!extension) return 0
  if (toHex(extension.value) === AMD_KEY_CERT_SIGN) return KEY_USAGE.keyCertSign
  const reader = new DerReader(extension.value)
  const bits = reader.namedBits()
  reader.end()
  return bits
}

/** The extension of this id, which may be there only once. */
export function only(extensions: readonly Extension[], oid: string): Extension | undefined {
  const [extension, second] = extensions.filter((candidate) => candidate.oid === oid)
  if (second) throw new Refusal(`extension ${oid} is there twice`)
  return extension
}

export const carries = (certificate: Certificate, oid: string): boolean =>
  certificate.extensions.some((extension) => extension.oid === oid)
