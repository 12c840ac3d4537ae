import { DcmlError } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonSchema } from './abi.ts'
import { fromJson, toJson } from './value.ts'

const definitions = {
  Pair: {
    type: 'object',
    properties: { left: { type: 'string', format: 'uint128' }, right: { $ref: '#/definitions/Pair' } },
    required: ['left'],
    additionalProperties: false,
  },
  Loop: { $ref: '#/definitions/Loop' },
} satisfies Record<string, JsonSchema>

const out = (schema: JsonSchema, value: unknown) => toJson(schema, value, definitions, 'args')
const back = (schema: JsonSchema, json: unknown) => fromJson(schema, json, definitions, 'result')
const code = (act: () => unknown): string => {
  try {
    act()
    return 'accepted'
  } catch (error) {
    return DcmlError.isInstance(error) ? error.code : String(error)
  }
}

/** A schema with values that fit it. */
const typed: fc.Arbitrary<{ schema: JsonSchema; value: unknown }> = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    tie('uint'),
    tie('small'),
    tie('bytes'),
    tie('text'),
    tie('flag'),
    tie('list'),
    tie('record'),
    tie('maybe'),
  ),
  uint: fc
    .constantFrom(64, 128)
    .chain((bits) =>
      fc
        .bigInt(0n, (1n << BigInt(bits)) - 1n)
        .map((value) => ({ schema: { type: 'string', format: `uint${bits}` }, value })),
    ),
  small: fc.integer({ min: 0, max: 255 }).map((value) => ({ schema: { type: 'string', format: 'uint8' }, value })),
  bytes: fc
    .tuple(fc.constantFrom('hex', 'base64'), fc.uint8Array({ maxLength: 40 }))
    .map(([format, value]) => ({ schema: { type: 'string', format }, value })),
  text: fc.string({ unit: 'grapheme' }).map((value) => ({ schema: { type: 'string' }, value })),
  flag: fc.boolean().map((value) => ({ schema: { type: 'boolean' }, value })),
  list: (tie('any') as fc.Arbitrary<{ schema: JsonSchema; value: unknown }>).map(({ schema, value }) => ({
    schema: { type: 'array', items: schema },
    value: [value, value],
  })),
  record: fc
    .dictionary(fc.string(), tie('any') as fc.Arbitrary<{ schema: JsonSchema; value: unknown }>, {
      maxKeys: 3,
      noNullPrototype: true,
    })
    .filter((fields) => !('__proto__' in Object(fields)) || !Object.hasOwn(fields, '__proto__'))
    .map((fields) => ({
      schema: {
        type: 'object',
        properties: Object.fromEntries(Object.entries(fields).map(([key, { schema }]) => [key, schema])),
        required: Object.keys(fields),
        additionalProperties: false,
      },
      value: Object.fromEntries(Object.entries(fields).map(([key, { value }]) => [key, value])),
    })),
  maybe: (tie('any') as fc.Arbitrary<{ schema: JsonSchema; value: unknown }>).chain(({ schema, value }) =>
    fc.boolean().map((there) => ({ schema: { anyOf: [schema, { type: 'null' }] }, value: there ? value : null })),
  ),
})).any as fc.Arbitrary<{ schema: JsonSchema; value: unknown }>

test('what goes out as JSON comes back as it was', () => {
  fc.assert(
    fc.property(typed, ({ schema, value }) => {
      expect(back(schema, JSON.parse(JSON.stringify(out(schema, value))))).toEqual(value)
    }),
  )
})

test('whatever comes, the answer is a value or one named error', () => {
  fc.assert(
    fc.property(typed, fc.jsonValue(), ({ schema }, json) => {
      expect(['accepted', 'near_answer_invalid']).toContain(code(() => back(schema, json)))
      expect(['accepted', 'near_argument_invalid']).toContain(code(() => out(schema, json)))
    }),
  )
})

const u64: JsonSchema = { type: 'string', format: 'uint64' }
test.each<[string, JsonSchema, unknown]>([
  ['a number where 2^53 would round it', u64, 2 ** 53],
  ['a negative amount', u64, -1n],
  ['an amount beyond its bits', u64, 1n << 64n],
  ['a field the contract does not know', definitions.Pair, { left: 1n, middle: 2n }],
  ['a missing field', definitions.Pair, {}],
  ['bytes as text', { type: 'string', format: 'hex' }, 'ff'],
  ['half a surrogate pair', { type: 'string' }, '\ud800'],
  ['a word that is none of the choices', { type: 'string', enum: ['a'] }, 'b'],
  ['too many items', { type: 'array', items: u64, maxItems: 1 }, [1n, 2n]],
  ['a type that refers to itself for ever', definitions.Loop, 1],
  ['a type that is not defined', { $ref: '#/definitions/None' }, 1],
])('refuses to send %s', (_what, schema, value) => {
  expect(code(() => out(schema, value))).toBe('near_argument_invalid')
})

test.each<[string, JsonSchema, unknown]>([
  ['a number for an amount', u64, 5],
  ['a leading zero', u64, '05'],
  ['upper-case hex', { type: 'string', format: 'hex' }, 'FF'],
  ['base64 with stray bits', { type: 'string', format: 'base64' }, 'AB=='],
  ['an extra field', definitions.Pair, { left: '1', more: 1 }],
])('refuses an answer with %s', (_what, schema, json) => {
  expect(code(() => back(schema, json))).toBe('near_answer_invalid')
})

test('a field that may be null may be left out', () => {
  const schema: JsonSchema = {
    type: 'object',
    properties: { note: { anyOf: [{ type: 'string' }, { type: 'null' }] } },
    additionalProperties: false,
  }
  expect(out(schema, {})).toEqual({})
  expect(out(schema, { note: undefined })).toEqual({})
  expect(out(schema, { note: null })).toEqual({ note: null })
})

test('a field named __proto__ stays a field', () => {
  const schema: JsonSchema = { type: 'object', additionalProperties: { type: 'string' } }
  const value = JSON.parse('{"__proto__":"x"}')
  expect(JSON.stringify(out(schema, value))).toBe('{"__proto__":"x"}')
})
