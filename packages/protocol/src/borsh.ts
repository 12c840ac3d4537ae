// A strict, typed subset of borsh (https://borsh.io): encode refuses what does not fit, decode refuses what
// encode would not have written. borsh-js wraps out-of-range integers, takes any non-zero bool and malformed
// UTF-8, and ignores trailing bytes: four ways for two readers of one signed object to disagree. It is our test oracle.
import { DcmlError } from './errors.ts'
import { type Writer, written } from './writer.ts'

/** A reader's position in the bytes of one object. */
interface Cursor {
  readonly bytes: Uint8Array
  offset: number
  /** Whether what is cut out goes on sharing the memory of `bytes`. */
  readonly isShared: boolean
}

/** How one type is written and read. */
export interface Layout<T> {
  write(value: T, out: Writer): void
  read(cursor: Cursor): T
}

export type Infer<L> = L extends Layout<infer T> ? T : never

const invalid = (message: string): DcmlError =>
  new DcmlError('borsh_invalid', message, { hint: 'The object was damaged or made for another format version.' })

/** Passes over so many bytes. @returns where they begin */
function pass(cursor: Cursor, length: number): number {
  const start = cursor.offset
  if (start + length > cursor.bytes.length) throw invalid('The object ends too early.')
  cursor.offset = start + length
  return start
}

function take(cursor: Cursor, length: number): Uint8Array {
  const start = pass(cursor, length)
  const { bytes, isShared } = cursor
  return isShared ? new Uint8Array(bytes.buffer, bytes.byteOffset + start, length) : bytes.slice(start, start + length)
}

/** A word of what is read, so that reading a number makes no view of its own. */
const word = new DataView(new ArrayBuffer(8))

/** Little-endian, of a multiple of 8 bytes. */
function unsigned(size: number): Layout<bigint> {
  const limit = 1n << BigInt(size * 8)
  return {
    write(value, out) {
      if (value < 0n || value >= limit) throw invalid(`${value} does not fit u${size * 8}.`)
      out.pushWide(value, size)
    },
    read(cursor) {
      const start = pass(cursor, size)
      let value = 0n
      for (let at = start + size - 8; at >= start; at -= 8) {
        for (let i = 0; i < 8; i++) word.setUint8(i, cursor.bytes[at + i]!)
        const part = word.getBigUint64(0, true)
        value = value === 0n ? part : (value << 64n) | part
      }
      return value
    },
  }
}

/** Little-endian, of at most 4 bytes. */
function small(size: number): Layout<number> {
  const limit = 2 ** (size * 8)
  return {
    write(value, out) {
      if (!Number.isInteger(value)) throw invalid(`${value} is not an integer.`)
      if (value < 0 || value >= limit) throw invalid(`${value} does not fit u${size * 8}.`)
      out.pushSmall(value, size)
    },
    read(cursor) {
      const start = pass(cursor, size)
      let value = 0
      for (let at = start + size - 1; at >= start; at--) value = value * 256 + cursor.bytes[at]!
      return value
    },
  }
}

export const u8: Layout<number> = small(1)
export const u16: Layout<number> = small(2)
export const u32: Layout<number> = small(4)
export const u64: Layout<bigint> = unsigned(8)
export const u128: Layout<bigint> = unsigned(16)

/** Exactly `length` bytes, without a length prefix. */
export const fixed = (length: number): Layout<Uint8Array> => ({
  write(value, out) {
    if (value.length !== length) throw invalid(`Expected ${length} bytes, got ${value.length}.`)
    out.push(value)
  },
  read: (cursor) => take(cursor, length),
})

/** A 32-byte hash, key or id. */
export const bytes32: Layout<Uint8Array> = fixed(32)

/** Length-prefixed bytes of at most `max`. */
export const bytes = (max: number): Layout<Uint8Array> => ({
  write(value, out) {
    if (value.length > max) throw invalid(`${value.length} bytes are more than ${max}.`)
    u32.write(value.length, out)
    out.push(value)
  },
  read(cursor) {
    const length = u32.read(cursor)
    if (length > max) throw invalid(`${length} bytes are more than ${max}.`)
    return take(cursor, length)
  },
})

/** Made when it is first needed: contracts have none, and read no text. */
let decoder: InstanceType<typeof TextDecoder> | undefined

/** Length-prefixed UTF-8 of at most `max` bytes. Lone surrogates and malformed UTF-8 are refused. */
export const text = (max: number): Layout<string> => {
  const raw = bytes(max)
  return {
    write(value, out) {
      if (!value.isWellFormed()) throw invalid('The text is not well-formed Unicode.')
      const length = out.pushText(value)
      if (length > max) throw invalid(`${length} bytes are more than ${max}.`)
    },
    read(cursor) {
      try {
        decoder ??= new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
        return decoder.decode(raw.read(cursor))
      } catch (cause) {
        if (DcmlError.isInstance(cause)) throw cause
        throw invalid('The text is not UTF-8.')
      }
    },
  }
}

/** `null` or a value. */
export const option = <T>(inner: Layout<T>): Layout<T | null> => ({
  write(value, out) {
    u8.write(value === null ? 0 : 1, out)
    if (value !== null) inner.write(value, out)
  },
  read(cursor) {
    const flag = u8.read(cursor)
    if (flag > 1) throw invalid(`${flag} is not an option flag.`)
    return flag === 0 ? null : inner.read(cursor)
  },
})

/** Length-prefixed list of at most `max` items. */
export const list = <T>(inner: Layout<T>, max: number): Layout<T[]> => ({
  write(value, out) {
    if (value.length > max) throw invalid(`${value.length} items are more than ${max}.`)
    u32.write(value.length, out)
    for (const item of value) inner.write(item, out)
  },
  read(cursor) {
    const length = u32.read(cursor)
    if (length > max) throw invalid(`${length} items are more than ${max}.`)
    return Array.from({ length }, () => inner.read(cursor))
  },
})

/** Fields in the order they are listed. */
export const struct = <T extends object>(fields: { readonly [K in keyof T]: Layout<T[K]> }): Layout<Readonly<T>> => ({
  write(value, out) {
    for (const key in fields) fields[key].write(value[key], out)
  },
  read(cursor) {
    const value: Partial<T> = {}
    for (const key in fields) value[key] = fields[key].read(cursor)
    return value as T
  },
})

/** @throws DcmlError `borsh_invalid` when a field does not fit its layout */
export function encode<T>(layout: Layout<T>, value: T): Uint8Array<ArrayBuffer> {
  return written((out) => layout.write(value, out))
}

/** @throws DcmlError `borsh_invalid` on anything but the exact bytes of one object */
export const decode = <T>(layout: Layout<T>, input: Uint8Array): T =>
  whole(layout, { bytes: input, offset: 0, isShared: false })

/** As {@link decode}, but bytes of the object go on sharing the input's memory. @throws DcmlError `borsh_invalid` */
export const decodeShared = <T>(layout: Layout<T>, input: Uint8Array): T =>
  whole(layout, { bytes: input, offset: 0, isShared: true })

function whole<T>(layout: Layout<T>, cursor: Cursor): T {
  const value = layout.read(cursor)
  const rest = cursor.bytes.length - cursor.offset
  if (rest !== 0) throw invalid(`${rest} bytes follow the object.`)
  return value
}
