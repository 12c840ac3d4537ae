// The SDKs that people already use, unchanged over the client's fetch.
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateText, type LanguageModel, streamText } from 'ai'
import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { connect, errorOf } from '../test/connect.ts'
import { type FakeEnclave, json, MODEL_H, startFakeEnclave, WORDS } from '../test/fake-enclave.ts'
import type { Client, ReceiptRecord } from './index.ts'

let fake: FakeEnclave
let client: Client
const TEXT = WORDS.join('')

beforeAll(async () => {
  fake = await startFakeEnclave()
})
beforeEach(() => {
  client = connect(fake, { modelH: MODEL_H })
})
afterEach(() => {
  fake.mischief = {}
  client.close()
})
afterAll(() => fake.close())

const verdicts = async (): Promise<boolean[]> =>
  (await Array.fromAsync<ReceiptRecord>(client.receipts.list())).map(({ verdict }) => verdict.ok)

/** Streams without an end, and says when that has begun and when the client has gone. */
function neverEnding(path = '/v1/chat/completions'): { begun: Promise<void>; gone: Promise<void> } {
  const begun = Promise.withResolvers<void>()
  const gone = Promise.withResolvers<void>()
  const payload =
    path === '/v1/responses'
      ? { type: 'response.output_text.delta', sequence_number: 0, item_id: 'm', delta: 'a', logprobs: [] }
      : {
          id: 'c',
          object: 'chat.completion.chunk',
          created: 1,
          model: 'fake',
          choices: [{ index: 0, delta: { role: 'assistant', content: 'a' }, finish_reason: null }],
        }
  fake.mischief.answer = ({ response }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const timer = setInterval(() => response.write(`data: ${JSON.stringify(payload)}\n\n`), 5)
    response.once('close', () => {
      clearInterval(timer)
      gone.resolve()
    })
    begun.resolve()
    return true
  }
  return { begun: begun.promise, gone: gone.promise }
}

describe('openai', () => {
  const openai = (maxRetries = 0): OpenAI =>
    new OpenAI({ baseURL: `${fake.endpoint}/v1`, apiKey: 'none', fetch: client.fetch, maxRetries })
  const messages = [{ role: 'user' as const, content: 'Is the tide in?' }]
  const request = { model: 'fake', messages }
  const stream = (options?: OpenAI.RequestOptions) =>
    openai().chat.completions.create({ ...request, stream: true, stream_options: { include_usage: true } }, options)

  test('a whole answer', async () => {
    const answer = await openai().chat.completions.create(request)
    expect(answer.choices[0]?.message.content).toBe(TEXT)
    expect(answer).toMatchObject({ dcml: { v: 1, modelH: MODEL_H } })
    expect(await verdicts()).toEqual([true])
  })

  test('a stream', async () => {
    let text = ''
    let last: OpenAI.ChatCompletionChunk | undefined
    for await (const chunk of await stream()) {
      text += chunk.choices[0]?.delta.content ?? ''
      last = chunk
    }
    expect(text).toBe(TEXT)
    expect(last).toMatchObject({ usage: { completion_tokens: 5 }, dcml: { modelH: MODEL_H } })
    expect(await verdicts()).toEqual([true])
  })

  test('responses, whole and streamed', async () => {
    const answer = await openai().responses.create({ model: 'fake', input: 'Is the tide in?' })
    expect(answer.output_text).toBe(TEXT)
    let text = ''
    for await (const event of await openai().responses.create({ model: 'fake', input: '?', stream: true }))
      if (event.type === 'response.output_text.delta') text += event.delta
    expect(text).toBe(TEXT)
    expect(await verdicts()).toEqual([true, true])
  })

  test('models, which are not answers', async () => {
    expect(await Array.fromAsync(await openai().models.list())).toEqual([])
    expect(await verdicts()).toEqual([])
  })

  test('eight at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        openai()
          .chat.completions.create(request)
          .then((a) => a.choices[0]?.message),
      ),
    )
    expect(answers.map((message) => message?.content)).toEqual(Array(8).fill(TEXT))
    expect(await verdicts()).toEqual(Array(8).fill(true))
  })

  test('an abort in the middle reaches the enclave', async () => {
    const { gone } = neverEnding()
    const controller = new AbortController()
    let chunks = 0
    for await (const _ of await stream({ signal: controller.signal })) if (++chunks === 3) controller.abort()
    expect(chunks).toBeGreaterThanOrEqual(3)
    await gone
  })

  test('breaking off reaches the enclave', async () => {
    const { gone } = neverEnding()
    for await (const _ of await stream()) break
    await gone
  })

  test('a refused receipt is an error, streamed or not, and never a quiet end', async () => {
    for (const mischief of [
      { fields: (fields: object) => ({ ...fields, completionTokens: 9 }) as never },
      { field: () => undefined },
    ]) {
      fake.mischief = mischief
      const code = expect.stringMatching(/^receipt_(invalid|missing)$/)
      expect(await errorOf(openai().chat.completions.create(request))).toMatchObject({ code })
      expect(await errorOf(stream().then((chunks) => Array.fromAsync(chunks)))).toMatchObject({ code })
    }
  })

  test('a connection cut in the middle is an error and never a quiet end', async () => {
    fake.mischief.answer = ({ response }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {"choices":[]}\n\n')
      setTimeout(() => response.destroy(), 10)
      return true
    }
    expect(await errorOf(stream().then((chunks) => Array.fromAsync(chunks)))).toMatchObject({ code: 'connection_lost' })
  })

  test('errors of the host come as the SDK knows them, and it retries what can be', async () => {
    let calls = 0
    fake.mischief.answer = ({ response }) => {
      if (++calls === 2) return false
      response.setHeader('retry-after-ms', '1')
      json(response, 503, '{"error":{"message":"loading","code":"model_not_ready"}}')
      return true
    }
    expect((await openai(1).chat.completions.create(request)).choices).toHaveLength(1)
    calls = 2
    expect(await errorOf(openai().chat.completions.create(request))).toMatchObject({
      status: 503,
      code: 'model_not_ready',
    })
  })

  test('a host that is refused says why', async () => {
    client.close()
    client = connect(fake, { modelH: 'ab'.repeat(32) })
    const error = await errorOf(openai().chat.completions.create(request))
    expect(error).toMatchObject({ cause: { code: 'attestation_refused', details: { failed: 'model_h' } } })
  })
})

