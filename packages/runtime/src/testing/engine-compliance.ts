import assert from 'node:assert/strict'
import { DcmlError } from '@dcml/protocol'
import type { ChatRequest, CompletionRequest, Engine, EngineEvent } from '../engine/engine.ts'

/** One rule that every implementation keeps; `run` rejects where it is broken. */
export interface ComplianceCase {
  readonly name: string
  run(): Promise<void>
}

type End = Extract<EngineEvent, { type: 'end' }>
interface Answer {
  /** Tokens of the prompt as the start says, where there was one. */
  readonly started: number | undefined
  readonly text: string
  readonly deltas: readonly Extract<EngineEvent, { type: 'delta' }>[]
  readonly end: End
}

const never = new AbortController().signal
const ask = {
  messages: [{ role: 'user' as const, content: 'Say something long.' }],
  stop: [],
  temperature: 0,
  body: {},
}

/** Runs a call to its end and checks the shape of what it yields. */
async function collect(events: AsyncIterable<EngineEvent>): Promise<Answer> {
  const deltas: Answer['deltas'][number][] = []
  let started: number | undefined
  let end: End | undefined
  let count = 0
  let shown = 0
  for await (const event of events) {
    assert.equal(end, undefined, 'nothing follows the end')
    if (event.type === 'start') {
      assert.ok(started === undefined && deltas.length === 0, 'the start comes first and once')
      started = event.promptTokens
    } else if (event.type === 'end') end = event
    else {
      assert.ok(event.completionTokens >= count, 'the count of tokens never falls')
      count = event.completionTokens
      shown += event.logprobs?.length ?? 0
      if (started !== undefined) assert.ok(shown <= count, 'no token is shown before it is counted')
      deltas.push(event)
    }
  }
  assert.ok(end, 'the last event is the end')
  assert.ok(end.completionTokens >= count, 'no delta counts more than the end')
  if (started !== undefined) {
    assert.equal(started, end.promptTokens, 'the end counts the prompt as the start did')
    assert.equal(end.estimated, undefined, 'what was started exactly ends exactly')
  }
  return { started, text: deltas.map(({ text }) => text ?? '').join(''), deltas, end }
}

const chat = (engine: Engine, options: Partial<ChatRequest> = {}, signal = never) =>
  collect(engine.chat({ ...ask, maxTokens: 24, ...options }, { signal }))

const complete = (engine: Engine, options: Partial<CompletionRequest> = {}) =>
  collect(
    engine.complete(
      { prompt: 'Once upon', stop: [], temperature: 0, maxTokens: 24, body: {}, ...options },
      { signal: never },
    ),
  )

const rejectsWith = (code: string, call: Promise<unknown>) =>
  assert.rejects(call, (error) => DcmlError.isInstance(error) && error.code === code && error.hint !== '')

/** Reads until the engine is at work on the answer. */
async function firstDelta(events: AsyncIterator<EngineEvent>): Promise<void> {
  for (let next = await events.next(); !next.done; next = await events.next()) if (next.value.type === 'delta') return
}

/**
 * The rules of {@link Engine}, for any test runner:
 * `for (const { name, run } of engineCompliance(make)) test(name, run)`.
 *
 * `makeEngine` gives a fresh engine whose answer to any prompt has at least 24 tokens, is the same whenever
 * temperature is 0, and whose context holds fewer than 100,000 words. `metered: false` is for an engine that cannot
 * count before it sends, and never yields a start: it serves free models only.
 */
