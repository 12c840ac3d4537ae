import { DcmlError } from '@dcml/protocol'
import type { Llama, LlamaContext, LlamaEmbeddingContext, LlamaModel, Token } from 'node-llama-cpp'
import type {
  ChatRequest,
  CompletionRequest,
  EmbeddingRequest,
  Engine,
  EngineEvent,
  EngineInfo,
  SamplingOptions,
} from '../engine.ts'
import { contextOverflow, engineClosed, engineFailed, unsupported } from '../faults.ts'
import { generate } from './generate.ts'
import { grammarFor } from './grammar.ts'
import { freeSampler, grammarSampler, type Sampler } from './sampling.ts'
import { SequencePool } from './sequences.ts'
import { ChatTemplate } from './template.ts'

/** A weak model that must speak JSON may never close it; this many tokens are enough where nobody set a limit. */
const GRAMMAR_LIMIT = 1024

type Library = typeof import('node-llama-cpp')

/** What the loader made, all of it on the CPU. */
export interface Loaded {
  readonly library: Library
  readonly llama: Llama
  readonly model: LlamaModel
  readonly context: LlamaContext
  readonly threads: number
}

/** llama.cpp in this process: one context whose sequences decode together in one batch. */
export class LlamaCppEngine implements Engine {
  readonly info: EngineInfo & { contextLength: number }
  readonly #loaded: Loaded
  readonly #sequences: SequencePool
  readonly #template: ChatTemplate
  readonly #closing = new AbortController()
  #embedder: Promise<LlamaEmbeddingContext> | undefined

  constructor(loaded: Loaded) {
    const { context, model } = loaded
    const parallel = context.totalSequences
    this.info = { name: 'llama.cpp', contextLength: context.contextSize, parallel, embeddings: true }
    this.#loaded = loaded
    this.#sequences = new SequencePool(Array.from({ length: parallel }, () => context.getSequence()))
    this.#template = new ChatTemplate(model)
  }

  chat(request: ChatRequest, { signal }: { signal: AbortSignal }): AsyncIterable<EngineEvent> {
    return this.#answer(() => this.#template.tokenize(request.messages), request, signal)
  }

  complete(request: CompletionRequest, { signal }: { signal: AbortSignal }): AsyncIterable<EngineEvent> {
    return this.#answer(() => this.#loaded.model.tokenize(request.prompt, true), request, signal)
  }

  async embed(
    request: EmbeddingRequest,
    { signal }: { signal: AbortSignal },
  ): Promise<{ embeddings: number[][]; promptTokens: number }> {
    const stop = AbortSignal.any([signal, this.#closing.signal])
    stop.throwIfAborted()
    const { model, threads } = this.#loaded
    const { contextLength } = this.info
    this.#embedder ??= model.createEmbeddingContext({ contextSize: contextLength, threads })
    const embedder = await this.#embedder
    const inputs = request.input.map((text) => model.tokenize(text))
    const lengths = inputs.map((tokens) => embedder.calculateInputLength(tokens))
    const longest = Math.max(...lengths)
    if (longest >= contextLength) throw contextOverflow(longest, contextLength)
    const embeddings: number[][] = []
    for (const tokens of inputs) {
      stop.throwIfAborted()
      const { vector } = await embedder.getEmbeddingFor(tokens)
      embeddings.push([...vector])
    }
    return { embeddings, promptTokens: lengths.reduce((sum, length) => sum + length, 0) }
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    this.#closing.abort(engineClosed())
    const { context, model, llama } = this.#loaded
    await (await this.#embedder)?.dispose()
    await context.dispose()
    await model.dispose()
    await llama.dispose()
  }

  async *#answer(
    tokenize: () => Token[],
    request: SamplingOptions & { readonly body: Readonly<Record<string, unknown>> },
    caller: AbortSignal,
  ): AsyncGenerator<EngineEvent> {
    const signal = AbortSignal.any([caller, this.#closing.signal])
    signal.throwIfAborted()
    refuseTools(request.body)
    const { model } = this.#loaded
    const prompt = beginning(model, tokenize())
    try {
      const { sampler, limit } = await this.#sampler(request)
      const { contextLength } = this.info
      const generation = { model, sequences: this.#sequences, contextLength, sampler }
      yield* generate(generation, prompt, { ...request, ...(limit !== undefined && { maxTokens: limit }) }, signal)
    } catch (error) {
      if (signal.aborted) throw signal.reason
      throw DcmlError.isInstance(error) ? error : engineFailed(error)
    }
  }

  async #sampler(
    request: SamplingOptions & { readonly body: Readonly<Record<string, unknown>> },
  ): Promise<{ sampler: Sampler; limit?: number }> {
    const { library, llama, model } = this.#loaded
    const grammar = await grammarFor(llama, request.body.response_format)
    if (!grammar) return { sampler: freeSampler(model, request) }
    const state = new library.LlamaGrammarEvaluationState({ model, grammar })
    return { sampler: grammarSampler(request, state), limit: request.maxTokens ?? GRAMMAR_LIMIT }
  }
}

/** Adds the token that texts of this model begin with, unless its template has written it already. */
function beginning(model: LlamaModel, tokens: Token[]): Token[] {
  const { bos, shouldPrependBosToken } = model.tokens
  if (bos !== null && tokens[0] !== bos && (shouldPrependBosToken || tokens.length === 0)) return [bos, ...tokens]
  if (tokens.length > 0) return tokens
  throw new DcmlError('engine_request_invalid', 'The prompt is empty.', { hint: 'Send at least one character.' })
}

function refuseTools({ tools, tool_choice }: Readonly<Record<string, unknown>>): void {
  if (!Array.isArray(tools) || tools.length === 0 || tool_choice === 'none') return
  throw unsupported('The embedded engine calls no tools.', 'Leave `tools` out, or use an upstream engine.')
}
