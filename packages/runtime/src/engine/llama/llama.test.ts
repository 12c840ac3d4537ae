import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomModel } from '@dcml/training'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engineCompliance } from '../../testing/engine-compliance.ts'
import type { CompletionRequest, Engine, EngineEvent, ModelFile } from '../engine.ts'
import { llamaCppLoader } from './load.ts'

const { signal } = new AbortController()
const CONTEXT = 512

let folder: string
let model: ModelFile
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dcml-llama-'))
  model = await modelOf(Buffer.concat([...randomModel({ dim: 64, layers: 2, heads: 4, ff: 128, vocab: 260, seed: 3 })]))
})
afterAll(() => rm(folder, { recursive: true }))

async function modelOf(content: Uint8Array, name = 'model.gguf'): Promise<ModelFile> {
  const path = join(folder, name)
  await writeFile(path, content)
  return { name, path, size: content.length }
}

const load = (parallel = 4) => llamaCppLoader({ parallel, contextLength: CONTEXT }).load([model], { signal })

interface Answer {
  readonly text: string
  readonly end: Extract<EngineEvent, { type: 'end' }>
}

const requestOf = (options: Partial<CompletionRequest>): CompletionRequest => ({
  prompt: 'Once upon a time',
  stop: [],
  body: {},
  ...options,
})

async function complete(engine: Engine, options: Partial<CompletionRequest> = {}): Promise<Answer> {
  let text = ''
  for await (const event of engine.complete(requestOf(options), { signal })) {
    if (event.type === 'end') return { text, end: event }
    if (event.type === 'delta') text += event.text ?? ''
  }
  throw new Error('the stream has no end')
}

describe('llama.cpp', () => {
  for (const { name, run } of engineCompliance(() => load())) test(name, run)
})

