import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { engineCompliance } from '../../testing/engine-compliance.ts'
import { startFakeVllm } from '../../testing/fake-vllm.ts'
import { scriptedLoader } from '../../testing/scripted.ts'
import type { Engine, EngineEvent } from '../engine.ts'
import { openAiUpstreamLoader } from './load.ts'

const { signal } = new AbortController()
const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const tale = Array.from({ length: 40 }, (_, index) => ` wörd${index}`)

async function fakeVllmEngine(): Promise<Engine> {
  const vllm = await startFakeVllm(await scriptedLoader(() => ({ tokens: tale })).load([], { signal }))
  cleanups.push(() => vllm.close())
  return openAiUpstreamLoader({ baseUrl: vllm.baseUrl, parallel: 8 }).load([], { signal })
}

/** An engine whose upstream answers every POST as given. */
async function engineOver(answer: RequestListener): Promise<Engine> {
  const server = createServer((request, response) => {
    if (request.method === 'GET') response.end('{"data":[{"id":"m"}]}')
    else answer(request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  const engine = await openAiUpstreamLoader({ baseUrl }).load([], { signal })
  cleanups.push(async () => {
    await engine.close()
    server.close()
    server.closeAllConnections()
  })
  return engine
}

/** Sends the parts one by one; waits where one is a promise. */
const sse =
  (...parts: (string | Buffer | Promise<void>)[]): RequestListener =>
  async (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (const part of parts) {
      if (part instanceof Promise) await part
      else response.write(part)
      await new Promise((resolve) => setImmediate(resolve))
    }
    response.end()
  }

const chunk = (delta: object, rest: object = {}) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: null, ...rest }] })}\n\n`
const finish = chunk({}, { finish_reason: 'stop' })
const usage = 'data: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}\n\n'
const usageChunk = (completion: number) => usage.replace('3}', `${completion}}`)
const done = 'data: [DONE]\n\n'

async function chat(engine: Engine, body = {}): Promise<EngineEvent[]> {
  const events: EngineEvent[] = []
  const request = { messages: [{ role: 'user' as const, content: 'hi' }], stop: [], body }
  for await (const event of engine.chat(request, { signal })) events.push(event)
  return events
}

describe('upstream engine', () => {
  for (const { name, run } of engineCompliance(fakeVllmEngine)) test(name, run)
})

describe('what is read', () => {
  test('text, reasoning, tool calls and the usage of the last chunk', async () => {
    const call = { index: 0, id: 'c1', function: { name: 'f', arguments: '{}' } }
    const engine = await engineOver(
      sse(
        chunk({ role: 'assistant', content: '' }),
        chunk({ reasoning_content: 'hmm' }),
        chunk({ reasoning: 'well' }),
        chunk({ content: 'Hi' }),
        chunk({ tool_calls: [call] }),
        chunk({}, { finish_reason: 'tool_calls' }),
        usage,
        done,
      ),
    )
    expect(await chat(engine)).toEqual([
      { type: 'delta', reasoning: 'hmm', completionTokens: 1 },
      { type: 'delta', reasoning: 'well', completionTokens: 2 },
      { type: 'delta', text: 'Hi', completionTokens: 3 },
      { type: 'delta', toolCalls: [call], completionTokens: 4 },
      { type: 'end', finishReason: 'tool_calls', promptTokens: 7, completionTokens: 3 },
    ])
  })

  test('any cut of the bytes, comments, carriage returns and what follows [DONE]', async () => {
    const wire = Buffer.from(
      `: ping\r\n\r\n${chunk({ content: 'grüß' })}event: ping\ndata: {"choices":[]}\n\n${chunk({ content: '🙂' })}${finish}${usage}${done}data: junk\n\n`,
    )
    for (let size = 1; size < 40; size += 3) {
      const parts = Array.from({ length: Math.ceil(wire.length / size) }, (_, i) =>
        wire.subarray(i * size, (i + 1) * size),
      )
      const engine = await engineOver(sse(...parts))
      const events = await chat(engine)
      expect(events.map((event) => (event.type === 'delta' ? event.text : event.promptTokens))).toEqual([
        'grüß',
        '🙂',
        7,
      ])
    }
  })

  test('connections are used again', async () => {
    const sockets = new Set()
    const engine = await engineOver((request, response) => {
      sockets.add(request.socket)
      return sse(chunk({ content: 'a' }), finish, usage, done)(request, response)
    })
    for (let i = 0; i < 4; i++) await chat(engine)
    expect(sockets.size).toBeLessThan(4)
  })

  test('without usage, deltas are counted and the end says so', async () => {
    const engine = await engineOver(sse(chunk({ content: 'a' }), chunk({ content: 'b' }), finish, done))
    expect((await chat(engine)).at(-1)).toEqual({
      type: 'end',
      finishReason: 'stop',
      promptTokens: 0,
      completionTokens: 2,
      estimated: true,
    })
  })
})

/** A chunk with what the server counts in it. */
const counted = (delta: object, completion: number, members: object = { usage: usageOf(completion) }) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: null }], ...members })}\n\n`
const usageOf = (completion: number) => ({ prompt_tokens: 7, completion_tokens: completion })
const start = { type: 'start', promptTokens: 7 }
const end = { type: 'end', finishReason: 'stop', promptTokens: 7 }

