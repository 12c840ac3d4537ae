import type { PrepareError } from './types.ts'

/** Code that NEAR refuses: with which error, where (byte offset) and why. Never leaves this folder. */
export class Refusal extends Error {
  readonly error: PrepareError
  readonly offset: number

  constructor(error: PrepareError, offset: number, reason: string) {
    super(`${reason} (at byte ${offset})`)
    this.error = error
    this.offset = offset
  }
}

// wasmparser's limit on names, 0.228 `MAX_WASM_STRING_SIZE`.
const MAX_NAME = 100_000

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads WebAssembly's primitive encodings, strictly, and never past {@link end}. */
export class Reader {
  readonly code: Uint8Array
  at: number
  end: number

  constructor(code: Uint8Array, at = 0, end = code.length) {
    this.code = code
    this.at = at
    this.end = end
  }

  fail(reason: string, at = this.at): never {
    throw new Refusal('Deserialization', at, reason)
  }

  u8(): number {
    if (this.at >= this.end) this.fail('unexpected end')
    return this.code[this.at++]!
  }

  u32(): number {
    if (this.at < this.end) {
      const first = this.code[this.at]!
      if (first < 0x80) {
        this.at++
        return first
      }
    }
    return this.#longU32()
  }

  #longU32(): number {
    const start = this.at
    let value = 0
    for (let scale = 1; scale <= 0x1000_0000; scale *= 0x80) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (value > 0xffff_ffff) this.fail('integer too large', start)
        return value
      }
    }
    return this.fail('integer representation too long', start)
  }

  /** Skips a signed LEB128 of at most 32 bits. */
  skipS32(): void {
    this.#skipSigned(5, 4)
  }

  /** Skips a signed LEB128 of at most 64 bits. */
  skipS64(): void {
    this.#skipSigned(10, 1)
  }

  /** The last possible byte carries `lastBits` bits of the value; the rest of it must repeat the sign. */
  #skipSigned(maxBytes: number, lastBits: number): void {
    const start = this.at
    for (let i = 1; ; i++) {
      const byte = this.u8()
      if (i === maxBytes) {
        const sign = ((byte << 25) >> 25) >> (lastBits - 1)
        if (byte >= 0x80) this.fail('integer representation too long', start)
        if (sign !== 0 && sign !== -1) this.fail('integer too large', start)
        return
      }
      if (byte < 0x80) return
    }
  }

  skip(bytes: number): void {
    if (bytes > this.end - this.at) this.fail('unexpected end')
    this.at += bytes
  }

  name(): string {
    const length = this.u32()
    if (length > MAX_NAME) this.fail('string too long')
    const start = this.at
    this.skip(length)
    try {
      return utf8.decode(this.code.subarray(start, this.at))
    } catch {
      return this.fail('malformed UTF-8', start)
    }
  }

  /** A reader of the next `length` bytes, which this one skips. */
  sub(length: number): Reader {
    const start = this.at
    this.skip(length)
    return new Reader(this.code, start, this.at)
  }

  finish(what: string): void {
    if (this.at !== this.end) this.fail(`unexpected data at the end of the ${what}`)
  }
}
