import { expect, test } from 'vitest'
import { chatCorpus, tokenCorpus } from './corpus.ts'
import { detokenize } from './tokenizer.ts'

const origin = { source: {}, rawH: '00' }
const speech = (n: number) =>
  `This is speech number ${n}, which is long enough to be an answer of its own, surely. `.repeat(6)

test('every twentieth text is held out, and only those', () => {
  const corpus = chatCorpus(
    Array.from({ length: 40 }, (_, n) => speech(100 + n)),
    1,
    origin,
  )
  const numbers = (ids: Uint16Array) => new Set(detokenize(ids).match(/\b1\d\d\b/g))
  expect(numbers(corpus.validation)).toEqual(new Set(['119', '139']))
  expect(numbers(corpus.train).size).toBe(38)
})

test('of one text the last exchanges are held out', () => {
  const text = Array.from({ length: 100 }, (_, n) => speech(100 + n).trim()).join(' ')
  const corpus = chatCorpus([text], 1, origin)
  expect(detokenize(corpus.validation)).toContain('199')
  expect(detokenize(corpus.train)).not.toContain('199')
  expect(corpus.validation.length).toBeLessThan(corpus.train.length / 10)
})

test('tokensH tells corpora apart', () => {
  const a = tokenCorpus('abc', 'de', origin)
  expect(a.tokensH).toBe(tokenCorpus('abc', 'de', origin).tokensH)
  expect(a.tokensH).not.toBe(tokenCorpus('abd', 'de', origin).tokensH)
})
