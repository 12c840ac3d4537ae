import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJson } from './fields.ts'

test('reads what JSON.parse reads', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 20 }), (text) => {
      expect(parseJson(text)).toEqual(JSON.parse(text))
    }),
  )
})

test('brackets in strings are no nesting, those outside are, however they are hidden', () => {
  expect(parseJson(JSON.stringify({ text: `\\"${'['.repeat(100)}` }))).toEqual({ text: `\\"${'['.repeat(100)}` })
  expect(parseJson(`${'['.repeat(64)}${']'.repeat(64)}`)).toHaveLength(1)
  for (const open of ['['.repeat(65), '{"a":'.repeat(65), `["\\\\",${'['.repeat(64)}`])
    expect(() => parseJson(open + ']'.repeat(65))).toThrow('nests more than 64 deep')
})
