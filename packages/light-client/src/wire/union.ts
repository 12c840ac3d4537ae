import { DcmlError, type Layout, u8 } from '@dcml/protocol'

type Variants<T extends { readonly type: string }> = {
  readonly [Type in T['type']]: readonly [tag: number, layout: Layout<Omit<Extract<T, { type: Type }>, 'type'>>]
}

/**
 * Layout of a borsh enum: one tag byte, then the variant's fields. In TypeScript a union told apart by `type`.
 * @param name what an error calls it, such as "action"
 * @param variants tag and fields of each `type`
 */
export function union<T extends { readonly type: string }>(name: string, variants: Variants<T>): Layout<T> {
  const entries = Object.entries<readonly [number, Layout<object>]>(variants)
  const byType = new Map(entries)
  const byTag = new Map(entries.map(([type, [tag, layout]]) => [tag, { type, layout }]))
  return {
    write(value, out) {
      const variant = byType.get(value.type)
      if (variant === undefined) throw unknown(`"${value.type}" is no ${name}.`)
      u8.write(variant[0], out)
      variant[1].write(value, out)
    },
    read(cursor) {
      const tag = u8.read(cursor)
      const variant = byTag.get(tag)
      if (variant === undefined) throw unknown(`${tag} is no tag of a ${name}.`)
      return { type: variant.type, ...variant.layout.read(cursor) } as unknown as T
    },
  }
}

/** Layout of a borsh enum without fields: its names in the order of their tags. */
export function names<T extends string>(name: string, all: readonly T[]): Layout<T> {
  return {
    write(value, out) {
      const tag = all.indexOf(value)
      if (tag < 0) throw unknown(`"${value}" is no ${name}.`)
      u8.write(tag, out)
    },
    read(cursor) {
      const tag = u8.read(cursor)
      const value = all[tag]
      if (value === undefined) throw unknown(`${tag} is no tag of a ${name}.`)
      return value
    },
  }
}

/** A layout whose values look different in TypeScript than on the wire. */
export const mapped = <T, Wire>(
  wire: Layout<Wire>,
  { toWire, fromWire }: { toWire: (value: T) => Wire; fromWire: (value: Wire) => T },
): Layout<T> => ({
  write: (value, out) => wire.write(toWire(value), out),
  read: (cursor) => fromWire(wire.read(cursor)),
})

const unknown = (message: string): DcmlError =>
  new DcmlError('borsh_invalid', message, { hint: 'The object was damaged or made for a newer protocol version.' })
