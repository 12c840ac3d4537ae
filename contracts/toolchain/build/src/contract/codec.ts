import { base64ToBytes, bytesToBase64, bytesToHex, hexToBytes } from './host.ts'
import type { Schema, Shape } from './schema.ts'

/** What JSON.parse makes and JSON.stringify takes without surprises. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }

/**
 * Rebuilds a value field by field from foreign JSON. Whatever the schema does not name never enters the contract.
 * @throws Error naming the place, for anything but a value of this schema.
 */
export function parse<T>(schema: Schema<T>, json: unknown, place: string): T {
  return parseShape(schema, json, place) as T
}

/**
 * The JSON form of a value. Holds the same bounds as {@link parse}: what is written can be read back.
 * @throws Error naming the place, for a value out of bounds.
 */
export function format<T>(schema: Schema<T>, value: T, place: string): Json {
  return formatShape(schema, value, place)
}

function parseShape(shape: Shape, json: unknown, place: string): unknown {
  switch (shape.kind) {
    case 'uint': {
      if (typeof json !== 'string' || !/^(0|[1-9][0-9]{0,38})$/.test(json)) fail(place, 'a decimal string')
      const value = inRange(shape.bits, BigInt(json), place)
      return shape.bits > 32 ? value : Number(value)
    }
    case 'bytes': {
      if (typeof json !== 'string') fail(place, shape.as)
      // two spellings of the same bytes would make two keys for one thing; the engine's base64 has one
      if (shape.as === 'hex' && json !== json.toLowerCase()) fail(place, 'lower-case hex')
      return sized(shape, shape.as === 'hex' ? hexToBytes(json) : base64ToBytes(json), place)
    }
    case 'list':
      if (!Array.isArray(json) || json.length > shape.max) fail(place, `a list of at most ${shape.max}`)
      return json.map((item, at) => parseShape(shape.item, item, `${place}[${at}]`))
    case 'record':
      return eachField(shape.fields, json, place, parseShape)
    case 'optional':
      return json === undefined || json === null ? null : parseShape(shape.of, json, place)
    default:
      return checkPlain(shape, json, place)
  }
}

function formatShape(shape: Shape, value: unknown, place: string): Json {
  switch (shape.kind) {
    case 'uint':
      if (typeof value !== (shape.bits > 32 ? 'bigint' : 'number')) fail(place, `an integer of ${shape.bits} bits`)
      if (typeof value === 'number' && !Number.isInteger(value)) fail(place, 'an integer')
      return `${inRange(shape.bits, BigInt(value as bigint), place)}`
    case 'bytes':
      if (!(value instanceof Uint8Array)) fail(place, 'bytes')
      return (shape.as === 'hex' ? bytesToHex : bytesToBase64)(sized(shape, value, place))
    case 'list':
      if (!Array.isArray(value) || value.length > shape.max) fail(place, `a list of at most ${shape.max}`)
      return value.map((item, at) => formatShape(shape.item, item, `${place}[${at}]`))
    case 'record':
      return eachField(shape.fields, value, place, formatShape)
    case 'optional':
      return value === undefined || value === null ? null : formatShape(shape.of, value, place)
    default:
      return checkPlain(shape, value, place)
  }
}

/** Kinds whose value and JSON are the same thing. */
function checkPlain(shape: Shape & { kind: 'text' | 'flag' | 'account' | 'choice' }, value: unknown, place: string) {
  if (shape.kind === 'flag') {
    if (typeof value !== 'boolean') fail(place, 'true or false')
    return value
  }
  if (typeof value !== 'string') fail(place, 'a string')
  if (shape.kind === 'account') {
    if (value.length < 2 || value.length > 64 || !/^[a-z\d]+([-_.][a-z\d]+)*$/.test(value)) fail(place, 'an account id')
  } else if (shape.kind === 'choice') {
    if (!shape.of.includes(value)) fail(place, `one of ${shape.of.join(', ')}`)
  } else if (value.length > shape.max || /[\ud800-\udfff]/u.test(value)) {
    // half a surrogate pair has no UTF-8 form: a log with it would abort the call
    fail(place, `text of at most ${shape.max} characters`)
  }
  return value
}

function eachField<R>(
  fields: Readonly<Record<string, Shape>>,
  from: unknown,
  place: string,
  read: (shape: Shape, value: unknown, place: string) => R,
): Record<string, R> {
  if (typeof from !== 'object' || from === null || Array.isArray(from)) fail(place, 'an object')
  for (const key of Object.keys(from)) if (!Object.hasOwn(fields, key)) fail(`${place}.${key}`, 'nothing of this name')
  const result: Record<string, R> = {}
  for (const key of Object.keys(fields)) {
    const value = Object.hasOwn(from, key) ? (from as Record<string, unknown>)[key] : undefined
    result[key] = read(fields[key] as Shape, value, `${place}.${key}`)
  }
  return result
}

function inRange(bits: number, value: bigint, place: string): bigint {
  if (value < 0n || value >> BigInt(bits) !== 0n) fail(place, `an integer of ${bits} bits`)
  return value
}

function sized(shape: Shape & { kind: 'bytes' }, bytes: Uint8Array, place: string): Uint8Array {
  if (bytes.length < shape.min || bytes.length > shape.max) fail(place, `${shape.min} to ${shape.max} bytes`)
  return bytes
}

function fail(place: string, expected: string): never {
  throw new Error(`${place}: expected ${expected}`)
}
