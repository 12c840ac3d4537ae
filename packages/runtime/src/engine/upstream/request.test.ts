import type { DcmlError } from '@dcml/protocol'
import { expect, test } from 'vitest'
import type { ChatRequest } from '../engine.ts'
import { chatBody, completionBody, embeddingBody } from './request.ts'

/** What an upstream is sent for a chat with this body. */
const sentFor = (body: object, options: Partial<ChatRequest> = {}): Record<string, unknown> =>
  JSON.parse(
    chatBody({ messages: [{ role: 'user', content: 'hi' }], stop: [], ...options, body: { ...body } }, { id: 'm' }),
  )

const streaming = {
  model: 'm',
  n: 1,
  stream: true,
  stream_options: { include_usage: true, continuous_usage_stats: true },
}
const image = (url: string) => [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }]

test('the body with tools and response_format, our limits, and always a wish for usage', () => {
  const tool = { type: 'function', function: { name: 'f', parameters: { type: 'object' } } }
  const body = {
    messages: image('data:image/png;base64,AA=='),
    tools: [tool],
    tool_choice: { type: 'function', function: { name: 'f' } },
    parallel_tool_calls: false,
    response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' }, strict: true } },
    presence_penalty: 1,
    frequency_penalty: -1,
    logit_bias: { 5: 3 },
    reasoning_effort: 'low',
  }
  const limits = {
    max_completion_tokens: 999,
    stream: false,
    stream_options: { include_usage: false },
    n: 5,
    model: 'x',
  }
  const given = { stop: ['END'], maxTokens: 9, temperature: 0, topP: 0.5, seed: 4, ignoreEos: true, topLogprobs: 2 }
  expect(sentFor({ ...body, ...limits }, given)).toEqual({
    ...body,
    ...streaming,
    max_tokens: 9,
    temperature: 0,
    top_p: 0.5,
    seed: 4,
    stop: ['END'],
    ignore_eos: true,
    logprobs: true,
    top_logprobs: 2,
  })
})

test('nothing that OpenAI’s API does not have, at any level', () => {
  const extra = { lora_path: '/x', extra_body: {} }
  const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }
  const assistant = { role: 'assistant', content: null, tool_calls: [call] }
  const result = { role: 'tool', tool_call_id: 'c', content: [{ type: 'text', text: 'ok' }] }
  const body = {
    messages: [
      { ...assistant, ...extra, tool_calls: [{ ...call, ...extra }] },
      { ...result, ...extra, content: [{ type: 'text', text: 'ok', ...extra }] },
    ],
    tools: [{ type: 'function', function: { name: 'f', ...extra }, ...extra }],
    ...extra,
    custom_logit_processor: 'x',
    session_params: {},
    chat_template: '{{ x }}',
    chat_template_kwargs: {},
    kv_transfer_params: {},
    id_slot: 0,
    cache_prompt: true,
    priority: -100,
    user: 'someone',
    metadata: {},
  }
  expect(sentFor(body)).toEqual({
    messages: [assistant, result],
    tools: [{ type: 'function', function: { name: 'f' } }],
    ...streaming,
  })
})

test('completions and embeddings neither', () => {
  const body = { prompt: 'y', input: 'y', dimensions: 4, lora_path: '/x', truncate_prompt_tokens: 1, echo: true }
  expect(JSON.parse(completionBody({ prompt: 'x', stop: [], body }, { id: 'm' }))).toEqual({
    prompt: 'x',
    ...streaming,
  })
  expect(JSON.parse(embeddingBody({ input: ['x'], body }, { id: 'm' }))).toEqual({
    model: 'm',
    input: ['x'],
    dimensions: 4,
    encoding_format: 'float',
  })
})

const deep: object = Array.from({ length: 40 }).reduce<object>((items) => ({ type: 'array', items: [items] }), {})
test.each([
  ['messages', { messages: image('http://169.254.169.254/latest/meta-data') }],
  ['messages', { messages: image('file:///etc/passwd') }],
  ['messages', { messages: [{ role: 'user', content: [{ type: 'video_url', video_url: { url: 'http://x' } }] }] }],
  ['tools', { tools: [{ type: 'mcp', server_url: 'http://x' }] }],
  ['response_format', { response_format: { type: 'structural_tag', structures: [] } }],
  [undefined, { response_format: { type: 'json_schema', json_schema: { schema: deep } } }],
  [undefined, { tools: [{ type: 'function', function: { name: 'f', parameters: deep } }] }],
])('%s: what could reach further is refused', (param, body) => {
  let error: DcmlError | undefined
  try {
    sentFor(body)
  } catch (fault) {
    error = fault as DcmlError
  }
  expect(error).toMatchObject({ code: 'engine_request_invalid' })
  expect(error?.details.param?.toString().split('.')[0]).toBe(param)
})

test('llama-server is asked for its own running counts, other servers are not', () => {
  const own = { return_progress: true, timings_per_token: true }
  const request = { prompt: 'x', stop: [], body: {} }
  expect(JSON.parse(completionBody(request, { id: 'm', server: 'llamacpp' }))).toMatchObject({ ...streaming, ...own })
  expect(JSON.parse(completionBody(request, { id: 'm', server: 'vllm' }))).toEqual({ prompt: 'x', ...streaming })
})
