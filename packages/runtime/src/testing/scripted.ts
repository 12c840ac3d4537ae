import { DeltaWriter } from '../engine/deltas.ts'
import type {
  ChatRequest,
  CompletionRequest,
  EmbeddingRequest,
  Engine,
  EngineEvent,
  EngineInfo,
  EngineLoader,
  FinishReason,
  TokenLogprob,
} from '../engine/engine.ts'
import { contextOverflow, engineClosed } from '../engine/faults.ts'

/** What a scripted engine answers to one request. */
export interface ScriptedReply {
  /**
   * The tokens, in order. An async iterable lets a test hold a stream open or break it: what it throws, the engine
   * throws.
   */
  readonly tokens: Iterable<string> | AsyncIterable<string>
  /** Sent as OpenAI's `delta.tool_calls` before the text. */
  readonly toolCalls?: readonly unknown[]
  /** Default `stop`, or `tool_calls` where there are some. */
  readonly finishReason?: FinishReason
}

/** Chooses the reply; `prompt` is the completion's prompt or the chat as `role: content` lines. */
export type Script = (prompt: string, request: ChatRequest | CompletionRequest) => ScriptedReply

const EMBEDDING_SIZE = 8

/**
 * A deterministic engine without native code. A prompt counts one token per word; sampling options other than
 * `maxTokens`, `stop` and `topLogprobs` change nothing.
 */
export function scriptedLoader(
  script: Script,
  options: { contextLength?: number; parallel?: number } = {},
): EngineLoader {
  const info = {
    name: 'scripted',
    contextLength: options.contextLength ?? 4096,
    parallel: options.parallel ?? 8,
    embeddings: true,
  }
  return { name: info.name, load: async () => new ScriptedEngine(script, info) }
}

class ScriptedEngine implements Engine {
  readonly info: EngineInfo & { contextLength: number }
  readonly #script: Script
  readonly #closing = new AbortController()

  constructor(script: Script, info: EngineInfo & { contextLength: number }) {
    this.#script = script
    this.info = info
  }

  chat(request: ChatRequest, { signal }: { signal: AbortSignal }): AsyncIterable<EngineEvent> {
    const prompt = request.messages.map(({ role, content }) => `${role}: ${content}`).join('\n')
    return this.#generate(prompt, request, signal)
  }

  complete(request: CompletionRequest, { signal }: { signal: AbortSignal }): AsyncIterable<EngineEvent> {
    return this.#generate(request.prompt, request, signal)
  }

  async embed(
    request: EmbeddingRequest,
    { signal }: { signal: AbortSignal },
  ): Promise<{ embeddings: number[][]; promptTokens: number }> {
    AbortSignal.any([signal, this.#closing.signal]).throwIfAborted()
    const promptTokens = request.input.reduce((sum, text) => sum + this.#countPrompt(text), 0)
    return { embeddings: request.input.map(vectorOf), promptTokens }
  }

  async check(): Promise<void> {
    this.#closing.signal.throwIfAborted()
  }

  async close(): Promise<void> {
    this.#closing.abort(engineClosed())
  }

  async *#generate(
    prompt: string,
    request: ChatRequest | CompletionRequest,
    caller: AbortSignal,
  ): AsyncGenerator<EngineEvent> {
    const signal = AbortSignal.any([caller, this.#closing.signal])
    signal.throwIfAborted()
    const promptTokens = this.#countPrompt(prompt)
    yield { type: 'start', promptTokens }
    const room = this.info.contextLength - promptTokens
    const limit = Math.min(request.maxTokens ?? room, room)
    const reply = this.#script(prompt, request)
    const writer = new DeltaWriter(request.stop)
    let finishReason = reply.finishReason ?? (reply.toolCalls ? 'tool_calls' : 'stop')
    let completionTokens = 0
    if (reply.toolCalls) yield { type: 'delta', toolCalls: reply.toolCalls, completionTokens }
    for await (const token of untilAborted(reply.tokens, signal)) {
      completionTokens++
      const logprob = request.topLogprobs === undefined ? undefined : certain(token, request.topLogprobs)
      const delta = writer.push(token, completionTokens, logprob)
      if (delta) yield delta
      if (writer.stopped) break
      if (completionTokens === limit) {
        finishReason = 'length'
        break
      }
    }
    const rest = writer.flush(completionTokens)
    if (rest) yield rest
    yield { type: 'end', finishReason: writer.stopped ? 'stop' : finishReason, promptTokens, completionTokens }
  }

  #countPrompt(text: string): number {
    const count = text.split(/\s+/).filter(Boolean).length
    if (count >= this.info.contextLength) throw contextOverflow(count, this.info.contextLength)
    return count
  }
}

/** Yields until the signal fires, even while the source keeps us waiting. */
async function* untilAborted(tokens: Iterable<string> | AsyncIterable<string>, signal: AbortSignal) {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  aborted.catch(() => {})
  const onAbort = () => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  const iterator = Symbol.asyncIterator in tokens ? tokens[Symbol.asyncIterator]() : tokens[Symbol.iterator]()
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), aborted])
      signal.throwIfAborted()
      if (next.done) return
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    // Not awaited: a source that is waiting for something would keep us waiting too.
    void Promise.resolve(iterator.return?.()).catch(() => {})
  }
}

function certain(token: string, alternatives: number): TokenLogprob {
  const itself = { token, logprob: 0, bytes: [...new TextEncoder().encode(token)] }
  return { ...itself, top_logprobs: alternatives > 0 ? [itself] : [] }
}

function vectorOf(text: string): number[] {
  const vector = new Array<number>(EMBEDDING_SIZE).fill(0)
  for (const [index, code] of [...new TextEncoder().encode(text)].entries()) vector[index % EMBEDDING_SIZE]! += code
  const length = Math.hypot(...vector) || 1
  return vector.map((value) => value / length)
}