describe('what is counted', () => {
  test('vLLM: usage in every chunk, from the one that names the role', async () => {
    const role = counted({ role: 'assistant', content: '' }, 0)
    const engine = await engineOver(
      sse(role, counted({ content: 'one' }, 1), counted({ content: ' to five' }, 5), finish, usageChunk(5), done),
    )
    expect(await chat(engine)).toEqual([
      start,
      { type: 'delta', text: 'one', completionTokens: 1 },
      { type: 'delta', text: ' to five', completionTokens: 5 },
      { ...end, completionTokens: 5 },
    ])
  })

  test('SGLang: usage with the text only, which a chunk of tool calls may lack', async () => {
    const call = { index: 0, id: 'c1', function: { name: 'f', arguments: '{}' } }
    const role = chunk({ role: 'assistant', content: '' })
    const engine = await engineOver(
      sse(role, counted({ content: 'one' }, 1), chunk({ tool_calls: [call] }), finish, usageChunk(4), done),
    )
    expect(await chat(engine)).toEqual([
      start,
      { type: 'delta', text: 'one', completionTokens: 1 },
      { type: 'delta', toolCalls: [call], completionTokens: 4 },
      { ...end, completionTokens: 4 },
    ])
  })

  test('llama-server: the prompt before it is read, the completion by timings', async () => {
    const read = Promise.withResolvers<void>()
    const progress = (processed: number) =>
      counted({ role: 'assistant', content: null }, 0, { prompt_progress: { total: 7, cache: 0, processed } })
    const text = counted({ content: 'two' }, 0, { timings: { prompt_n: 7, predicted_n: 2 } })
    const engine = await engineOver(sse(progress(0), read.promise, progress(7), text, finish, usageChunk(2), done))
    const events = engine.chat({ messages: [], stop: [], body: {} }, { signal })[Symbol.asyncIterator]()
    expect((await events.next()).value).toEqual(start)
    read.resolve()
    expect((await events.next()).value).toEqual({ type: 'delta', text: 'two', completionTokens: 2 })
    expect((await events.next()).value).toEqual({ ...end, completionTokens: 2 })
  })

  test('an answer without text starts too', async () => {
    const engine = await engineOver(sse(finish, usageChunk(1), done))
    expect(await chat(engine)).toEqual([start, { ...end, completionTokens: 1 }])
  })

  test('usage that does not come with the text promises nothing', async () => {
    const role = counted({ role: 'assistant', content: '' }, 0)
    const engine = await engineOver(sse(role, chunk({ content: 'a' }), finish, usageChunk(3), done))
    expect(await chat(engine)).toEqual([
      { type: 'delta', text: 'a', completionTokens: 1 },
      { ...end, completionTokens: 3 },
    ])
  })

  test('counts that fall are not followed, text that is never counted fails', async () => {
    const falls = await engineOver(
      sse(counted({ content: 'a' }, 5), counted({ content: 'b' }, 2), finish, usageChunk(3), done),
    )
    expect((await chat(falls)).map((event) => event.type !== 'start' && event.completionTokens)).toEqual([
      false,
      5,
      5,
      5,
    ])
    const silent = await engineOver(sse(counted({ content: 'a' }, 1), chunk({ content: 'b' }), finish, done))
    await expect(chat(silent)).rejects.toMatchObject({ code: 'engine_failed' })
    for (const prompt_tokens of [-1, 1.5, '7']) {
      const engine = await engineOver(sse(counted({ content: 'a' }, 1, { usage: { prompt_tokens } }), finish, done))
      await expect(chat(engine)).rejects.toMatchObject({ code: 'engine_failed' })
    }
  })

  test('no cut, no order of chunks and no missing count lets text out before it is counted', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }), async (counts) => {
        const parts = counts.map((says, index) =>
          says ? counted({ content: 'x' }, index + 1) : chunk({ content: 'x' }),
        )
        const engine = await engineOver(sse(...parts, finish, usageChunk(counts.length), done))
        const events = await chat(engine)
        await engine.close()
        const deltas = events.filter((event) => event.type === 'delta')
        expect(deltas).toHaveLength(counts.length)
        expect(events[0]?.type === 'start').toBe(counts[0])
        for (const [index, delta] of deltas.entries()) expect(delta.completionTokens).toBeGreaterThanOrEqual(index + 1)
        expect(events.at(-1)).toEqual({ ...end, completionTokens: counts.length })
      }),
      { numRuns: 30 },
    )
  })
})

