import { createHash } from 'node:crypto'
import { detachDcml, parseReceipt, ResponseHash, toHex, verifyReceipt } from '@dcml/protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ChatRequest, CompletionRequest, EngineEvent, EngineLoader } from '../src/index.ts'
import { scriptedLoader } from '../src/testing.ts'
import { attestedFetch, boot, counting, serving } from './harness.ts'

let served: Awaited<ReturnType<typeof serving>>
/** What the engine was asked last. */
let asked: ChatRequest | CompletionRequest
beforeAll(async () => {
  served = await serving({
    script: (prompt, request) => {
      asked = request
      if (prompt.includes('use a tool')) return { tokens: [], toolCalls: toolCall }
      if (prompt.includes('break')) return { tokens: breaking() }
      if (prompt.includes('silence')) return { tokens: [] }
      return counting(prompt, request)
    },
  })
})
afterAll(() => served[Symbol.asyncDispose]())

const toolCall = [
  { index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":' } },
  { index: 0, function: { arguments: '"Oslo"}' } },
]

async function* breaking() {
  yield 'fine so far'
  throw new Error('the engine quoted the prompt: SECRET')
}

const user = (content: unknown) => ({ messages: [{ role: 'user', content }] })
const chat = (body: unknown) => served.post('/v1/chat/completions', body)
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** The payloads of a stream, in order, with their event names. */
const payloads = (text: string): { event: string | undefined; data: string }[] =>
  text
    .split('\n\n')
    .filter(Boolean)
    .map((block) => ({
      event: /^event: (.*)$/m.exec(block)?.[1],
      data: /^data: (.*)$/m.exec(block)?.[1] ?? '',
    }))

/** Checks the receipt of payloads against what was sent and received. */
async function receiptOf(request: string, received: readonly string[]) {
  const hash = new ResponseHash()
  const { payload, field } = detachDcml(received.at(-1) ?? '')
  for (const earlier of received.slice(0, -1)) hash.add(earlier)
  hash.add(payload)
  const signed = parseReceipt(field?.receipt ?? '')
  expect(await verifyReceipt(signed, served.runtime.sessionKey)).toBe(true)
  expect(toHex(signed.receipt.requestH)).toBe(sha256(request))
  expect(toHex(signed.receipt.responseH)).toBe(toHex(hash.digest()))
  expect(toHex(signed.receipt.imageH)).toBe(toHex(served.runtime.imageH))
  expect(toHex(signed.receipt.modelH)).toBe(field?.modelH)
  return signed.receipt
}

test('a whole answer carries a receipt over its exact bytes', async () => {
  const body = JSON.stringify({ model: 'tale', ...user('count 3') })
  const response = await chat(body)
  expect(response.headers.get('dcml-model-h')).toBe('ab'.repeat(32))
  const text = await response.text()
  expect(JSON.parse(text)).toMatchObject({
    object: 'chat.completion',
    choices: [{ message: { role: 'assistant', content: 'w0 w1 w2' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 3, completion_tokens: 3, total_tokens: 6 },
  })
  expect(await receiptOf(body, [text])).toMatchObject({ promptTokens: 3, completionTokens: 3, spent: 0n })
})

test('a stream has no chunk before its first token and its receipt in the last payload', async () => {
  const body = JSON.stringify({ ...user('count 3'), stream: true })
  const response = await chat(body)
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/)
  const all = payloads(await response.text()).map(({ data }) => data)
  expect(all.pop()).toBe('[DONE]')
  const chunks = all.map((data) => JSON.parse(data))
  expect(chunks.map(({ choices }) => choices[0]?.delta)).toEqual([
    { role: 'assistant', content: 'w0' },
    { content: ' w1' },
    { content: ' w2' },
    {},
    undefined,
  ])
  expect(chunks[3]?.choices[0]?.finish_reason).toBe('stop')
  expect(Object.keys(chunks[4])).toEqual(['id', 'object', 'created', 'model', 'choices', 'dcml'])
  expect(await receiptOf(body, all)).toMatchObject({ promptTokens: 3, completionTokens: 3 })
})

test('usage comes where it was asked for, and null before', async () => {
  const response = await chat({ ...user('count 2'), stream: true, stream_options: { include_usage: true } })
  const chunks = payloads(await response.text())
    .slice(0, -1)
    .map(({ data }) => JSON.parse(data))
  expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true)
  expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 2 } })
})

