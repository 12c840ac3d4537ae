import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonMember } from './json-members.ts'

test('cuts exactly the text between its neighbours', () => {
  const signed = '{ "id":"TDX",\n "list":[1, {"}":"]"}],"esc":"a\\"},{b\\\\" }'
  expect(jsonMember(`{"tcbInfo":${signed},"signature":"00"}`, 'tcbInfo')).toBe(signed)
  expect(jsonMember(` {"signature" : "00" , "tcbInfo" : ${signed} } `, 'tcbInfo')).toBe(signed)
})

test('finds members at the top only, and nothing in what is no object', () => {
  expect(jsonMember('{"a":{"b":1}}', 'b')).toBeUndefined()
  expect(jsonMember('{"a":"\\"b\\":1"}', 'b')).toBeUndefined()
  for (const json of ['[]', '1', '"b"', '{}', 'null']) expect(jsonMember(json, 'b')).toBeUndefined()
})

test('agrees with JSON.parse on every member of every object, however it is spaced', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 8 }),
      fc.constantFrom(0, 1, '\t'),
      (object, indent) => {
        const json = JSON.stringify(object, null, indent)
        for (const [name, value] of Object.entries(JSON.parse(json) as object))
          expect(JSON.parse(jsonMember(json, name) ?? 'undefined')).toEqual(value)
      },
    ),
  )
})

test('reads a doubled member as JSON.parse does', () => {
  expect(jsonMember('{"a":1,"a":[2]}', 'a')).toBe('[2]')
  expect(jsonMember('{"\\u0061":3}', 'a')).toBe('3')
})
