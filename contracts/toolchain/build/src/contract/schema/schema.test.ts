import '../../../test/env.ts'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isValid } from '../../../test/json-schema.ts'
import { sample } from '../../../test/schemas.ts'
import { type Definitions, fromShape } from '../../abi/from-shape.ts'
import { base64, hex } from './bytes.ts'
import { list, optional, record } from './composed.ts'
import { u8, u64, u128 } from './integer.ts'
import { accountId, choice, flag, text } from './plain.ts'
import type { AnySchema } from './types.ts'

const withValue = sample.chain(({ schema, values }) => values.map((value) => ({ schema, value })))
const plain = (value: unknown) => JSON.parse(JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? `${v}` : v)))

test('what is written can be read, is as long as promised at most, and fits the ABI', () => {
  fc.assert(
    fc.property(withValue, ({ schema, value }) => {
      const json = JSON.stringify(schema.format(value))
      expect(json.length).toBeLessThanOrEqual(schema.longest)
      expect(plain(schema.parse(JSON.parse(json)))).toEqual(plain(value))
      const definitions: Definitions = {}
      expect(isValid(fromShape(schema, definitions), JSON.parse(json), definitions)).toBe(true)
    }),
  )
})

test('whatever else is read fits the ABI too, and what was read can be written', () => {
  fc.assert(
    fc.property(sample, fc.jsonValue(), ({ schema }, json) => {
      let value: unknown
      try {
        value = schema.parse(json)
      } catch {
        return
      }
      const definitions: Definitions = {}
      expect(isValid(fromShape(schema, definitions), json, definitions)).toBe(true)
      expect(schema.parse(schema.format(value))).toEqual(value)
    }),
  )
})

const refused: [string, AnySchema, unknown[]][] = [
  [
    'u128',
    u128,
    [1, 2 ** 53, '01', '-1', '+1', '1.0', '1e3', ' 1', '0x10', '', null, `${2n ** 128n}`, '9'.repeat(1e6)],
  ],
  ['u8', u8, [1, '256', '-0', '00', '1e1', '0x1', 'NaN', 'Infinity', '', ' 1', true, ['1']]],
  ['text', text(3), ['four', '\ud800', 'a\udc00', 3, null, undefined, ['a'], {}]],
  ['account', accountId, ['a', 'a..b', '-a', 'a_', 'A.near', 'a b', 'ä.near', 'a'.repeat(65), 7, null, { length: 5 }]],
  ['flag', flag, ['true', 0, 1, null]],
  ['choice', choice('a', 'b'), ['c', 'ab', '', null, 0, ['a'], 'toString']],
  ['hex', hex(2), ['ABCD', 'abc', 'abcdef', '', 'zz00', 0xabcd, null]],
  ['base64', base64(3, 1), ['AAAA'.repeat(9), 'AA', 'AA=', 'A===', 'AB==', '', '****', ' AA==', null]],
  ['list', list(u8, 2), [['1', '2', '3'], ['1', 2], '1', { 0: '1', length: 1 }, null]],
  [
    'record',
    record({ a: u8 }),
    [{}, { a: '1', b: '2' }, { a: 1 }, [], ['1'], null, '1', { A: '1' }, { a: '1', __proto__x: 1 }],
  ],
  ['nested', record({ a: list(optional(u64), 1) }), [{ a: [-1] }, { a: [{}] }, { a: null }]],
]
test.each(refused)('%s refuses all but its values', (_, schema, values) => {
  for (const value of values) expect(() => schema.parse(value), JSON.stringify(value)).toThrow()
})

test('an own key __proto__ is an extra key like any other', () => {
  expect(() => record({ a: u8 }).parse(JSON.parse('{"a":"1","__proto__":{"b":1}}'))).toThrow('nothing named __proto__')
  expect(() => record({ ['__proto__']: u8 })).toThrow('__proto__')
})

test('a value out of bounds is not written', () => {
  for (const [schema, value] of [
    [u128, 2n ** 128n],
    [u128, -1n],
    [u128, 1],
    [u8, 1.5],
    [u8, 256],
    [text(1), 'ab'],
    [hex(1), new Uint8Array(2)],
    [base64(1), new Uint8Array(2)],
    [list(u8, 1), [1, 2]],
    [record({ a: u8 }), { a: 1, b: 2 }],
    [accountId, 'NOT'],
  ] as [AnySchema, unknown][])
    expect(() => schema.format(value)).toThrow()
})

test('an error names the place', () => {
  const schema = record({ outer: list(record({ inner: u8 }), 9) })
  expect(() => schema.parse({ outer: [{ inner: '1' }, { inner: '300' }] })).toThrow(
    'outer: 1: inner: expected an integer of 8 bits',
  )
})
