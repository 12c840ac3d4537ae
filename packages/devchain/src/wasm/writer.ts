/** Bytes that grow; every write makes its own room. */
export class Writer {
  bytes: Uint8Array
  at: number
  /** Where the written bytes begin. */
  readonly start: number

  /** With a source, its bytes lie before the written ones, so that copying from it needs no view of it. */
  constructor(capacity: number, source: Uint8Array = new Uint8Array(0)) {
    this.bytes = new Uint8Array(source.length + capacity)
    this.bytes.set(source)
    this.start = this.at = source.length
  }

  get length(): number {
    return this.at - this.start
  }

  u8(byte: number): void {
    if (this.at === this.bytes.length) this.#reserve(1)
    this.bytes[this.at++] = byte
  }

  all(...bytes: number[]): void {
    for (const byte of bytes) this.u8(byte)
  }

  u32(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.u8((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    this.u8(rest)
  }

  /** An opcode and the index it takes. */
  indexed(opcode: number, index: number): void {
    this.u8(opcode)
    this.u32(index)
  }

  /** A signed LEB128 of a non-negative integer below 2^53. */
  signed(value: number): void {
    let rest = value
    while (rest >= 0x40) {
      this.u8((rest % 0x80) | 0x80)
      rest = Math.floor(rest / 0x80)
    }
    this.u8(rest)
  }

  set(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.bytes.set(bytes, this.at)
    this.at += bytes.length
  }

  /** Bytes [from, to) of the source. */
  copy(from: number, to: number): void {
    this.#reserve(to - from)
    this.bytes.copyWithin(this.at, from, to)
    this.at += to - from
  }

  text(text: string): void {
    const bytes = new TextEncoder().encode(text)
    this.u32(bytes.length)
    this.set(bytes)
  }

  /** Leaves room for a length; {@link close} fills it in. */
  open(): number {
    this.#reserve(5)
    this.at += 5
    return this.at
  }

  /** Writes the length since `start` into the five bytes before it, as a padded LEB128. */
  close(start: number): void {
    let rest = this.at - start
    for (let i = 5; i > 0; i--) {
      this.bytes[start - i] = (rest & 0x7f) | (i > 1 ? 0x80 : 0)
      rest >>>= 7
    }
  }

  #reserve(more: number): void {
    if (this.at + more <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.at + more))
    grown.set(this.bytes.subarray(0, this.at))
    this.bytes = grown
  }
}
