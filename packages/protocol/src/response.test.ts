import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { attachDcml, detachDcml, ResponseHash } from './response.ts'

const field = fc.record({
  v: fc.constant(1 as const),
  modelH: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 }),
  receipt: fc.string({ unit: fc.constantFrom(...'abcXYZ019-_'), minLength: 1, maxLength: 200 }),
})

test('detaches exactly what was attached, whatever text a model writes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), field, (text, f) => {
      const payload = JSON.stringify({ text, trap: ',"dcml":{"v":1}}' })
      const whole = attachDcml(payload, f)
      expect(JSON.parse(whole).dcml).toEqual(f)
      expect(detachDcml(whole)).toEqual({ payload, field: f })
      expect(detachDcml(payload)).toEqual({ payload, field: undefined })
    }),
  )
})

test.each([
  '{"a":1,"dcml":{}}',
  '{"a":1,"dcml":{"v":2,"modelH":"","receipt":""}}',
  '{"a":1,"dcml":null}',
  '{"a":1,"dcml":{"v":1',
  '{"a":{"b":1,"dcml":{"v":1}}}',
])('refuses %s', (payload) => {
  expect(() => detachDcml(payload)).toThrow(expect.objectContaining({ code: 'receipt_malformed' }))
})

test('hashes payloads with line feeds between, the same over noble and Node', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 5 }), (payloads) => {
      const portable = new ResponseHash()
      const native = new ResponseHash(createHash('sha256'))
      for (const payload of payloads) {
        portable.add(payload)
        native.add(payload)
      }
      const expected = Uint8Array.from(createHash('sha256').update(payloads.join('\n')).digest())
      expect(portable.digest()).toEqual(expected)
      expect(native.digest()).toEqual(expected)
    }),
  )
})
