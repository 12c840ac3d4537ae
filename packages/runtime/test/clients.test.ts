// The clients people have, unchanged, over an attested fetch.
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText, isStepCount, jsonSchema, type LanguageModel, streamText, tool } from 'ai'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { counting, eventually, serving } from './harness.ts'

Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false })

let served: Awaited<ReturnType<typeof serving>>
let options: { baseURL: string; apiKey: string; fetch: typeof globalThis.fetch }
beforeAll(async () => {
  served = await serving({
    script: (prompt, request) =>
      prompt.includes('weather') && !prompt.includes('tool:')
        ? {
            tokens: [],
            toolCalls: [
              { index: 0, id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Oslo"}' } },
            ],
          }
        : counting(prompt, request),
  })
  options = { baseURL: `${served.runtime.url}/v1`, apiKey: 'any', fetch: served.fetch }
})
afterAll(() => served[Symbol.asyncDispose]())

const words = (n: number): string => Array.from({ length: n }, (_, i) => `w${i}`).join(' ')
const ask = (n: number) => ({ model: 'tale', messages: [{ role: 'user' as const, content: `count ${n}` }] })

describe('openai', () => {
  const client = () => new OpenAI({ ...options, maxRetries: 0 })

  test('chat, whole', async () => {
    const answer = await client().chat.completions.create(ask(4))
    expect(answer.choices[0]?.message.content).toBe(words(4))
    expect(answer.usage?.total_tokens).toBe(7)
    expect(answer).toHaveProperty('dcml.modelH')
  })

  test('chat, streamed, with usage', async () => {
    const stream = await client().chat.completions.create({
      ...ask(4),
      stream: true,
      stream_options: { include_usage: true },
    })
    let text = ''
    let last: object = {}
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? ''
      last = chunk
    }
    expect(text).toBe(words(4))
    expect(last).toMatchObject({ choices: [], usage: { completion_tokens: 4 }, dcml: { v: 1 } })
  })

  test('the stream helper puts the same answer together', async () => {
    const stream = client().chat.completions.stream(ask(6))
    expect(await stream.finalContent()).toBe(words(6))
  })

  test('plain completions, embeddings and models', async () => {
    const completion = await client().completions.create({ model: 'tale', prompt: 'count 2' })
    expect(completion.choices[0]?.text).toBe(words(2))
    const embedding = await client().embeddings.create({ model: 'tale', input: ['one', 'two'] })
    expect(embedding.data.map(({ embedding: vector }) => vector.length)).toEqual([8, 8])
    const float = await client().embeddings.create({ model: 'tale', input: 'one', encoding_format: 'float' })
    expect(embedding.data[0]?.embedding[0]).toBeCloseTo(float.data[0]?.embedding[0] ?? Number.NaN, 5)
    const models = await client().models.list()
    expect(models.data).toMatchObject([{ id: 'tale', root: 'ab'.repeat(32) }])
    expect(await client().models.retrieve('tale')).toMatchObject({ id: 'tale' })
  })

  test('responses, whole and streamed', async () => {
    const answer = await client().responses.create({ model: 'tale', input: 'count 3', instructions: 'be brief' })
    expect(answer.output_text).toBe(words(3))
    const stream = await client().responses.create({ model: 'tale', input: 'count 3', stream: true })
    const types: string[] = []
    let text = ''
    for await (const event of stream) {
      if (types.at(-1) !== event.type) types.push(event.type)
      if (event.type === 'response.output_text.delta') text += event.delta
    }
    expect(text).toBe(words(3))
    expect(types).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ])
  })

  test('faults arrive as the client knows them', async () => {
    const tooLong = client().chat.completions.create({
      model: 'tale',
      messages: [{ role: 'user', content: 'word '.repeat(5000) }],
    })
    await expect(tooLong).rejects.toMatchObject({ status: 400, code: 'context_length_exceeded' })
    await expect(client().chat.completions.create({ ...ask(1), model: 'gpt-5' })).rejects.toBeInstanceOf(
      OpenAI.NotFoundError,
    )
    await expect(client().chat.completions.create({ ...ask(1), temperature: 9 })).rejects.toMatchObject({
      status: 400,
      param: 'temperature',
    })
  })

  test('eight at once', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => client().chat.completions.create(ask(i + 1))))
    expect(answers.map((answer) => answer.choices[0]?.message.content)).toEqual(
      Array.from({ length: 8 }, (_, i) => words(i + 1)),
    )
  })

  test('an abort mid-stream ends the stream and nothing else', async () => {
    const stream = await client().chat.completions.create({ ...ask(2000), stream: true })
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content?.includes('w10')) break
    stream.controller.abort()
    expect((await client().chat.completions.create(ask(1))).choices[0]?.message.content).toBe('w0')
  })
})

