/** Bytes that are not what they claim to be. Never leaves this package: it becomes a failed check. */
export class Refusal extends Error {}

/** Tags of the types that certificates and CRLs are made of (X.690 §8.1.2). */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  /** `[0]` and so on, constructed. */
  context0: 0xa0,
  context1: 0xa1,
  context2: 0xa2,
  context3: 0xa3,
  context6: 0xa6,
} as const

/**
 * Reads DER (X.690 §10), refusing BER: definite minimal lengths, minimal integers, one form for booleans and bits.
 * It never recurses: depth is what the caller's grammar asks for.
 */
export class DerReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at === this.#bytes.length
  }

  /** Whether the next value has this tag. */
  peek(tag: number): boolean {
    return this.#bytes[this.#at] === tag
  }

  /** The next value's contents, without tag and length. */
  read(tag: number): Uint8Array {
    if (!this.peek(tag)) throw new Refusal(`DER: expected tag 0x${tag.toString(16)}`)
    return this.#next().contents
  }

  /** The next value, whatever it is, with tag and length. */
  readWhole(): Uint8Array {
    return this.#next().whole
  }

  sequence(): DerReader {
    return new DerReader(this.read(TAG.sequence))
  }

  /** The value inside an EXPLICIT tag. */
  explicit(tag: number): DerReader {
    return new DerReader(this.read(tag))
  }

  /** Refuses bytes after the last value. */
  end(): void {
    if (!this.done) throw new Refusal('DER: bytes after the last value')
  }

  boolean(): boolean {
    const [value, ...rest] = this.read(TAG.boolean)
    if (rest.length !== 0 || (value !== 0x00 && value !== 0xff)) throw new Refusal('DER: not a boolean')
    return value === 0xff
  }

  /** A non-negative integer's magnitude: big-endian, without leading zeros; empty for 0. */
  unsigned(): Uint8Array {
    const bytes = this.read(TAG.integer)
    const [first, second] = bytes
    if (first === undefined) throw new Refusal('DER: empty integer')
    if (first & 0x80) throw new Refusal('DER: negative integer')
    if (first !== 0) return bytes
    if (second !== undefined && !(second & 0x80)) throw new Refusal('DER: integer not minimal')
    return bytes.subarray(1)
  }

  /** A non-negative integer below 2^16. */
  uint16(): number {
    const bytes = this.unsigned()
    if (bytes.length > 2) throw new Refusal('DER: integer above 65535')
    return bytes.reduce((value, byte) => value * 256 + byte, 0)
  }

  octets(length: number): Uint8Array {
    const bytes = this.read(TAG.octetString)
    if (bytes.length !== length) throw new Refusal(`DER: ${bytes.length} octets, not ${length}`)
    return bytes
  }

  /** A bit string of whole bytes, such as a key or a signature. */
  bitStringBytes(): Uint8Array {
    const bytes = this.read(TAG.bitString)
    if (bytes[0] !== 0) throw new Refusal('DER: bit string is not whole bytes')
    return bytes.subarray(1)
  }

  /** A named bit list of at most 16 bits, first bit highest (X.690 §11.2.2: no trailing zero bits). */
  namedBits(): number {
    const [unused, ...bytes] = this.read(TAG.bitString)
    const last = bytes.at(-1)
    if (unused === undefined || unused > 7 || !last || bytes.length > 2) throw new Refusal('DER: not a named bit list')
    if ((last & ((2 << unused) - 1)) !== 1 << unused) throw new Refusal('DER: named bit list with trailing zeros')
    return (bytes[0]! << 8) | (bytes[1] ?? 0)
  }

  /** An object identifier in dotted form. */
  oid(): string {
    const arcs: number[] = []
    let arc = 0
    let inArc = false
    for (const byte of this.read(TAG.objectIdentifier)) {
      if (!inArc && byte === 0x80) throw new Refusal('DER: object identifier not minimal')
      arc = arc * 128 + (byte & 0x7f)
      if (arc > 0xffff_ffff) throw new Refusal('DER: object identifier arc above 32 bits')
      inArc = (byte & 0x80) !== 0
      if (inArc) continue
      if (arcs.length === 0) {
        const root = Math.min(Math.floor(arc / 40), 2)
        arcs.push(root, arc - root * 40)
      } else arcs.push(arc)
      arc = 0
    }
    if (inArc || arcs.length === 0) throw new Refusal('DER: object identifier cut short')
    return arcs.join('.')
  }

  /**
   * A time in Unix ms, in the forms of RFC 5280 §4.1.2.5: UTCTime for 1950 to 2049, or GeneralizedTime, which OCSP and
   * NVIDIA's certificates have for those years too.
   */
  time(): number {
    const generalized = this.peek(TAG.generalizedTime)
    const text = this.read(generalized ? TAG.generalizedTime : TAG.utcTime)
    if (text.length !== (generalized ? 15 : 13) || text.at(-1) !== 0x5a) throw new Refusal('DER: malformed time')
    const pairs: number[] = []
    for (let i = 0; i < text.length - 1; i += 2) pairs.push(digit(text[i]!) * 10 + digit(text[i + 1]!))
    const century = generalized ? pairs.shift()! : pairs[0]! < 50 ? 20 : 19
    const [year, month, day, hour, minute, second] = pairs as [number, number, number, number, number, number]
    if (century * 100 + year < 1950) throw new Refusal('DER: time before 1950')
    const date = new Date(Date.UTC(century * 100 + year, month - 1, day, hour, minute, second))
    const carried =
      hour > 23 || minute > 59 || second > 59 || date.getUTCDate() !== day || date.getUTCMonth() !== month - 1
    if (carried) throw new Refusal('DER: no such time')
    return date.getTime()
  }

  #next(): { contents: Uint8Array; whole: Uint8Array } {
    const start = this.#at
    if ((this.#bytes[start]! & 0x1f) === 0x1f) throw new Refusal('DER: tag number above 30')
    const first = this.#bytes[start + 1]
    if (first === undefined) throw new Refusal('DER: cut short')
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f
    if (first >= 0x80 && (lengthBytes === 0 || lengthBytes > 3)) throw new Refusal('DER: indefinite or huge length')
    let length = lengthBytes === 0 ? first : 0
    for (let i = 0; i < lengthBytes; i++) length = length * 256 + (this.#bytes[start + 2 + i] ?? Number.NaN)
    const contentsAt = start + 2 + lengthBytes
    if (!(contentsAt + length <= this.#bytes.length)) throw new Refusal('DER: cut short')
    if (lengthBytes > 0 && length < Math.max(0x80, 256 ** (lengthBytes - 1)))
      throw new Refusal('DER: length not minimal')
    this.#at = contentsAt + length
    return {
      contents: this.#bytes.subarray(contentsAt, this.#at),
      whole: this.#bytes.subarray(start, this.#at),
    }
  }
}

function digit(character: number): number {
  if (character < 0x30 || character > 0x39) throw new Refusal('DER: malformed time')
  return character - 0x30
}
