import { toHex } from '@dcml/protocol'
import fc from 'fast-check'
import * as v from 'valibot'
import { expect, test } from 'vitest'
import type { Held } from './memory.ts'
import { formatMessage, recalledSchema, recallSchema, rememberedSchema, rememberSchema } from './wire.ts'

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const hex = (length: number) => fc.uint8Array({ minLength: length, maxLength: length }).map(toHex)
const term = fc.record({ number: u64, id: hex(16) })
const mark = fc.record({ counter: u64, digest: fc.uint8Array({ minLength: 32, maxLength: 32 }) })
const held: fc.Arbitrary<Held> = fc.record({ term, mark, attempt: hex(16) })
const recalled = fc.oneof(
  fc.record({ said: fc.constant('promised' as const), held: fc.option(held) }),
  fc.record({ said: fc.constant('outranked' as const), by: term }),
)

test('every message arrives as it was sent', () => {
  const arrives = <T>(schema: v.GenericSchema<unknown, T>, message: T & object) =>
    expect(v.parse(schema, JSON.parse(formatMessage(message)))).toEqual(message)
  fc.assert(
    fc.property(hex(32), term, held, recalled, (register, term, held, recalled) => {
      arrives(recallSchema, { register, term })
      arrives(rememberSchema, { register, held })
      arrives(recalledSchema, recalled)
    }),
  )
})

test.each([
  ['a number for text', { number: 1, id: '0'.repeat(32) }],
  ['another spelling of a number', { number: '01', id: '0'.repeat(32) }],
  ['a number beyond u64', { number: `${2n ** 64n}`, id: '0'.repeat(32) }],
  ['upper case', { number: '1', id: 'A'.repeat(32) }],
  ['an id too short', { number: '1', id: '0'.repeat(31) }],
])('%s is refused', (_, term) => {
  expect(v.is(recallSchema, { register: '0'.repeat(64), term })).toBe(false)
})

test('a peer cannot say of itself, over a connection of its own, that it has forgotten', () => {
  for (const schema of [recalledSchema, rememberedSchema]) expect(v.is(schema, { said: 'forgotten' })).toBe(false)
})
