import { DcmlError } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseExactJson, parseHeader } from '../index.ts'

test('reads what JSON.parse reads, and integers beyond 2^53 exactly', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      fc.pre(!/\d{16}/.test(text))
      expect(parseExactJson(text)).toEqual(JSON.parse(text))
    }),
    { numRuns: 200 },
  )
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 128n), max: 2n ** 128n }), (value) => {
      const read = parseExactJson(`{"a":[${value}]}`) as { a: [number | bigint] }
      expect(BigInt(read.a[0])).toBe(value)
      expect(typeof read.a[0]).toBe(Number.isSafeInteger(Number(value)) ? 'number' : 'bigint')
    }),
  )
  expect(parseExactJson('"1645506889152004146"')).toBe('1645506889152004146')
  expect(parseExactJson('[1.5,1e21,-0.25]')).toEqual([1.5, 1e21, -0.25])
})

test.each(['9'.repeat(81), '1e400', '-1.5e999'])('a number nobody can hold is refused, not rounded: %s', (text) => {
  expect(() => parseExactJson(`[${text}]`)).toThrow(expect.objectContaining({ code: 'json_invalid' }))
})

test.each(['', '{', '01', "{'a':1}", '[1,]', 'NaN', '"\ud800'])('%j is no JSON', (text) => {
  expect(() => parseExactJson(text)).toThrow(expect.objectContaining({ code: 'json_invalid' }))
})

test('bytes that are not UTF-8, and nesting without end, are errors of the same kind', () => {
  for (const input of [Uint8Array.of(0x22, 0xff, 0x22), '['.repeat(1_000_000)])
    expect(() => parseExactJson(input)).toThrow(expect.objectContaining({ code: 'json_invalid' }))
})

test('a timestamp counts from its string; a number alone counts only if it is exact', () => {
  const inner = {
    height: 1,
    epoch_id: '1'.repeat(32),
    next_epoch_id: '1'.repeat(32),
    prev_state_root: '1'.repeat(32),
    outcome_root: '1'.repeat(32),
    next_bp_hash: '1'.repeat(32),
    block_merkle_root: '1'.repeat(32),
  }
  const timeOf = (times: object) => {
    try {
      const inner_lite = { ...inner, ...times }
      return parseHeader({ inner_lite, inner_rest_hash: '1'.repeat(32), prev_block_hash: '1'.repeat(32) }).innerLite
        .timestamp
    } catch (error) {
      return DcmlError.isInstance(error) ? error.code : error
    }
  }
  const rounded = Number(1645506889152004146n)
  expect(timeOf({ timestamp: rounded, timestamp_nanosec: '1645506889152004146' })).toBe(1645506889152004146n)
  expect(timeOf({ timestamp: 1645506889152004146n })).toBe(1645506889152004146n)
  expect(timeOf({ timestamp: '1593378592795392000' })).toBe(1593378592795392000n)
  expect(timeOf({ timestamp: 7 })).toBe(7n)
  for (const timestamp of [rounded, -1, 1.5, '01', '1e3', ' 1', '-1', String(2n ** 64n), undefined, null])
    expect(timeOf({ timestamp })).toBe('near_header_invalid')
})
