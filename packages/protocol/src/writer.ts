/** Objects up to this size are written into one buffer, again and again. */
const SCRATCH = 4096

/** The bytes of one object while they are written. */
export class Writer {
  #bytes = new Uint8Array(SCRATCH)
  #view = new DataView(this.#bytes.buffer)
  #encoder: InstanceType<typeof TextEncoder> | undefined
  #length = 0

  push(bytes: Uint8Array): void {
    const at = this.#grow(bytes.length)
    this.#bytes.set(bytes, at)
  }

  /** @param value below 2^32 */
  pushSmall(value: number, size: number): void {
    const at = this.#grow(size)
    for (let i = 0; i < size; i++) this.#bytes[at + i] = value >>> (i * 8)
  }

  /** @param size a multiple of 8 */
  pushWide(value: bigint, size: number): void {
    const at = this.#grow(size)
    for (let i = 0, rest = value; i < size; i += 8, rest >>= 64n) this.#view.setBigUint64(at + i, rest, true)
  }

  /** @returns how many bytes of UTF-8 it was, after a length of 4 bytes */
  pushText(text: string): number {
    const at = this.#grow(4 + 3 * text.length)
    this.#encoder ??= new TextEncoder()
    const { written } = this.#encoder.encodeInto(text, this.#bytes.subarray(at + 4, this.#length))
    this.#view.setUint32(at, written, true)
    this.#length = at + 4 + written
    return written
  }

  /** The bytes of one object, of which nothing stays here: some are secret. */
  take(write: (out: Writer) => void): Uint8Array<ArrayBuffer> {
    this.#length = 0
    try {
      write(this)
      return this.#bytes.slice(0, this.#length)
    } finally {
      this.#bytes.fill(0, 0, this.#length)
    }
  }

  get isSmall(): boolean {
    return this.#bytes.length === SCRATCH
  }

  /** Makes room for so many bytes more, and says where. */
  #grow(size: number): number {
    const at = this.#length
    this.#length += size
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length))
      larger.set(this.#bytes.subarray(0, at))
      this.#bytes.fill(0, 0, at)
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    return at
  }
}

let spare: Writer | undefined

/** The bytes that `write` pushes. It may ask for others' meanwhile. */
export function written(write: (out: Writer) => void): Uint8Array<ArrayBuffer> {
  const out = spare ?? new Writer()
  spare = undefined
  const bytes = out.take(write)
  if (out.isSmall) spare = out
  return bytes
}
