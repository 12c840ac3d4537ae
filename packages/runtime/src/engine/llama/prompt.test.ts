import type { LlamaModel } from 'node-llama-cpp'
import { describe, expect, test } from 'vitest'
import { PromptReader } from './prompt.ts'

const CONTEXT = 4096

/** A model whose tokens have four characters at most, and that must not be asked to tokenize. */
function modelWith(chat_template: string): LlamaModel {
  const tokenizer = { chat_template, ggml: { tokens: ['a', 'four'] } }
  return {
    tokens: { bosString: null, eosString: null },
    fileInfo: { metadata: { tokenizer } },
    tokenize: () => expect.unreachable(),
  } as unknown as LlamaModel
}

const messages = (count: number, content: string) =>
  Array.from({ length: count }, () => ({ role: 'user' as const, content }))
const overflow = (promptTokens: number) =>
  expect.objectContaining({ code: 'engine_context_overflow', details: { promptTokens, contextLength: CONTEXT } })

test('100,000 empty messages are refused before the template writes them', () => {
  const reader = new PromptReader(modelWith("{{ raise_exception('too late') }}"), CONTEXT)
  expect(() => reader.chat(messages(100_000, ''))).toThrow(overflow(100_000))
})

test('what the template adds counts before it is tokenized', () => {
  const reader = new PromptReader(modelWith(`{% for message in messages %}${'x'.repeat(400)}{% endfor %}`), CONTEXT)
  expect(() => reader.chat(messages(100, ''))).toThrow(overflow(10_000))
})

test('long texts are refused by their characters', () => {
  const reader = new PromptReader(modelWith(''), CONTEXT)
  for (const read of [reader.chat.bind(reader, messages(1, 'x'.repeat(20_000))), () => reader.text('x'.repeat(20_000))])
    expect(read).toThrow(overflow(5000))
})

describe('texts to embed', () => {
  const counting = (counts: { tokenized: number }): LlamaModel => {
    const tokenize = (text: string) => {
      counts.tokenized++
      return Array.from(text)
    }
    return { ...modelWith(''), tokenize } as unknown as LlamaModel
  }

  test('are bounded together, and no more is tokenized than that takes', async () => {
    const counts = { tokenized: 0 }
    const texts = Array.from({ length: 2048 }, () => 'x'.repeat(3000))
    const reading = new PromptReader(counting(counts), CONTEXT).embeddings(texts, new AbortController().signal)
    await expect(reading).rejects.toMatchObject({ code: 'engine_request_invalid', details: { param: 'input' } })
    expect(counts.tokenized).toBe(101)
  })

  test('leave a turn to others in between, in which the request may end', async () => {
    const counts = { tokenized: 0 }
    const stop = new AbortController()
    const reading = new PromptReader(counting(counts), CONTEXT).embeddings(Array(2048).fill('x'), stop.signal)
    setImmediate(() => stop.abort(new Error('enough')))
    await expect(reading).rejects.toThrow('enough')
    expect(counts.tokenized).toBeLessThan(10)
  })
})
