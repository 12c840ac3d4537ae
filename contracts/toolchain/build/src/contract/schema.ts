/**
 * What a value on the wire or in state looks like, as plain data. One description serves three readers: the contract
 * parses and formats with it (`codec.ts`), TypeScript infers the value's type from it, the build turns it into JSON Schema.
 */
export type Shape =
  | { readonly kind: 'text'; readonly max: number }
  | { readonly kind: 'uint'; readonly bits: 8 | 16 | 32 | 64 | 128 }
  | { readonly kind: 'flag' }
  | { readonly kind: 'account' }
  | { readonly kind: 'bytes'; readonly as: 'hex' | 'base64'; readonly min: number; readonly max: number }
  | { readonly kind: 'choice'; readonly of: readonly string[] }
  | { readonly kind: 'list'; readonly item: Shape; readonly max: number }
  | { readonly kind: 'record'; readonly fields: Readonly<Record<string, Shape>>; readonly name?: string }
  | { readonly kind: 'optional'; readonly of: Shape }

declare const value: unique symbol

/** A {@link Shape} that remembers the TypeScript type of its values. */
export type Schema<T> = Shape & { readonly [value]?: (v: T) => T }

/** A schema of whatever type. */
// biome-ignore lint/suspicious/noExplicitAny: the one place where the type must be open in both directions
export type AnySchema = Schema<any>

/** Named schemas: the arguments of a method, the fields of a record, the fields of a contract's state. */
export type Fields = Readonly<Record<string, AnySchema>>

/** The TypeScript type of a schema's values. */
export type Value<S> = S extends { readonly [value]?: (v: infer T) => unknown } ? T : never

/** The TypeScript type of values for named schemas. */
export type Values<F extends Fields> = { -readonly [K in keyof F]: Value<F[K]> }

/** A well-formed string of at most `max` UTF-16 code units. Storage costs money: always choose a bound. */
export const text = (max: number): Schema<string> => ({ kind: 'text', max })

/** Integers travel and rest as decimal strings; those up to 32 bits are numbers in the contract, wider ones bigint. */
export const u8: Schema<number> = { kind: 'uint', bits: 8 }
export const u16: Schema<number> = { kind: 'uint', bits: 16 }
export const u32: Schema<number> = { kind: 'uint', bits: 32 }
export const u64: Schema<bigint> = { kind: 'uint', bits: 64 }
/** Also the type of every amount, in yoctoNEAR. */
export const u128: Schema<bigint> = { kind: 'uint', bits: 128 }

/** True or false. */
export const flag: Schema<boolean> = { kind: 'flag' }

/** A valid NEAR account id. */
export const accountId: Schema<string> = { kind: 'account' }

/** Exactly `length` bytes in lower-case hex: hashes and keys that people compare by eye. */
export const hex = (length: number): Schema<Uint8Array> => ({ kind: 'bytes', as: 'hex', min: length, max: length })

/** Up to `max` bytes in canonical base64. */
export const base64 = (max: number, min = 0): Schema<Uint8Array> => ({ kind: 'bytes', as: 'base64', min, max })

/** One of the given words. */
export const choice = <const W extends string>(...of: W[]): Schema<W> => ({ kind: 'choice', of })

/** At most `max` items. */
export const list = <T>(item: Schema<T>, max: number): Schema<T[]> => ({ kind: 'list', item, max })

/** An object with exactly these fields. A name makes it a definition of its own in the ABI. */
export const record = <F extends Fields>(fields: F, name?: string): Schema<Values<F>> =>
  name === undefined ? { kind: 'record', fields } : { kind: 'record', fields, name }

/** The value, or null; a field that is left out reads as null. */
export const optional = <T>(of: Schema<T>): Schema<T | null> => ({ kind: 'optional', of })