test('an answer without a token is still an answer', async () => {
  const stream = await chat({ ...user('silence'), stream: true })
  const [first] = payloads(await stream.text())
  expect(JSON.parse(first?.data ?? '').choices[0]).toMatchObject({ delta: { role: 'assistant', content: '' } })
  expect(await (await chat(user('silence'))).json()).toMatchObject({ choices: [{ message: { content: '' } }] })
})

test('receipts of one session key are numbered without a gap', async () => {
  const numbers = await Promise.all(
    Array.from({ length: 6 }, async () => {
      const body = JSON.stringify(user('count 1'))
      return (await receiptOf(body, [await (await chat(body)).text()])).sequence
    }),
  )
  const sorted = numbers.toSorted((a, b) => Number(a - b))
  expect(sorted.map((n) => n - sorted[0]!)).toEqual([0n, 1n, 2n, 3n, 4n, 5n])
})

test('options reach the engine by their meaning', async () => {
  await (
    await chat({
      ...user([
        { type: 'text', text: 'count ' },
        { type: 'text', text: '4' },
      ]),
      max_completion_tokens: 3,
      max_tokens: 9,
      temperature: 0.5,
      top_p: 0.9,
      seed: 7,
      stop: 'w9',
      ignore_eos: true,
      logprobs: true,
      top_logprobs: 2,
      n: 1,
      user: 'unknown members are ignored',
      presence_penalty: null,
    })
  ).text()
  expect(asked).toMatchObject({
    messages: [{ role: 'user', content: 'count 4' }],
    maxTokens: 3,
    temperature: 0.5,
    topP: 0.9,
    seed: 7,
    stop: ['w9'],
    ignoreEos: true,
    topLogprobs: 2,
  })
  await (await chat({ ...user('count 1'), max_tokens: null, temperature: null, stop: null, stream: null })).text()
  expect(asked).not.toHaveProperty('maxTokens')
  expect(asked.stop).toEqual([])
})

test('the length limit and log probabilities show in the answer', async () => {
  const answer = await (await chat({ ...user('count 9'), max_tokens: 2, logprobs: true })).json()
  expect(answer).toMatchObject({
    choices: [{ finish_reason: 'length', logprobs: { content: [{ token: 'w0' }, { token: ' w1' }] } }],
  })
  const stream = await chat({ ...user('count 1'), logprobs: true, stream: true })
  const [first] = payloads(await stream.text())
  expect(JSON.parse(first?.data ?? '').choices[0].logprobs.content).toMatchObject([{ token: 'w0' }])
})

test('tool calls pass through, and are put together in a whole answer', async () => {
  const whole = await (await chat({ ...user('use a tool'), tools: [{ type: 'function' }] })).json()
  expect(whole).toMatchObject({
    choices: [
      {
        message: {
          content: null,
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } }],
        },
        finish_reason: 'tool_calls',
      },
    ],
  })
  const stream = await chat({ ...user('use a tool'), stream: true })
  const [first] = payloads(await stream.text())
  expect(JSON.parse(first?.data ?? '').choices[0].delta.tool_calls).toEqual(toolCall)
})