function abortable(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort() }
}

describe('ai sdk', () => {
  const weather = tool({
    inputSchema: jsonSchema<{ city: string }>({ type: 'object', properties: { city: { type: 'string' } } }),
    execute: async ({ city }) => `rain in ${city}`,
  })
  for (const [name, model] of Object.entries({
    '@ai-sdk/openai, default (responses)': () => createOpenAI(options)('tale'),
    '@ai-sdk/openai-compatible': () => createOpenAICompatible({ ...options, name: 'dcml' })('tale'),
  })) {
    test(`${name}: a tool is called and its result sent back`, async () => {
      const { steps, text } = await generateText({
        model: model(),
        prompt: 'what is the weather?',
        tools: { weather },
        stopWhen: isStepCount(2),
        maxRetries: 0,
        providerOptions: { openai: { store: false } },
      })
      expect(steps[0]?.toolResults).toMatchObject([{ toolName: 'weather', output: 'rain in Oslo' }])
      expect(text).toBe(words(5))
    })
  }

  const providers: Record<string, (settings?: object) => LanguageModel> = {
    '@ai-sdk/openai, default (responses)': (settings) => createOpenAI({ ...options, ...settings })('tale'),
    '@ai-sdk/openai, chat': (settings) => createOpenAI({ ...options, ...settings }).chat('tale'),
    '@ai-sdk/openai, completion': (settings) => createOpenAI({ ...options, ...settings }).completion('tale'),
    '@ai-sdk/openai-compatible': (settings) =>
      createOpenAICompatible({ ...options, name: 'dcml', includeUsage: true, ...settings })('tale'),
  }
  for (const [name, model] of Object.entries(providers)) {
    test(`${name}: whole`, async () => {
      const { text, usage } = await generateText({ model: model(), prompt: 'count 5', maxRetries: 0 })
      expect(text).toContain('w0 w1 w2')
      expect(usage.outputTokens).toBe(5)
    })
    test(`${name}: streamed`, async () => {
      const result = streamText({ model: model(), prompt: 'count 5', maxRetries: 0, onError: () => {} })
      let text = ''
      for await (const piece of result.textStream) text += piece
      expect(text).toBe(words(5))
      expect((await result.usage).outputTokens).toBe(5)
      expect(await result.finishReason).toBe('stop')
    })

    const count = async (n: number): Promise<string> =>
      (await generateText({ model: model(), prompt: `count ${n}`, maxRetries: 0 })).text
    const refused = async (prompt: string, settings: object = {}): Promise<unknown> =>
      generateText({ model: model(settings), prompt, maxRetries: 0 }).catch((error: unknown) => error)
    const saying = (statusCode: number, code: string) => ({
      name: 'AI_APICallError',
      statusCode,
      isRetryable: false,
      data: { error: { code, message: expect.stringMatching(/./), param: null } },
      responseBody: expect.stringContaining('"hint"'),
    })

    test(`${name}: eight at once`, async () => {
      const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => count(i + 1)))
      expect(answers).toEqual(Array.from({ length: 8 }, (_, i) => words(i + 1)))
    })

    test(`${name}: an abort mid-stream ends the stream and nothing else`, async () => {
      const { signal, abort } = abortable()
      const { fullStream } = streamText({ model: model(), prompt: 'count 2000', maxRetries: 0, abortSignal: signal })
      const types: string[] = []
      for await (const part of fullStream) {
        types.push(part.type)
        if (part.type === 'text-delta' && part.text.includes('w10')) abort()
      }
      expect(types.at(-1)).toBe('abort')
      expect(types.filter((type) => type === 'text-delta').length).toBeLessThan(2000)
      await eventually(() => expect(served.runtime.log()).toContain('"outcome":"aborted"'))
      expect(await count(1)).toBe(words(1))
    })

    test(`${name}: faults are told as OpenAI tells them, and the runtime goes on`, async () => {
      expect(await refused('word '.repeat(5000))).toMatchObject(saying(400, 'context_length_exceeded'))
      expect(await count(1)).toBe(words(1))

      const halved: typeof fetch = (url, init) => served.fetch(url, { ...init, body: String(init?.body).slice(0, -9) })
      expect(await refused('hi', { fetch: halved })).toMatchObject(saying(400, 'request_malformed'))
      expect(await count(1)).toBe(words(1))

      expect(await refused('x'.repeat(9 * 1024 * 1024))).toMatchObject(saying(413, 'request_too_large'))
      expect(await count(1)).toBe(words(1))
    })
  }
})
