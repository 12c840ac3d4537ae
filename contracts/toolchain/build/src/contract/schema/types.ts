/**
 * What a value looks like, as plain data: the build turns it into JSON Schema. The functions beside it are what the
 * contract runs.
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

/** What JSON.parse makes and JSON.stringify takes without surprises. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/** One description for the wire, the state, the ABI and TypeScript. */
export type Schema<T> = Shape & {
  /** Longest JSON text of such a value in UTF-16 code units. */
  readonly longest: number
  /** Rebuilds a value from foreign JSON, part by part. @throws Error for anything else, naming the place */
  parse(json: unknown): T
  /** The JSON form, under the same bounds: what is written can be read back. @throws Error for a value out of bounds */
  format(value: T): Json
}

/** A schema of whatever type. */
// biome-ignore lint/suspicious/noExplicitAny: the one place where the type must be open in both directions
export type AnySchema = Schema<any>

/** Named schemas: the arguments of a method, the fields of a record, the fields of a contract's state. */
export type Fields = Readonly<Record<string, AnySchema>>

/** The TypeScript type of a schema's values. */
export type Value<S extends AnySchema> = ReturnType<S['parse']>

/** The TypeScript type of values for named schemas. */
export type Values<F extends Fields> = { -readonly [K in keyof F]: Value<F[K]> }

/** @throws always: the value does not fit */
export function misfit(expected: string): never {
  throw new Error(`expected ${expected}`)
}
