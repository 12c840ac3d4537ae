import { expect, test } from 'vitest'
import { llamaCppLoader } from './llama/load.ts'
import { openAiUpstreamLoader } from './upstream/load.ts'

test.each<[string, () => unknown, string]>([
  ['no threads', () => llamaCppLoader({ threads: 0 }), 'threads'],
  ['a part of a request', () => llamaCppLoader({ parallel: 1.5 }), 'parallel'],
  ['a context that is no number', () => llamaCppLoader({ contextLength: Number.NaN }), 'contextLength'],
  ['more than 32 bits of context', () => llamaCppLoader({ contextLength: 2 ** 24 }), 'contextLength'],
  ['no address', () => openAiUpstreamLoader({ baseUrl: 'vllm' }), 'baseUrl'],
  ['a file for an address', () => openAiUpstreamLoader({ baseUrl: 'file:///v1' }), 'baseUrl'],
  ['a negative count', () => openAiUpstreamLoader({ baseUrl: 'http://localhost/v1', parallel: -1 }), 'parallel'],
])('%s is refused before anything is loaded', (_, make, option) => {
  expect(make).toThrow(expect.objectContaining({ code: 'engine_options_invalid', details: { option } }))
})
