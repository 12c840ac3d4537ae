// Big-endian integers and sized buffers of TPM 2.0 structures (TPM 2.0 Library, Part 2 §4, §10.4).
import { concatBytes, DcmlError } from '@dcml/protocol'

const integer =
  (size: 1 | 2 | 4) =>
  (value: number): Uint8Array => {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setUint32(0, value)
    return bytes.subarray(4 - size)
  }

export const u8 = integer(1)
export const u16 = integer(2)
export const u32 = integer(4)
/** A TPM2B: 2 bytes of length, then so many. */
export const sized = (...parts: readonly Uint8Array[]): Uint8Array => {
  const bytes = concatBytes(...parts)
  return concatBytes(u16(bytes.length), bytes)
}

/** Reads what a TPM answered, and refuses what is shorter than it says. */
export class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  take(length: number): Uint8Array {
    const end = this.#at + length
    if (end > this.#bytes.length) throw malformed()
    const taken = this.#bytes.slice(this.#at, end)
    this.#at = end
    return taken
  }

  /** What is left. */
  rest(): Uint8Array {
    return this.take(this.#bytes.length - this.#at)
  }

  u8(): number {
    return this.take(1)[0]!
  }

  u16(): number {
    return this.u8() * 0x100 + this.u8()
  }

  u32(): number {
    return this.u16() * 0x10000 + this.u16()
  }

  sized(): Uint8Array {
    return this.take(this.u16())
  }

  /** @throws DcmlError `tpm_answer_malformed` where bytes are left */
  end(): void {
    if (this.#at !== this.#bytes.length) throw malformed()
  }
}

export const malformed = (): DcmlError =>
  new DcmlError('tpm_answer_malformed', 'The TPM answered something that is not an answer to the command.', {
    hint: 'See what stands between this machine and its TPM: it may be altering messages.',
  })
