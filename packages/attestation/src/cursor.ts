import { Refusal } from './x509/der.ts'

const cutShort = (why: string): Error => new Refusal(why)

/** Reads the fixed fields of a binary format from the front, never beyond its end; integers are little-endian. */
export class Cursor {
  readonly #bytes: Uint8Array
  readonly #refuse: (why: string) => Error
  #at = 0

  /** @param refuse makes the error of a format that does not throw {@link Refusal} */
  constructor(bytes: Uint8Array, refuse = cutShort) {
    this.#bytes = bytes
    this.#refuse = refuse
  }

  /** How many bytes were read. */
  get at(): number {
    return this.#at
  }

  get done(): boolean {
    return this.#at === this.#bytes.length
  }

  take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw this.#refuse('it is cut short')
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  /** All that is left. */
  rest(): Uint8Array {
    return this.take(this.#bytes.length - this.#at)
  }

  uint(length: 1 | 2 | 3 | 4): number {
    return this.take(length).reduceRight((value, byte) => value * 256 + byte, 0)
  }
}
