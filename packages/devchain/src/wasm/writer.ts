/** Bytes that grow; every write makes its own room. */
export class Writer {
  bytes: Uint8Array
  at = 0

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity)
  }

  /** Makes room for `more` bytes, so that a run of single writes need not look. */
  reserve(more: number): void {
    if (this.at + more <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.at + more))
    grown.set(this.bytes.subarray(0, this.at))
    this.bytes = grown
  }

  u8(byte: number): void {
    if (this.at === this.bytes.length) this.reserve(1)
    this.bytes[this.at++] = byte
  }

  u32(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.u8((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    this.u8(rest)
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

  copy(source: Uint8Array, from: number, to: number): void {
    const length = to - from
    this.reserve(length)
    // A view costs more than a few dozen byte moves.
    if (length > 48) this.bytes.set(source.subarray(from, to), this.at)
    else for (let i = 0, at = this.at; i < length; i++) this.bytes[at + i] = source[from + i]!
    this.at += length
  }

  text(text: string): void {
    const bytes = new TextEncoder().encode(text)
    this.u32(bytes.length)
    this.copy(bytes, 0, bytes.length)
  }

  /** Leaves room for a length; {@link close} fills it in. */
  open(): number {
    this.reserve(5)
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
}