test('thoughts are counted, so they are sent: streamed and whole, in chat and in responses', async () => {
  const words = scriptedLoader(counting)
  const loader: EngineLoader = {
    name: 'thinking',
    async load(files, options) {
      const engine = await words.load(files, options)
      async function* thinking(events: AsyncIterable<EngineEvent>): AsyncGenerator<EngineEvent> {
        for await (const event of events)
          if (event.type === 'delta' && event.completionTokens < 3) {
            const { text = '', completionTokens } = event
            yield { type: 'delta', reasoning: text, completionTokens }
          } else yield event
      }
      const chat = engine.chat.bind(engine)
      return Object.assign(engine, { chat: (...args: Parameters<typeof chat>) => thinking(chat(...args)) })
    },
  }
  await using other = await serving({ loader })
  const post = async (path: string, body: object) => (await other.post(path, body)).text()
  const [reasoning_content, content] = ['w0 w1', ' w2']
  const whole = JSON.parse(await post('/v1/chat/completions', user('count 3')))
  expect(whole).toMatchObject({
    choices: [{ message: { content, reasoning_content } }],
    usage: { completion_tokens: 3 },
  })
  const chunks = payloads(await post('/v1/chat/completions', { ...user('count 3'), stream: true }))
  const deltas = chunks.slice(0, 3).map(({ data }) => JSON.parse(data).choices[0].delta)
  expect(deltas).toEqual([
    { role: 'assistant', reasoning_content: 'w0', content: null },
    { reasoning_content: ' w1', content: null },
    { content },
  ])
  const output = [
    { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: reasoning_content }] },
    { type: 'message', content: [{ type: 'output_text', text: content }] },
  ]
  const response = JSON.parse(await post('/v1/responses', { input: 'count 3' }))
  expect(response.output).toMatchObject(output)
  const all = payloads(await post('/v1/responses', { input: 'count 3', stream: true })).map(({ data }) =>
    JSON.parse(data),
  )
  expect(all.map(({ sequence_number }) => sequence_number)).toEqual(all.map((_, i) => i))
  const thought = all.filter(({ type }) => type === 'response.reasoning_text.delta')
  expect(thought.map(({ delta, output_index }) => [delta, output_index])).toEqual([
    ['w0', 0],
    [' w1', 0],
  ])
  expect(all.at(-1).response.output).toMatchObject(output)
  // and what was answered may be sent back as it came
  const again = await other.post('/v1/responses', {
    input: [...response.output, { role: 'user', content: 'count 3' }],
  })
  expect(again.status).toBe(200)
})

test('plain completions stream and carry receipts', async () => {
  const body = JSON.stringify({ prompt: 'count 2', stream: true, logprobs: 1 })
  const all = payloads(await (await served.post('/v1/completions', body)).text()).map(({ data }) => data)
  expect(all.pop()).toBe('[DONE]')
  expect(JSON.parse(all[1] ?? '')).toMatchObject({
    object: 'text_completion',
    choices: [{ text: ' w1', logprobs: { tokens: [' w1'], token_logprobs: [0], text_offset: [2] } }],
  })
  await receiptOf(body, all)
})

test('responses name their events, end with a receipt and without [DONE]', async () => {
  const body = JSON.stringify({
    input: [
      { role: 'developer', content: 'be brief' },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'count 2' }] },
    ],
    max_output_tokens: 1,
    text: { format: { type: 'json_schema', name: 'n', schema: {} } },
    stream: true,
  })
  const all = payloads(await (await served.post('/v1/responses', body)).text())
  for (const { event, data } of all) expect(JSON.parse(data).type).toBe(event)
  expect(all.map(({ data }) => JSON.parse(data).sequence_number)).toEqual(all.map((_, i) => i))
  expect(JSON.parse(all.at(-1)?.data ?? '')).toMatchObject({
    type: 'response.incomplete',
    response: { incomplete_details: { reason: 'max_output_tokens' }, usage: { output_tokens: 1 } },
  })
  await receiptOf(
    body,
    all.map(({ data }) => data),
  )
  expect(asked.body).toMatchObject({
    messages: [{ role: 'developer' }, { role: 'user', content: 'count 2' }],
    response_format: { type: 'json_schema', json_schema: { name: 'n', schema: {} } },
  })
})