describe('one engine', () => {
  let engine: Engine
  beforeAll(async () => {
    engine = await load(8)
  })
  afterAll(() => engine.close())

  test('newcomers are answered while seven streams are busy', async () => {
    let ended = 0
    const started = Array.from({ length: 7 }, () => Promise.withResolvers<void>())
    const busy = started.map(async ({ resolve }, index) => {
      const request = requestOf({ seed: index, maxTokens: 400, ignoreEos: true })
      for await (const event of engine.complete(request, { signal })) if (event.type === 'delta') resolve()
      ended++
    })
    await Promise.all(started.map(({ promise }) => promise))
    // The later ones get the sequences of the first, which must have been cleared while the others were busy.
    for (const seed of [1, 2, 3, 4]) await complete(engine, { seed, maxTokens: 4, ignoreEos: true })
    expect(ended).toBe(0)
    await Promise.all(busy)
  })

  test('a seed gives the same text alone, beside seven others, and with log probabilities', async () => {
    const seeded = { seed: 42, temperature: 1.2, maxTokens: 40, ignoreEos: true }
    const alone = await complete(engine, seeded)
    const others = Array.from({ length: 6 }, (_, seed) =>
      complete(engine, { ...seeded, seed, prompt: 'x'.repeat(seed * 40 + 1) }),
    )
    const [beside, watched] = await Promise.all([
      complete(engine, seeded),
      complete(engine, { ...seeded, topLogprobs: 3 }),
      ...others,
    ])
    expect(beside.text).toBe(alone.text)
    expect(watched.text).toBe(alone.text)
    expect((await complete(engine, { ...seeded, seed: 43 })).text).not.toBe(alone.text)
    expect((await complete(engine, { ...seeded, temperature: 0 })).text).not.toBe(alone.text)
  })

  test('log probabilities are those of the whole vocabulary, before temperature', async () => {
    for (const temperature of [0, 2]) {
      const request = requestOf({ temperature, seed: 5, maxTokens: 1, ignoreEos: true, topLogprobs: 260 })
      for await (const event of engine.complete(request, { signal })) {
        if (event.type !== 'delta' || !event.logprobs) continue
        const { top_logprobs, logprob } = event.logprobs[0]!
        expect(top_logprobs).toHaveLength(260)
        expect(top_logprobs.reduce((sum, entry) => sum + Math.exp(entry.logprob), 0)).toBeCloseTo(1, 3)
        expect(top_logprobs.map((entry) => entry.logprob)).toContain(logprob)
        if (temperature === 0) expect(logprob).toBe(top_logprobs[0]!.logprob)
      }
    }
  })

  test('an answer that fills the context ends with `length`, and one token more of prompt is too much', async () => {
    const prompt = 'x'.repeat(CONTEXT - 3)
    const { end } = await complete(engine, { prompt, ignoreEos: true })
    expect(end).toEqual({ type: 'end', finishReason: 'length', promptTokens: CONTEXT - 3, completionTokens: 3 })
    expect((await complete(engine, { prompt: `${prompt}xx` })).end.completionTokens).toBe(1)
    await expect(complete(engine, { prompt: `${prompt}xxx` })).rejects.toMatchObject({
      code: 'engine_context_overflow',
      details: { promptTokens: CONTEXT, contextLength: CONTEXT },
    })
  })

  test('an end token ends the answer, unless it is to be ignored', async () => {
    const wild = { temperature: 50, seed: 7 }
    const { end } = await complete(engine, wild)
    expect(end.finishReason).toBe('stop')
    const more = await complete(engine, { ...wild, maxTokens: end.completionTokens + 5, ignoreEos: true })
    expect(more.end).toMatchObject({ finishReason: 'length', completionTokens: end.completionTokens + 5 })
  })

  test('an abort while the prompt is read ends the call', async () => {
    const controller = new AbortController()
    const request = requestOf({ prompt: 'x'.repeat(CONTEXT - 2) })
    const events = engine.complete(request, { signal: controller.signal })[Symbol.asyncIterator]()
    expect((await events.next()).value).toEqual({ type: 'start', promptTokens: CONTEXT - 2 })
    const first = events.next()
    setImmediate(() => controller.abort(new Error('enough')))
    await expect(first).rejects.toThrow('enough')
  })

  test('a prompt is counted before a place is free to read it', async () => {
    const reader = { signal: new AbortController().signal }
    const busy = Array.from({ length: engine.info.parallel }, () =>
      engine.complete(requestOf({ ignoreEos: true }), reader)[Symbol.asyncIterator](),
    )
    for (const events of busy) {
      await events.next()
      await events.next()
    }
    const refused = engine.complete(requestOf({ prompt: 'x'.repeat(9) }), reader)[Symbol.asyncIterator]()
    expect((await refused.next()).value).toEqual({ type: 'start', promptTokens: 9 })
    await refused.return?.()
    for (const events of busy) await events.return?.()
  })

  test('a JSON schema is obeyed', async () => {
    const schema = {
      type: 'object',
      properties: { mood: { enum: ['good', 'bad'] }, sure: { type: 'boolean' } },
      required: ['mood', 'sure'],
    }
    const response_format = { type: 'json_schema', json_schema: { name: 'answer', schema } }
    const { text, end } = await complete(engine, { body: { response_format }, temperature: 0, seed: 1 })
    expect(end.finishReason).toBe('stop')
    expect(JSON.parse(text)).toEqual({ mood: expect.stringMatching(/good|bad/), sure: expect.any(Boolean) })
  })

  test.each([
    { tools: [{ type: 'function', function: { name: 'f' } }] },
    { response_format: { type: 'xml' } },
    { response_format: { type: 'json_schema', json_schema: { schema: { type: 'nonsense' } } } },
    { response_format: { type: 'json_schema', json_schema: { schema: { type: 'string', pattern: '^a' } } } },
    { response_format: { type: 'json_schema', json_schema: { schema: { type: 'array', minItems: 1e9 } } } },
  ])('%j is refused, not ignored', async (body) => {
    await expect(complete(engine, { body })).rejects.toMatchObject({ code: 'engine_unsupported' })
  })

  test('what is not text is refused, not ignored', async () => {
    const messages = [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:,' } }] }]
    const request = { messages: [{ role: 'user' as const, content: '' }], stop: [], body: { messages } }
    await expect(engine.chat(request, { signal })[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'engine_request_invalid',
    })
  })

  test('a schema deeper than the stack is refused', async () => {
    let schema: object = { type: 'string' }
    for (let level = 0; level < 20_000; level++) schema = { type: 'array', items: schema }
    const body = { response_format: { type: 'json_schema', json_schema: { schema } } }
    await expect(complete(engine, { body })).rejects.toMatchObject({ code: 'engine_request_invalid' })
  })

  test('an empty prompt begins with the model’s first token', async () => {
    expect((await complete(engine, { prompt: '', maxTokens: 1 })).end.promptTokens).toBe(1)
  })
})

describe('loading', () => {
  const loading = (...files: ModelFile[]) => llamaCppLoader().load(files, { signal })

  test('what is no GGUF never reaches the parser', async () => {
    for (const content of ['', 'GGU', 'GGUF\u0001\0\0\0', 'PK\u0003\u0004 something else']) {
      const file = await modelOf(Buffer.from(content), 'no.gguf')
      await expect(loading(file)).rejects.toMatchObject({ code: 'model_not_gguf' })
    }
    await expect(loading()).rejects.toMatchObject({ code: 'model_not_gguf' })
  })

  test('a GGUF that ends early, or lies about itself, is refused', async () => {
    const whole = Buffer.concat([...randomModel({ dim: 64, layers: 2, heads: 4, ff: 128, vocab: 260, seed: 3 })])
    for (const content of [whole.subarray(0, 8), whole.subarray(0, 2000), whole.subarray(0, whole.length - 40_000)]) {
      const file = await modelOf(content, 'half.gguf')
      await expect(loading(file)).rejects.toMatchObject({ code: 'model_load_failed' })
    }
  })

  test('a split model is refused with the way to merge it', async () => {
    await expect(loading(model, { ...model, name: 'b.gguf' })).rejects.toMatchObject({ code: 'engine_unsupported' })
  })

  test('conversations that need more memory than there is are refused', async () => {
    const loader = llamaCppLoader({ parallel: 255, contextLength: 2 ** 22 })
    await expect(loader.load([model], { signal })).rejects.toMatchObject({ code: 'model_too_large' })
  })

  test('what is logged are facts about model and threads', async () => {
    const lines: [object, string][] = []
    const log = {
      info: (...line: [object, string]) => lines.push(line),
      warn: (...line: [object, string]) => lines.push(line),
    }
    const engine = await llamaCppLoader({ parallel: 2, contextLength: CONTEXT }).load([model], { signal, log })
    await complete(engine, { prompt: 'SECRET', maxTokens: 3 })
    await engine.close()
    const facts = { parameters: expect.any(Number), threads: 1, parallel: 2, contextLength: CONTEXT }
    expect(lines).toEqual([[facts, 'model loaded by llama.cpp']])
  })
})
