/** A malformed module, with the offset where reading stopped. */
export class WasmError extends Error {
  override readonly name = 'WasmError'
}

/** Reads the binary format's primitives (WebAssembly core specification, §5.2). Never reads past its bytes. */
export class Reader {
  readonly bytes: Uint8Array
  at: number
  readonly end: number

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    if (end > bytes.length) throw new WasmError(`a length at ${at} reaches past the end`)
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  get done(): boolean {
    return this.at >= this.end
  }

  byte(): number {
    if (this.at >= this.end) throw new WasmError(`the module ends early, at ${this.at}`)
    return this.bytes[this.at++] as number
  }

  /** Unsigned LEB128 of at most 32 bits. */
  u32(): number {
    const start = this.at
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) {
        if (value >= 2 ** 32) break
        return value
      }
    }
    throw new WasmError(`no 32-bit integer at ${start}`)
  }

  /** Signed LEB128 of at most `bits`. */
  signed(bits: 32 | 33 | 64): bigint {
    const start = this.at
    let value = 0n
    for (let shift = 0n; shift < bits; shift += 7n) {
      const byte = this.byte()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) {
        const signed = BigInt.asIntN(Number(shift) + 7, value)
        if (BigInt.asIntN(bits, signed) !== signed) break
        return signed
      }
    }
    throw new WasmError(`no ${bits}-bit integer at ${start}`)
  }

  /** The next `length` bytes as a view. */
  take(length: number): Uint8Array {
    if (length > this.end - this.at) throw new WasmError(`a length at ${this.at} reaches past the end`)
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  name(): string {
    const bytes = this.take(this.u32())
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    } catch {
      throw new WasmError(`a name before ${this.at} is not UTF-8`)
    }
  }

  /** A vector: its count, then what `read` takes for each element. */
  vector<T>(read: () => T): T[] {
    const count = this.u32()
    // every element takes a byte at least, so a huge count cannot make us allocate
    if (count > this.end - this.at) throw new WasmError(`a count at ${this.at} reaches past the end`)
    return Array.from({ length: count }, read)
  }
}

/** Unsigned LEB128, shortest form. */
export function u32(value: number): number[] {
  const out: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.push((rest % 0x80) | 0x80)
  return [...out, rest]
}

/** Signed LEB128, shortest form. */
export function signed(value: bigint): number[] {
  const out: number[] = []
  for (let rest = value; ; rest >>= 7n) {
    const low = Number(rest & 0x7fn)
    if (BigInt.asIntN(7, rest) === rest) return [...out, low]
    out.push(low | 0x80)
  }
}

/** A name: its length in bytes, then UTF-8. */
export function name(text: string): Uint8Array {
  const utf8 = new TextEncoder().encode(text)
  return concat([u32(utf8.length), utf8])
}

/** A vector: the count, then the elements. */
export const vector = (elements: readonly (Uint8Array | readonly number[])[]): Uint8Array =>
  concat([u32(elements.length), ...elements])

/** All parts in a row. */
export function concat(parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