const providers: [string, string, () => LanguageModel][] = [
  [
    '@ai-sdk/openai-compatible',
    '/v1/chat/completions',
    () =>
      createOpenAICompatible({ name: 'dcml', baseURL: `${fake.endpoint}/v1`, includeUsage: true, fetch: client.fetch })(
        'fake',
      ),
  ],
  [
    '@ai-sdk/openai',
    '/v1/responses',
    () => createOpenAI({ baseURL: `${fake.endpoint}/v1`, apiKey: 'none', fetch: client.fetch })('fake'),
  ],
  [
    '@ai-sdk/openai, chat',
    '/v1/chat/completions',
    () => createOpenAI({ baseURL: `${fake.endpoint}/v1`, apiKey: 'none', fetch: client.fetch }).chat('fake'),
  ],
]

describe.each(providers)('%s', (_, path, model) => {
  const prompt = 'Is the tide in?'

  test('a whole answer', async () => {
    const { text, usage } = await generateText({ model: model(), prompt })
    expect(text).toBe(TEXT)
    expect(usage).toMatchObject({ inputTokens: 3, outputTokens: 5 })
    expect(fake.calls.at(-1)?.path).toBe(path)
    expect(await verdicts()).toEqual([true])
  })

  test('a stream', async () => {
    const result = streamText({ model: model(), prompt })
    expect(await result.text).toBe(TEXT)
    expect(await result.usage).toMatchObject({ inputTokens: 3, outputTokens: 5 })
    expect(await verdicts()).toEqual([true])
  })

  test('a refused receipt is an error, streamed or not', async () => {
    fake.mischief = { fields: (fields) => ({ ...fields, completionTokens: 9 }) }
    const error = await errorOf(generateText({ model: model(), prompt, maxRetries: 0 }))
    expect(codes(error)).toContain('receipt_invalid')
    const result = streamText({ model: model(), prompt, maxRetries: 0, onError: () => {} })
    expect(codes(await errorOf(Array.fromAsync(result.textStream)))).toContain('receipt_invalid')
    expect(codes(await errorOf(Promise.resolve(result.text)))).toContain('receipt_invalid')
  })

  test('an abort in the middle reaches the enclave', async () => {
    const { begun, gone } = neverEnding(path)
    const controller = new AbortController()
    const result = streamText({ model: model(), prompt, abortSignal: controller.signal, onError: () => {} })
    void begun.then(() => controller.abort())
    const parts = await Array.fromAsync(result.fullStream)
    expect(parts.at(-1)?.type).toBe('abort')
    await gone
  })
})

/** Codes along the causes of an error. */
function codes(error: unknown): string[] {
  const { code, cause } = (error ?? {}) as { code?: string; cause?: unknown }
  return [...(code === undefined ? [] : [code]), ...(cause === undefined ? [] : codes(cause))]
}
