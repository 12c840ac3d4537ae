import fc from 'fast-check'
import { expect, test } from 'vitest'
import { detokenize, SPECIAL_TOKENS, tokenize, VOCABULARY } from './tokenizer.ts'

test('any text survives the way there and back', () => {
  const text = fc
    .array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(...SPECIAL_TOKENS)))
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(text, (value) => {
      const ids = tokenize(value)
      expect(Math.max(0, ...ids)).toBeLessThan(VOCABULARY)
      expect(detokenize(ids)).toBe(
        new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(value)),
      )
    }),
  )
})

test('special tokens are one id, their lookalikes are bytes', () => {
  expect([...tokenize('<|im_start|>a<|im_end|>')]).toEqual([258, 97, 259])
  expect(tokenize('<|im_stop|>')).toHaveLength(11)
})
