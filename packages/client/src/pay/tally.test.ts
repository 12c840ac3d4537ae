import { utf8 } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Tally } from './tally.ts'

const most = (body: object, ...payloads: object[]) => {
  const tally = new Tally(utf8(JSON.stringify(body)))
  for (const payload of payloads) tally.add(JSON.stringify(payload))
  return tally.most()
}
const delta = (content: string) => ({ choices: [{ index: 0, delta: { content } }] })

test('an answer has no more tokens than were asked for, nor than its text can have', () => {
  const short = delta('x'.repeat(1000))
  for (const name of ['max_tokens', 'max_completion_tokens', 'max_output_tokens'])
    expect(most({ [name]: 7 }, short).completionTokens).toBe(7n)
  expect(most({ max_tokens: 7, n: 3 }, short).completionTokens).toBe(21n)
  expect(most({ max_tokens: 7, prompt: ['a', 'b'] }, short).completionTokens).toBe(14n)
  expect(most({}, delta('abcd'), delta('ef')).completionTokens).toBe(64n + 18n)
  expect(most({ stop: ['</end>'] }).completionTokens).toBe(64n + 18n)
  expect(most({ ignore_eos: true }).completionTokens).toBeGreaterThan(1n << 31n)
})

test('every form of answer is counted, and none twice', () => {
  const text = 'hello'
  const message = { choices: [{ message: { role: '', content: text } }] }
  const forms = [
    [{ choices: [{ text }] }],
    [message],
    [{ output: [{ content: [{ text }] }] }],
    [
      { type: 'response.output_text.delta', delta: text },
      { type: 'response.output_text.done', text },
      { type: 'response.completed', response: { output: [{ content: [{ text }] }] } },
    ],
  ]
  for (const payloads of forms) expect(most({}, ...payloads).completionTokens).toBe(64n + 15n)
})

test('a prompt has no more tokens than bytes, and what a template adds; an image has no bound', () => {
  const body = { messages: [{ role: 'user', content: 'Is the tide in?' }] }
  expect(most(body).promptTokens).toBe(BigInt(JSON.stringify(body).length + 1024))
  const image = { messages: [{ content: [{ type: 'image_url', image_url: { url: 'https://a/b' } }] }] }
  expect(most(image).promptTokens).toBeGreaterThan(1n << 31n)
})

test('no body and no payload makes it throw, and each token of a byte is within the bound', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.string(), fc.array(fc.string({ unit: 'binary' })), (body, junk, words) => {
      const tally = new Tally(body)
      tally.add(junk)
      for (const word of words) tally.add(JSON.stringify(delta(word)))
      const bytes = words.reduce((sum, word) => sum + utf8(word).length, 0)
      expect(tally.most().completionTokens).toBeGreaterThanOrEqual(BigInt(bytes))
    }),
  )
})
