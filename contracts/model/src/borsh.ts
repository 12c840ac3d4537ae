// Borsh (https://borsh.io), as much as this contract needs. Texts are ASCII, as network and account ids are.

/** Longest object written here, in bytes. */
const LONGEST = 512
const LOW = (1n << 64n) - 1n
const ASCII = /^[\0-\x7f]*$/

/** Writes one object, field by field. */
export class Writer {
  readonly #bytes = new Uint8Array(LONGEST)
  readonly #view = new DataView(this.#bytes.buffer)
  #at = 0

  u8(value: number): this {
    this.#bytes[this.#at++] = value
    return this
  }

  u64(value: bigint): this {
    this.#view.setBigUint64(this.#at, value, true)
    this.#at += 8
    return this
  }

  u128(value: bigint): this {
    return this.u64(value & LOW).u64(value >> 64n)
  }

  raw(value: Uint8Array): this {
    this.#bytes.set(value, this.#at)
    this.#at += value.length
    return this
  }

  text(ascii: string): this {
    this.#view.setUint32(this.#at, ascii.length, true)
    this.#at += 4
    for (let i = 0; i < ascii.length; i++) this.#bytes[this.#at++] = ascii.charCodeAt(i)
    return this
  }

  /** The first field of everything that is signed. @param subject 32 bytes */
  domain(tag: string, version: number, { networkId, contract }: Here, subject: Uint8Array): this {
    return this.text(tag).u8(version).text(networkId).text(contract).raw(subject)
  }

  done(): Uint8Array {
    return this.#bytes.slice(0, this.#at)
  }
}

/** Where a signed object counts. */
export interface Here {
  readonly networkId: string
  readonly contract: string
}

/** The first field of a signed object, as read. */
export interface Domain extends Here {
  readonly tag: string
  readonly version: number
  /** 32 bytes. */
  readonly subject: Uint8Array
}

/** Reads what a {@link Writer} would have written, and nothing else. @throws Error where the bytes end too early */
export class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  u8(): number {
    return this.#view.getUint8(this.#skip(1))
  }

  u32(): number {
    return this.#view.getUint32(this.#skip(4), true)
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#skip(8), true)
  }

  u128(): bigint {
    return this.u64() | (this.u64() << 64n)
  }

  raw(length: number): Uint8Array {
    const from = this.#skip(length)
    return this.#bytes.slice(from, from + length)
  }

  /** @throws Error for more than `max` characters, and for what is not ASCII */
  text(max: number): string {
    const length = this.u32()
    const text = length > max ? damaged() : String.fromCharCode(...this.raw(length))
    return ASCII.test(text) ? text : damaged()
  }

  domain(): Domain {
    return {
      tag: this.text(32),
      version: this.u8(),
      networkId: this.text(64),
      contract: this.text(64),
      subject: this.raw(32),
    }
  }

  /** Everything read so far. */
  read(): Uint8Array {
    return this.#bytes.slice(0, this.#at)
  }

  /** @throws Error if anything is left */
  end(): void {
    if (this.#at !== this.#bytes.length) damaged()
  }

  #skip(length: number): number {
    const from = this.#at
    if (from + length > this.#bytes.length) damaged()
    this.#at = from + length
    return from
  }
}

const damaged = (): never => {
  throw new Error('these are not the bytes of one object')
}