export function engineCompliance(
  makeEngine: () => Promise<Engine>,
  { metered = true }: { metered?: boolean } = {},
): readonly ComplianceCase[] {
  const rule = (name: string, check: (engine: Engine) => Promise<void>): ComplianceCase => ({
    name,
    async run() {
      const engine = await makeEngine()
      try {
        await check(engine)
      } finally {
        await engine.close()
      }
    },
  })
  return [
    rule('a chat yields text, then exactly one end with the counts', async (engine) => {
      const { text, end } = await chat(engine)
      assert.ok(text.length > 0)
      assert.ok(end.promptTokens > 0)
      assert.ok(end.completionTokens > 0)
    }),
    rule('a completion yields text, then exactly one end with the counts', async (engine) => {
      const { text, end } = await complete(engine)
      assert.ok(text.length > 0)
      assert.ok(end.promptTokens > 0)
    }),
    rule('a start says what the prompt counts, if the engine is metered', async (engine) => {
      for (const { started, end } of [await chat(engine), await complete(engine)]) {
        assert.equal(started, metered ? end.promptTokens : undefined)
      }
    }),
    rule('maxTokens ends an answer with `length`', async (engine) => {
      const { end } = await chat(engine, { maxTokens: 5 })
      assert.equal(end.finishReason, 'length')
      assert.equal(end.completionTokens, 5)
    }),
    rule('text stays before a stop string, of which no part is sent', async (engine) => {
      const { text } = await chat(engine)
      const stop = text.slice(Math.floor(text.length / 2)).slice(0, 3)
      const stopped = await chat(engine, { stop: [stop, 'a string that never comes'] })
      assert.equal(stopped.text, text.slice(0, text.indexOf(stop)))
      assert.equal(stopped.end.finishReason, 'stop')
    }),
    rule('the same request at temperature 0 gives the same text, alone and beside others', async (engine) => {
      const alone = await chat(engine)
      const beside = await Promise.all([chat(engine), complete(engine), chat(engine, { maxTokens: 9 }), chat(engine)])
      assert.equal(beside[0].text, alone.text)
      assert.equal(beside[3].text, alone.text)
    }),
    rule('more requests than `parallel` are all answered', async (engine) => {
      const answers = await Promise.all(
        Array.from({ length: Math.min(engine.info.parallel, 16) + 3 }, () => chat(engine)),
      )
      for (const { end } of answers) assert.equal(end.completionTokens, answers[0]?.end.completionTokens)
    }),
    rule('a call whose signal has fired throws the reason', async (engine) => {
      const reason = new Error('changed my mind')
      await assert.rejects(chat(engine, {}, AbortSignal.abort(reason)), reason)
    }),
    rule('an abort ends a stream with its reason and frees its place', async (engine) => {
      for (let i = 0; i < Math.min(engine.info.parallel, 16) + 1; i++) {
        const controller = new AbortController()
        const reason = new Error('changed my mind')
        let deltas = 0
        await assert.rejects(async () => {
          for await (const event of engine.chat({ ...ask, maxTokens: 24 }, { signal: controller.signal })) {
            if (event.type === 'delta' && ++deltas === 2) controller.abort(reason)
          }
        }, reason)
        assert.equal(deltas, 2)
      }
      await chat(engine)
    }),
    rule('a reader that leaves frees its place', async (engine) => {
      for (let i = 0; i < Math.min(engine.info.parallel, 16) + 1; i++) {
        for await (const _ of engine.chat({ ...ask, maxTokens: 24 }, { signal: never })) break
        const events = engine.chat({ ...ask, maxTokens: 24 }, { signal: never })[Symbol.asyncIterator]()
        await firstDelta(events)
        await events.return?.()
      }
      await chat(engine)
    }),
    rule('a prompt beyond the context is refused, and the next request is answered', async (engine) => {
      const content = 'word '.repeat(100_000)
      await rejectsWith('engine_context_overflow', chat(engine, { messages: [{ role: 'user', content }] }))
      await rejectsWith('engine_context_overflow', complete(engine, { prompt: content }))
      await chat(engine)
    }),
    rule('log probabilities come one per token, with as many alternatives as wanted', async (engine) => {
      for (const { deltas, end } of [
        await chat(engine, { topLogprobs: 2 }),
        await complete(engine, { topLogprobs: 2 }),
      ]) {
        const logprobs = deltas.flatMap((delta) => delta.logprobs ?? [])
        assert.equal(logprobs.length, end.completionTokens)
        for (const { logprob, top_logprobs } of logprobs) {
          assert.ok(logprob <= 0)
          assert.ok(top_logprobs.length <= 2)
        }
      }
    }),
    rule('embeddings are vectors of one length, or refused as unsupported', async (engine) => {
      const call = engine.embed({ input: ['one', 'two words'], body: {} }, { signal: never })
      if (!engine.info.embeddings) return rejectsWith('engine_unsupported', call)
      const { embeddings, promptTokens } = await call
      assert.equal(embeddings.length, 2)
      assert.ok(embeddings.flat().every(Number.isFinite))
      assert.equal(embeddings[0]?.length, embeddings[1]?.length)
      assert.ok(promptTokens > 0)
    }),
    rule('a check passes while every place is taken, and fails once the engine is closed', async (engine) => {
      const busy = Array.from({ length: Math.min(engine.info.parallel, 16) }, () =>
        engine.chat({ ...ask, maxTokens: 24 }, { signal: never })[Symbol.asyncIterator](),
      )
      for (const events of busy) await firstDelta(events)
      await engine.check({ signal: never })
      for (const events of busy) await events.return?.()
      await engine.close()
      await rejectsWith('engine_closed', engine.check({ signal: never }))
    }),
    rule('closing ends running calls, refuses later ones and may be repeated', async (engine) => {
      const events = engine.chat({ ...ask, maxTokens: 24 }, { signal: never })[Symbol.asyncIterator]()
      await firstDelta(events)
      const [rest] = await Promise.allSettled([collect({ [Symbol.asyncIterator]: () => events }), engine.close()])
      assert.ok(
        rest.status === 'fulfilled' || (DcmlError.isInstance(rest.reason) && rest.reason.code === 'engine_closed'),
      )
      await engine.close()
      await rejectsWith('engine_closed', chat(engine))
    }),
  ]
}