test('responses call functions: streamed, whole, and with what was called before', async () => {
  const request = {
    input: [
      { role: 'user', content: 'use a tool' },
      { type: 'function_call', call_id: 'call_0', name: 'time', arguments: '{}' },
      { type: 'function_call_output', call_id: 'call_0', output: 'noon' },
    ],
    tools: [{ type: 'function', name: 'weather', parameters: {} }],
    tool_choice: { type: 'function', name: 'weather' },
  }
  const call = { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{"city":"Oslo"}' }
  const whole = await (await served.post('/v1/responses', request)).json()
  expect(whole).toMatchObject({ status: 'completed', output: [call] })
  const body = JSON.stringify({ ...request, stream: true })
  const all = payloads(await (await served.post('/v1/responses', body)).text()).map(({ data }) => data)
  await receiptOf(body, all)
  expect(all.map((data) => JSON.parse(data).type)).toEqual([
    'response.created',
    'response.in_progress',
    'response.output_item.added',
    'response.function_call_arguments.delta',
    'response.function_call_arguments.delta',
    'response.function_call_arguments.done',
    'response.output_item.done',
    'response.completed',
  ])
  expect(JSON.parse(all.at(-1) ?? '').response.output).toMatchObject([call])
  expect(asked.body).toMatchObject({
    messages: [
      { role: 'user' },
      {
        role: 'assistant',
        tool_calls: [{ id: 'call_0', type: 'function', function: { name: 'time', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'call_0', content: 'noon' },
    ],
    tools: [{ type: 'function', function: { name: 'weather', parameters: {} } }],
    tool_choice: { type: 'function', function: { name: 'weather' } },
  })
})

test('images of the Responses API reach the engine in the form of chat', async () => {
  const content = [
    { type: 'input_text', text: 'count 1' },
    { type: 'input_image', image_url: 'data:,' },
  ]
  expect((await served.post('/v1/responses', { input: [{ role: 'user', content }] })).status).toBe(200)
  const parts = [
    { type: 'text', text: 'count 1' },
    { type: 'image_url', image_url: { url: 'data:,' } },
  ]
  expect(asked.body).toMatchObject({ messages: [{ role: 'user', content: parts }] })
})

test('embeddings carry receipts', async () => {
  const body = JSON.stringify({ input: 'one two' })
  const text = await (await served.post('/v1/embeddings', body)).text()
  expect(await receiptOf(body, [text])).toMatchObject({ promptTokens: 2, completionTokens: 0 })
})

test('a fault after the first token is told inside the stream, without its cause', async () => {
  const all = payloads(await (await chat({ ...user('break'), stream: true })).text())
  expect(JSON.parse(all.at(-1)?.data ?? '')).toMatchObject({ error: { code: 'internal', type: 'server_error' } })
  const responses = await served.post('/v1/responses', { input: 'break', stream: true })
  expect(JSON.parse(payloads(await responses.text()).at(-1)?.data ?? '')).toMatchObject({
    type: 'response.failed',
    response: { status: 'failed', error: { code: 'internal' } },
  })
  const whole = await chat(user('break'))
  expect(whole.status).toBe(500)
  expect(await whole.text()).not.toContain('SECRET')
  const id = whole.headers.get('x-request-id') ?? 'none'
  const logged = served.runtime
    .log()
    .split('\n')
    .filter((line) => line.includes(id))
  expect(logged.map((line) => JSON.parse(line).msg)).toEqual(['generation', 'request failed'])
  expect(served.runtime.log()).not.toContain('SECRET')
})

const refusals: [name: string, path: string, body: unknown, status: number, code: string, param?: string][] = [
  ['not JSON', '/v1/chat/completions', '{"messages": [', 400, 'request_malformed'],
  ['not an object', '/v1/chat/completions', '"x"', 400, 'request_invalid'],
  ['no messages', '/v1/chat/completions', {}, 400, 'request_invalid', 'messages'],
  ['an empty conversation', '/v1/chat/completions', { messages: [] }, 400, 'request_invalid', 'messages'],
  [
    'an unknown role',
    '/v1/chat/completions',
    { messages: [{ role: 'root', content: 'x' }] },
    400,
    'request_invalid',
    'messages.0.role',
  ],
  ['n over 1', '/v1/chat/completions', { ...user('x'), n: 2 }, 400, 'request_invalid', 'n'],
  [
    'more messages than anyone has',
    '/v1/chat/completions',
    { messages: Array(100_000).fill({ role: 'user', content: '' }) },
    400,
    'request_invalid',
    'messages',
  ],
  [
    'more items than anyone has',
    '/v1/responses',
    { input: Array(100_000).fill({ role: 'user', content: '' }) },
    400,
    'request_invalid',
    'input',
  ],
  ['half a token', '/v1/chat/completions', { ...user('x'), max_tokens: 0.5 }, 400, 'request_invalid', 'max_tokens'],
  ['another model', '/v1/chat/completions', { ...user('x'), model: 'other' }, 404, 'model_not_found', 'model'],
  ['a prompt beyond the context', '/v1/chat/completions', user('x '.repeat(5000)), 400, 'context_length_exceeded'],
  [
    'the same, streamed',
    '/v1/chat/completions',
    { ...user('x '.repeat(5000)), stream: true },
    400,
    'context_length_exceeded',
  ],
  ['echo', '/v1/completions', { prompt: 'x', echo: true }, 400, 'request_invalid', 'echo'],
  [
    'memory on the server',
    '/v1/responses',
    { input: 'x', previous_response_id: 'resp_1' },
    400,
    'request_needs_memory',
    'input',
  ],
  [
    'a reference to an earlier item',
    '/v1/responses',
    { input: [{ type: 'item_reference', id: 'msg_1' }] },
    400,
    'request_needs_memory',
    'input',
  ],
  [
    'a tool of OpenAI’s',
    '/v1/responses',
    { input: 'x', tools: [{ type: 'web_search' }] },
    400,
    'request_invalid',
    'tools.0.type',
  ],
  ['token ids', '/v1/embeddings', { input: [1, 2] }, 400, 'request_invalid', 'input'],
  ['an unknown call', '/v1/audio', {}, 404, 'route_not_found'],
]
for (const [name, path, body, status, code, param] of refusals) {
  test(`refused with its own code: ${name}`, async () => {
    const response = await served.post(path, body)
    const { error } = (await response.json()) as { error: Record<string, unknown> }
    expect([response.status, error.code, error.param]).toEqual([status, code, param ?? null])
    expect(error.message).toBeTruthy()
    expect(error.hint).toBeTruthy()
  })
}

test('the model answers to its name, its modelH, or nothing', async () => {
  for (const model of ['tale', 'ab'.repeat(32), undefined, null])
    expect((await chat({ ...user('count 1'), model })).status).toBe(200)
})

test('before the model is ready every call says what is missing', async () => {
  await using runtime = await boot()
  const fetch = attestedFetch(runtime)
  const response = await fetch(`${runtime.url}/v1/chat/completions`, { method: 'POST', body: '{}' })
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toBe('5')
  expect(await response.json()).toMatchObject({ error: { code: 'model_not_ready', retryable: true } })
  expect(await (await fetch(`${runtime.url}/v1/models`)).json()).toEqual({ object: 'list', data: [] })
  await fetch.close()
})

test('the OpenAPI document describes the requests', async () => {
  const document = await (await served.fetch(`${served.runtime.url}/openapi.json`)).json()
  expect(document).toMatchObject({
    openapi: '3.1.0',
    paths: {
      '/v1/chat/completions': {
        post: { requestBody: { content: { 'application/json': { schema: { required: ['messages'] } } } } },
      },
    },
  })
})
