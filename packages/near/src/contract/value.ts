// Between the values of TypeScript and the JSON of a contract, led by the ABI's schema: u64 and u128 are bigint here and
// decimal strings there, bytes are Uint8Array here and hex or base64 there. What does not fit is refused, both ways.
import { DcmlError, fromHex, toHex } from '@dcml/protocol'
import { base64Decode, base64Encode } from 'near-api-js'
import type { JsonSchema } from './abi.ts'

export type Definitions = Readonly<Record<string, JsonSchema>>
type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** `json` when it goes to the contract, `value` when it comes from there. */
type Direction = 'json' | 'value'

class Misfit extends Error {}

const expect: (condition: boolean, path: string, what: string) => asserts condition = (condition, path, what) => {
  if (!condition) throw new Misfit(`${path || 'the value'} must be ${what}`)
}

/** @throws DcmlError `near_argument_invalid` for what the contract would refuse, before it costs gas */
export function toJson(schema: JsonSchema, value: unknown, definitions: Definitions, what: string): Json {
  return guarded('near_argument_invalid', what, 'Correct the argument; nothing was sent.', () =>
    convert(schema, value, definitions, '', 'json'),
  ) as Json
}

/** @throws DcmlError `near_answer_invalid` for an answer the ABI does not allow */
export function fromJson(schema: JsonSchema, json: unknown, definitions: Definitions, what: string): unknown {
  return guarded(
    'near_answer_invalid',
    what,
    'The deployed contract is not the one this client was generated from.',
    () => convert(schema, json, definitions, '', 'value'),
  )
}

function guarded<T>(code: string, what: string, hint: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    if (error instanceof Misfit) throw new DcmlError(code, `${what}: ${error.message}.`, { hint })
    throw error
  }
}

/** References may go in circles through lists and options; a value cannot be deeper than this. */
const MAX_DEPTH = 64

function convert(
  schema: JsonSchema,
  value: unknown,
  definitions: Definitions,
  path: string,
  to: Direction,
  depth = 0,
): unknown {
  expect(depth < MAX_DEPTH, path, `nested less than ${MAX_DEPTH} levels`)
  const into = (inner: JsonSchema, item: unknown, at: string) => convert(inner, item, definitions, at, to, depth + 1)
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace('#/definitions/', '')
    const target = Object.hasOwn(definitions, name) ? definitions[name] : undefined
    expect(target !== undefined, path, `of the type ${schema.$ref}, which the ABI does not define`)
    return into(target, value, path)
  }
  if (schema.anyOf !== undefined) {
    const [only] = schema.anyOf.filter(({ type }) => type !== 'null')
    if ((value === null || value === undefined) && schema.anyOf.some(({ type }) => type === 'null')) return null
    if (schema.anyOf.length === 2 && only !== undefined) return into(only, value, path)
    return value
  }
  if (schema.enum !== undefined) {
    expect(schema.enum.includes(value as string), path, `one of ${schema.enum.join(', ')}`)
    return value
  }
  switch (schema.type) {
    case 'string':
      return text(schema, value, path, to)
    case 'boolean':
      expect(typeof value === 'boolean', path, 'true or false')
      return value
    case 'integer':
    case 'number':
      expect(typeof value === 'number' && Number.isFinite(value), path, 'a number')
      expect(schema.type === 'number' || Number.isSafeInteger(value), path, 'a whole number')
      return value
    case 'null':
      expect(value === null || value === undefined, path, 'null')
      return null
    case 'array': {
      expect(Array.isArray(value), path, 'a list')
      expect(value.length <= (schema.maxItems ?? value.length), path, `at most ${schema.maxItems} items`)
      return value.map((item, at) => into(schema.items ?? {}, item, `${path}[${at}]`))
    }
    case 'object':
      return object(schema, value, path, into)
    default:
      return value
  }
}

function object(
  schema: JsonSchema,
  value: unknown,
  path: string,
  into: (inner: JsonSchema, item: unknown, at: string) => unknown,
): Record<string, unknown> {
  expect(typeof value === 'object' && value !== null && !Array.isArray(value), path, 'an object')
  const { properties = {}, required = [], additionalProperties = true } = schema
  const result: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) {
    const at = path === '' ? key : `${path}.${key}`
    const inner = Object.hasOwn(properties, key) ? properties[key] : additionalProperties
    if (item === undefined && !required.includes(key)) continue
    expect(inner !== false && inner !== undefined, at, 'left out: there is no such field')
    Object.defineProperty(result, key, {
      value: inner === true ? item : into(inner as JsonSchema, item, at),
      enumerable: true,
      writable: true,
      configurable: true,
    })
  }
  for (const key of required) expect(Object.hasOwn(result, key), path === '' ? key : `${path}.${key}`, 'given')
  return result
}

function text(schema: JsonSchema, value: unknown, path: string, to: Direction): unknown {
  const bits = /^uint(8|16|32|64|128)$/.exec(schema.format ?? '')?.[1]
  if (bits !== undefined) return uint(Number(bits), value, path, to)
  if (schema.format === 'hex' || schema.format === 'base64') return encoded(schema, value, path, to)
  expect(typeof value === 'string' && value.isWellFormed(), path, 'text')
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema
  expect(value.length >= minLength && value.length <= maxLength, path, `${minLength} to ${maxLength} characters long`)
  return value
}

/** Up to 32 bits a number, beyond a bigint; always a decimal string on the wire, as JSON would round it. */
function uint(bits: number, value: unknown, path: string, to: Direction): unknown {
  const what = `a whole number of at most ${bits} bits`
  if (to === 'json') expect(typeof value === 'bigint' || (bits <= 32 && Number.isSafeInteger(value)), path, what)
  else expect(typeof value === 'string' && /^(0|[1-9]\d{0,38})$/.test(value), path, what)
  const number = BigInt(value as string | bigint)
  expect(number >= 0n && number < 1n << BigInt(bits), path, what)
  if (to === 'json') return number.toString()
  return bits <= 32 ? Number(number) : number
}

function encoded(schema: JsonSchema, value: unknown, path: string, to: Direction): unknown {
  const [encode, decode] = schema.format === 'hex' ? [toHex, fromHex] : [base64Encode, base64Decode]
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema
  const checkLength = (spelt: string): void =>
    expect(
      spelt.length >= minLength && spelt.length <= maxLength,
      path,
      `${minLength} to ${maxLength} characters of ${schema.format}`,
    )
  if (to === 'json') {
    expect(value instanceof Uint8Array, path, 'bytes')
    const spelt = encode(value)
    checkLength(spelt)
    return spelt
  }
  expect(typeof value === 'string', path, schema.format as string)
  checkLength(value)
  let bytes: Uint8Array
  try {
    bytes = decode(value)
  } catch {
    throw new Misfit(`${path || 'the value'} must be ${schema.format}`)
  }
  expect(encode(bytes) === value, path, `canonical ${schema.format}`)
  return bytes
}
