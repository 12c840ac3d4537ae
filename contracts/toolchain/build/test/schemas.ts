import fc from 'fast-check'
import { base64, hex } from '../src/contract/schema/bytes.ts'
import { list, optional, record } from '../src/contract/schema/composed.ts'
import { u8, u16, u32, u64, u128 } from '../src/contract/schema/integer.ts'
import { accountId, choice, flag, text } from '../src/contract/schema/plain.ts'
import type { AnySchema } from '../src/contract/schema/types.ts'

/** A schema and values of it. */
export interface Sample {
  readonly schema: AnySchema
  readonly values: fc.Arbitrary<unknown>
}

const wellFormed = (maxLength: number) =>
  fc.string({ unit: 'grapheme', maxLength }).filter((value) => value.length <= maxLength)
const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength })
const integer = (schema: AnySchema, bits: number): Sample => ({
  schema,
  values: bits > 32 ? fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n }) : fc.integer({ min: 0, max: 2 ** bits - 1 }),
})

const leaf: fc.Arbitrary<Sample> = fc.oneof(
  fc.integer({ min: 0, max: 30 }).map((max) => ({ schema: text(max), values: wellFormed(max) })),
  fc.constantFrom(integer(u8, 8), integer(u16, 16), integer(u32, 32), integer(u64, 64), integer(u128, 128)),
  fc.constant({ schema: flag, values: fc.boolean() }),
  fc.constant({ schema: accountId, values: fc.stringMatching(/^[a-z\d]{1,9}[-_.][a-z\d]{1,9}$/) }),
  fc.constant({ schema: choice('red', 'green', 'blue'), values: fc.constantFrom('red', 'green', 'blue') }),
  fc.integer({ min: 0, max: 40 }).map((length) => ({ schema: hex(length), values: bytes(length, length) })),
  fc.integer({ min: 0, max: 40 }).map((max) => ({ schema: base64(max), values: bytes(0, max) })),
)

/** Any schema up to three levels deep. */
export const sample: fc.Arbitrary<Sample> = fc.letrec<{ any: Sample }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    tie('any').map(({ schema, values }) => ({
      schema: list(schema, 4),
      values: fc.array(values, { maxLength: 4 }),
    })),
    tie('any')
      .filter(({ schema }) => schema.kind !== 'optional')
      .map(({ schema, values }) => ({ schema: optional(schema), values: fc.option(values) })),
    fc
      .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z_]{1,6}$/), tie('any')), { maxLength: 4, selector: ([key]) => key })
      .map((fields) => ({
        schema: record(Object.fromEntries(fields.map(([key, { schema }]) => [key, schema]))),
        values: fc.record(Object.fromEntries(fields.map(([key, { values }]) => [key, values]))),
      })),
  ),
})).any
