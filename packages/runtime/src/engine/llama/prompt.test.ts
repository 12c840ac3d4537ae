import type { LlamaModel } from 'node-llama-cpp'
import { expect, test } from 'vitest'
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
