import { toHex } from '@dcml/protocol'
import { DerReader, Refusal } from './der.ts'
import {
  keyKindOf,
  type PublicKey,
  readEcdsaSignature,
  type SignatureScheme,
  type VerifySignature,
} from './signature.ts'

/** A body and its signature, as certificates and CRLs have them; nothing here is verified. */
export interface Signed {
  /** The signed part. */
  readonly body: Uint8Array
  /** ECDSA: r‖s. */
  readonly signature: Uint8Array
  readonly signedWith: SignatureScheme
}

/**
 * Whole encodings of AlgorithmIdentifier. RSASSA-PSS (RFC 8017 A.2.3) with its parameters spelled out: AMD's older
 * certificates add the trailer field, which is the default and which DER would leave out.
 */
const PSS = '06092a864886f70d01010a'
const SHA384 = '300d06096086480165030402020500'
const PSS_PARAMETERS = `a00f${SHA384}a11c301a06092a864886f70d010108${SHA384}a203020130`
const ALGORITHMS: Readonly<Record<string, readonly [SignatureScheme, ...SignatureScheme[]]>> = {
  // names the hash and leaves the curve to the key
  '300a06082a8648ce3d040302': ['p256', 'p384-sha256'],
  '300a06082a8648ce3d040303': ['p384'],
  [`3041${PSS}3034${PSS_PARAMETERS}`]: ['rsa'],
  [`3046${PSS}3039${PSS_PARAMETERS}a303020101`]: ['rsa'],
}

/** The frame that certificates and CRLs share: `SEQUENCE { body, AlgorithmIdentifier, signature }`. */
export function readSigned(der: Uint8Array, admitted: readonly SignatureScheme[]): Signed {
  const outer = new DerReader(der)
  const parts = outer.sequence()
  outer.end()
  const signed = readSignedParts(parts, admitted)
  parts.end()
  return signed
}

/** What that frame holds, for a frame that holds more: OCSP's does. */
export function readSignedParts(parts: DerReader, admitted: readonly SignatureScheme[]): Signed {
  const body = parts.readWhole()
  const named = readSignatureAlgorithm(parts)
  const signedWith = named.find((scheme) => admitted.includes(scheme))
  if (!signedWith) throw new Refusal(`a signature of kind ${named[0]} has no place in this PKI`)
  const bits = parts.bitStringBytes()
  const kind = keyKindOf(signedWith)
  return { body, signature: kind === 'rsa' ? bits : readEcdsaSignature(bits, kind), signedWith }
}

function readSignatureAlgorithm(reader: DerReader): readonly [SignatureScheme, ...SignatureScheme[]] {
  const schemes = ALGORITHMS[toHex(reader.readWhole())]
  if (!schemes) throw new Refusal('unknown signature algorithm')
  return schemes
}

/** The algorithm is named inside the body too, where the signature covers it (RFC 5280 §4.1.1.2). */
export function requireSameAlgorithm(body: DerReader, { signedWith }: Signed): void {
  if (!readSignatureAlgorithm(body).includes(signedWith)) throw new Refusal('two signature algorithms are named')
}

export const isSignedBy = async (signed: Signed, key: PublicKey, verify: VerifySignature): Promise<boolean> =>
  keyKindOf(signed.signedWith) === key.kind && verify(key, signed.body, signed.signature, signed.signedWith)

const P256 = '301306072a8648ce3d020106082a8648ce3d030107'
const P384 = '301006072a8648ce3d020106052b81040022'
const RSA = '300d06092a864886f70d0101010500'

/** Reads a SubjectPublicKeyInfo of one of the kinds that are known. */
export function readPublicKey(reader: DerReader): PublicKey {
  const whole = reader.readWhole()
  const info = new DerReader(whole).sequence()
  const algorithm = toHex(info.readWhole())
  const bytes = info.bitStringBytes()
  info.end()
  switch (algorithm) {
    case P256:
      return { kind: 'p256', bytes: requirePoint(bytes, 65) }
    case P384:
      return { kind: 'p384', bytes: requirePoint(bytes, 97) }
    case RSA:
      requireRsa4096(bytes)
      return { kind: 'rsa', bytes: whole }
    default:
      throw new Refusal('certificate: public key is neither P-256 nor P-384 nor RSA')
  }
}

function requirePoint(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length || bytes[0] !== 4)
    throw new Refusal('certificate: public key is not an uncompressed point')
  return bytes
}

function requireRsa4096(bytes: Uint8Array): void {
  const outer = new DerReader(bytes)
  const numbers = outer.sequence()
  outer.end()
  const modulus = numbers.unsigned()
  const exponent = toHex(numbers.unsigned())
  numbers.end()
  if (modulus.length !== 512 || modulus[0]! < 0x80 || exponent !== '010001')
    throw new Refusal('certificate: RSA key is not of 4096 bits with exponent 65537')
}
