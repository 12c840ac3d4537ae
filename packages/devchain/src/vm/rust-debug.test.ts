import { expect, test } from 'vitest'
import { debugString, debugStruct } from './rust-debug.ts'

test.each([
  ['plain text', '"plain text"'],
  ['a "b" \\ c', '"a \\"b\\" \\\\ c"'],
  ["it's", '"it\'s"'],
  ['\n\r\t\0', '"\\n\\r\\t\\0"'],
  ['\u0001\u200b\u00a0', '"\\u{1}\\u{200b}\\u{a0}"'],
  ['e\u0301', '"e\\u{301}"'],
  ['ä€😀', '"ä€😀"'],
])('debugString %#', (text, expected) => {
  expect(debugString(text)).toBe(expected)
})

test('debugStruct', () => {
  expect(debugStruct('GasExceeded', {})).toBe('GasExceeded')
  expect(debugStruct('Limit', { length: 3, limit: 2n, what: 'x' })).toBe('Limit { length: 3, limit: 2, what: "x" }')
})
