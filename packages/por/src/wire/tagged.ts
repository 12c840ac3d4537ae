import { DcmlError, decodeShared, type Layout, u8 } from '@dcml/protocol'

/** How one case of a union is written: its number, and its fields. */
export type Cases = Readonly<Record<string, readonly [code: number, fields: Layout<never>]>>

/** A union of structs that differ in one key: the case's number, then its fields. */
export function tagged<T extends object>(key: keyof T & string, cases: Cases): Layout<T> {
  const names = new Map(Object.entries(cases).map(([name, [code]]) => [code, name]))
  return {
    write(value, out) {
      const [code, fields] = cases[value[key] as string]!
      u8.write(code, out)
      fields.write(value as never, out)
    },
    read(cursor) {
      const code = u8.read(cursor)
      const name = names.get(code)
      if (name === undefined)
        throw new DcmlError('borsh_invalid', `${code} is no ${key} here.`, {
          hint: 'The object was damaged or made for another format version.',
        })
      const fields: object = cases[name]![1].read(cursor)
      return { [key]: name, ...fields } as T
    },
  }
}

/** Decodes from one copy, which the object's bytes share: what it was read from may be used again. */
export const decodeCopy = <T>(layout: Layout<T>, input: Uint8Array): T => decodeShared(layout, new Uint8Array(input))