test('prompts leave the machine in the clear only where that is wanted', () => {
  for (const baseUrl of ['http://10.0.0.2:8000/v1', 'http://vllm/v1', 'http://127.0.0.1.evil.example/v1'])
    expect(() => openAiUpstreamLoader({ baseUrl })).toThrow(
      expect.objectContaining({ code: 'engine_options_invalid', hint: expect.stringContaining('allowRemote') }),
    )
  for (const baseUrl of ['http://127.0.0.1:8000/v1', 'http://[::1]:8000/v1', 'http://localhost/v1', 'https://x/v1'])
    expect(openAiUpstreamLoader({ baseUrl }).name).toBe('openai-upstream')
  expect(openAiUpstreamLoader({ baseUrl: 'http://10.0.0.2/v1', allowRemote: true }).name).toBe('openai-upstream')
})

describe('faults', () => {
  const faults: [string, RequestListener, string][] = [
    ['a cut stream', sse(chunk({ content: 'a' })), 'engine_interrupted'],
    [
      'a reset connection',
      (_, response) => void response.writeHead(200).write(chunk({ content: 'a' }), () => response.destroy()),
      'engine_interrupted',
    ],
    ['an engine that gives up', sse(chunk({}, { finish_reason: 'abort' })), 'engine_interrupted'],
    ['an error payload', sse(chunk({ content: 'a' }), 'data: {"error":{"message":"CUDA"}}\n\n', done), 'engine_failed'],
    ['a payload that is no JSON', sse('data: {"cho\n\n'), 'engine_failed'],
    ['a payload of another shape', sse('data: {"choices":"none"}\n\n'), 'engine_failed'],
    ['a hang-up before the answer', (_, response) => void response.destroy(), 'engine_unreachable'],
    ['429', (_, response) => void response.writeHead(429).end(), 'engine_busy'],
    ['404', (_, response) => void response.writeHead(404).end(), 'engine_unsupported'],
    ['401', (_, response) => void response.writeHead(401).end(), 'engine_failed'],
    ['500', (_, response) => void response.writeHead(500).end(), 'engine_failed'],
    [
      'a refusal',
      (_, response) => void response.writeHead(400).end('{"error":{"message":"top_p"}}'),
      'engine_request_invalid',
    ],
    [
      'llama-server on a long prompt',
      (_, response) => void response.writeHead(400).end('{"error":{"type":"exceed_context_size_error"}}'),
      'engine_context_overflow',
    ],
    [
      'SGLang on a long prompt',
      (_, response) =>
        void response
          .writeHead(400)
          .end('{"message":"The input (9 tokens) is longer than the model\'s context length (4 tokens)."}'),
      'engine_context_overflow',
    ],
  ]
  test.each(faults)('%s', async (_, answer, code) => {
    const engine = await engineOver(answer)
    await expect(chat(engine)).rejects.toMatchObject({ code, hint: expect.stringMatching(/./) })
  })

  test('no text of the upstream reaches an error, since it may quote the request', async () => {
    const engine = await engineOver((_, response) => void response.writeHead(400).end('{"error":"SECRET prompt"}'))
    const error = await chat(engine).catch((error: unknown) => error)
    expect(JSON.stringify(error)).not.toContain('SECRET')
    expect(String(error)).not.toContain('SECRET')
  })

  test('nobody listens, or not for this model: loading fails', async () => {
    await expect(openAiUpstreamLoader({ baseUrl: 'http://127.0.0.1:1/v1' }).load([], { signal })).rejects.toMatchObject(
      {
        code: 'engine_unreachable',
        retryable: true,
      },
    )
    const vllm = await startFakeVllm(await scriptedLoader(() => ({ tokens: [] })).load([], { signal }))
    cleanups.push(() => vllm.close())
    const loader = openAiUpstreamLoader({ baseUrl: vllm.baseUrl, model: 'another' })
    await expect(loader.load([], { signal })).rejects.toMatchObject({ code: 'engine_unsupported' })
  })

  test('closing ends what waits for its first byte, and what waits for more', async () => {
    for (const answer of [
      () => {},
      (response: ServerResponse) => response.writeHead(200).write(chunk({ content: 'a' })),
    ]) {
      const asked = Promise.withResolvers<void>()
      const engine = await engineOver((_, response) => {
        answer(response)
        asked.resolve()
      })
      const answered = chat(engine)
      answered.catch(() => {})
      await asked.promise
      await engine.close()
      await expect(answered).rejects.toMatchObject({ code: 'engine_closed' })
    }
  })

  test('an abort hangs up on the upstream', async () => {
    const hungUp = Promise.withResolvers<void>()
    const engine = await engineOver((_, response) => {
      response.on('close', hungUp.resolve)
      response.writeHead(200).write(chunk({ content: 'a' }))
    })
    const controller = new AbortController()
    const request = { messages: [], stop: [], body: {} }
    await expect(async () => {
      for await (const _ of engine.chat(request, { signal: controller.signal })) controller.abort(new Error('enough'))
    }).rejects.toThrow('enough')
    await hungUp.promise
  })
})
