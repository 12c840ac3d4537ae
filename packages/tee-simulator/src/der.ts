import { concatBytes } from '@dcml/protocol'

/** DER writer (X.690): just the types that certificates and CRLs need. */
export type Der = Uint8Array<ArrayBuffer>

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length]
  const octets: number[] = []
  for (let rest = length; rest > 0; rest >>>= 8) octets.unshift(rest & 0xff)
  return [0x80 | octets.length, ...octets]
}

export function tlv(tag: number, ...content: readonly Uint8Array[]): Der {
  const body = concatBytes(...content)
  return concatBytes(Uint8Array.from([tag, ...lengthOctets(body.length)]), body)
}

/** Context tag `[n]`, constructed. */
export const explicit = (n: number, ...content: readonly Uint8Array[]): Der => tlv(0xa0 | n, ...content)
/** Context tag `[n]`, primitive (an IMPLICIT string or bytes). */
export const implicit = (n: number, content: Uint8Array): Der => tlv(0x80 | n, content)

export const sequence = (...items: readonly Uint8Array[]): Der => tlv(0x30, ...items)
export const set = (...items: readonly Uint8Array[]): Der => tlv(0x31, ...items)
export const octetString = (bytes: Uint8Array): Der => tlv(0x04, bytes)
export const bitString = (bytes: Uint8Array, unusedBits = 0): Der => tlv(0x03, Uint8Array.of(unusedBits), bytes)
export const boolean = (value: boolean): Der => tlv(0x01, Uint8Array.of(value ? 0xff : 0))
export const enumerated = (value: number): Der => tlv(0x0a, Uint8Array.of(value))
export const utf8String = (text: string): Der => tlv(0x0c, new TextEncoder().encode(text))
export const printableString = (text: string): Der => tlv(0x13, new TextEncoder().encode(text))

/** A non-negative INTEGER from its big-endian bytes, in the shortest form. */
export function integer(value: Uint8Array | number): Der {
  const bytes = typeof value === 'number' ? integerBytes(value) : value
  const start = bytes.findIndex((byte) => byte !== 0)
  const magnitude = start === -1 ? Uint8Array.of(0) : bytes.subarray(start)
  return tlv(0x02, magnitude[0]! >= 0x80 ? Uint8Array.of(0) : new Uint8Array(), magnitude)
}

function integerBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

const oids = new Map<string, Der>()

export function oid(dotted: string): Der {
  const known = oids.get(dotted)
  if (known) return known
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const encoded = tlv(0x06, Uint8Array.from([first * 40 + second, ...rest.flatMap(base128)]))
  oids.set(dotted, encoded)
  return encoded
}

function base128(value: number): number[] {
  const octets = [value & 0x7f]
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) octets.unshift((rest & 0x7f) | 0x80)
  return octets
}

/** OCSP knows no other form of time (RFC 6960 §4.2.1). */
export const generalizedTime = (date: Date): Der => tlv(0x18, new TextEncoder().encode(digitsOf(date)))

const digitsOf = (date: Date): string => date.toISOString().replace(/[-:T]|\.\d+/g, '')

/** UTCTime to 2049, GeneralizedTime after it (RFC 5280 §4.1.2.5). */
export function time(date: Date): Der {
  return date.getUTCFullYear() < 2050
    ? tlv(0x17, new TextEncoder().encode(digitsOf(date).slice(2)))
    : generalizedTime(date)
}
