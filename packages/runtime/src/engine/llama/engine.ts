import { DcmlError } from '@dcml/protocol'
import type { LlamaContext, LlamaModel, Token } from 'node-llama-cpp'
import type {
  ChatRequest,
  CompletionRequest,
  EmbeddingRequest,
  Engine,
  EngineEvent,
  EngineInfo,
  SamplingOptions,
} from '../engine.ts'
import { engineClosed, engineFailed, unsupported } from '../faults.ts'
import { Embedder } from './embedder.ts'
import { generate } from './generate.ts'
import { GRAMMAR_END, grammarFor } from './grammar.ts'
import type { LlamaLibrary } from './library.ts'
import { PromptReader } from './prompt.ts'
import { freeSampler, grammarSampler, type Sampler } from './sampling.ts'
import { SequencePool, SPARE_SEQUENCES } from './sequences.ts'

/** A weak model that must speak JSON may never close it; this many tokens are enough where nobody set a limit. */
const GRAMMAR_LIMIT = 1024

/** What the loader made, all of it on the CPU. */
interface Loaded {
  readonly library: LlamaLibrary
  readonly model: LlamaModel
  readonly context: LlamaContext
  readonly threads: number
}

/** llama.cpp in this process: one context whose sequences decode together in one batch. */
export class LlamaCppEngine implements Engine {
  readonly info: EngineInfo & { contextLength: number }
  readonly #loaded: Loaded
  readonly #sequences: SequencePool
  readonly #prompts: PromptReader
  readonly #closing = new AbortController()
  readonly #embedder: Embedder

  constructor(loaded: Loaded) {
    const { context, model, threads } = loaded
    const parallel = context.totalSequences - SPARE_SEQUENCES
    this.info = { name: 'llama.cpp', contextLength: context.contextSize, parallel, embeddings: true }
    this.#loaded = loaded
    const sequences = Array.from({ length: context.totalSequences }, () => context.getSequence())
    this.#sequences = new SequencePool(sequences, parallel)
    this.#prompts = new PromptReader(model, context.contextSize)
    this.#embedder = new Embedder(model, { contextSize: context.contextSize, threads })
  }

  chat(request: ChatRequest, { signal }: { signal: AbortSignal }): AsyncIterable<EngineEvent> {
    const readPrompt = () => {
      refuseOtherThanText(request.body)
      return this.#prompts.chat(request.messages)
    }
    return this.#answer(readPrompt, request, signal)
  }

  complete(request: CompletionRequest, { signal }: { signal: AbortSignal }): AsyncIterable<EngineEvent> {
    return this.#answer(() => this.#prompts.text(request.prompt), request, signal)
  }

  async embed(
    request: EmbeddingRequest,
    { signal: caller }: { signal: AbortSignal },
  ): Promise<{ embeddings: number[][]; promptTokens: number }> {
    const signal = AbortSignal.any([caller, this.#closing.signal])
    signal.throwIfAborted()
    try {
      return await this.#embedder.embed(await this.#prompts.embeddings(request.input, signal), signal)
    } catch (error) {
      throw asFault(error, signal)
    }
  }

  async check(): Promise<void> {
    this.#closing.signal.throwIfAborted()
    this.#sequences.broken.throwIfAborted()
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort(engineClosed())
    const { context, model } = this.#loaded
    await this.#embedder.close()
    await context.dispose()
    await model.dispose()
  }

  async *#answer(
    readPrompt: () => Token[],
    request: SamplingOptions & { readonly body: Readonly<Record<string, unknown>> },
    caller: AbortSignal,
  ): AsyncGenerator<EngineEvent> {
    const signal = AbortSignal.any([caller, this.#closing.signal])
    signal.throwIfAborted()
    refuseTools(request.body)
    const { model } = this.#loaded
    const prompt = readPrompt()
    try {
      const { sampler, ...bounds } = await this.#sampler(request)
      const { contextLength } = this.info
      const generation = { model, sequences: this.#sequences, contextLength, sampler }
      yield* generate(generation, prompt, { ...request, ...bounds }, signal)
    } catch (error) {
      throw asFault(error, signal)
    }
  }

  async #sampler(
    request: SamplingOptions & { readonly body: Readonly<Record<string, unknown>> },
  ): Promise<{ sampler: Sampler; maxTokens?: number; stop?: readonly string[] }> {
    const { library, model } = this.#loaded
    const grammar = await grammarFor(library.llama, request.body.response_format)
    if (!grammar) return { sampler: freeSampler(model, request) }
    const state = new library.module.LlamaGrammarEvaluationState({ model, grammar })
    const { maxTokens = GRAMMAR_LIMIT, stop } = request
    return { sampler: grammarSampler(request, state), maxTokens, stop: [...stop, GRAMMAR_END] }
  }
}

/** Whatever broke because of an abort is that abort. */
function asFault(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason
  return DcmlError.isInstance(error) ? error : engineFailed(error)
}

function refuseTools({ tools, tool_choice }: Readonly<Record<string, unknown>>): void {
  if (!Array.isArray(tools) || tools.length === 0 || tool_choice === 'none') return
  throw unsupported('The embedded engine calls no tools.', 'Leave `tools` out, or use an upstream engine.')
}

function refuseOtherThanText({ messages }: Readonly<Record<string, unknown>>): void {
  const contents = ((messages ?? []) as { content?: unknown }[]).flatMap(({ content }) => content)
  const isText = (part: unknown) => typeof part !== 'object' || part === null || 'text' in part
  if (contents.every(isText)) return
  throw new DcmlError('engine_request_invalid', 'The embedded engine reads text only.', {
    hint: 'Leave images, sounds and files out, or use an upstream engine.',
  })
}
