/** Sampling options every engine understands; absent means the engine's default. */
export interface SamplingOptions {
  readonly maxTokens?: number
  /** 0 is greedy. */
  readonly temperature?: number
  readonly topP?: number
  readonly seed?: number
  readonly stop: readonly string[]
  /** Number of alternatives wanted per token, where the caller asked for logprobs. */
  readonly topLogprobs?: number
  /** Keep generating past the end-of-text token, up to `maxTokens` (benchmarks). */
  readonly ignoreEos?: boolean
}

/** A message with its content flattened to text. */
export interface ChatMessage {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool'
  readonly content: string
}

/** A chat request after the API's schema. */
export interface ChatRequest extends SamplingOptions {
  readonly messages: readonly ChatMessage[]
  /** The validated OpenAI body, for engines that speak OpenAI themselves (tools, response_format, images). */
  readonly body: Readonly<Record<string, unknown>>
}

/** A plain completion request after the API's schema. */
export interface CompletionRequest extends SamplingOptions {
  readonly prompt: string
  readonly body: Readonly<Record<string, unknown>>
}

export interface EmbeddingRequest {
  readonly input: readonly string[]
  readonly body: Readonly<Record<string, unknown>>
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter'

/** One token's log probability with its alternatives, as OpenAI's `logprobs.content[]`. */
export interface TokenLogprob {
  readonly token: string
  readonly logprob: number
  readonly bytes: readonly number[] | null
  readonly top_logprobs: readonly { token: string; logprob: number; bytes: readonly number[] | null }[]
}

/**
 * What an engine yields: at most one start, any number of deltas, then exactly one end. Nothing comes before the start.
 *
 * Where there is a start, its `promptTokens` are the end's, and `completionTokens` of each delta is exact: it counts
 * every token whose text has been sent, and is no more than the end's, which may count a last token without text. So
 * prompt and text can be charged for before they are sent (paper §6). Without a start, which only an upstream that
 * does not count as it goes leaves out, the counts of deltas are guesses and the answer cannot be sold. They never
 * fall in either case.
 */
export type EngineEvent =
  | {
      /**
       * Comes as early as the engine knows the prompt's length, and before it works on the prompt where it can: the
       * reader pulls, so one that takes no further event has the engine spend nothing on it.
       */
      readonly type: 'start'
      /** Tokens of the prompt as the model reads it, chat template included. */
      readonly promptTokens: number
    }
  | {
      readonly type: 'delta'
      readonly text?: string
      /** Thoughts that the engine keeps apart from the answer (vLLM's `delta.reasoning_content`). */
      readonly reasoning?: string
      /** OpenAI's `delta.tool_calls`, passed through. */
      readonly toolCalls?: readonly unknown[]
      readonly logprobs?: readonly TokenLogprob[]
      /** Completion tokens generated so far, this delta included. */
      readonly completionTokens: number
    }
  | {
      readonly type: 'end'
      readonly finishReason: FinishReason
      readonly promptTokens: number
      readonly completionTokens: number
      /** Set where an upstream reported no usage: the completion is counted by deltas, the prompt as 0. */
      readonly estimated?: true
    }

/** Facts the API shows and limits by. */
export interface EngineInfo {
  readonly name: string
  /** Tokens of prompt and completion together; absent where an upstream does not say. */
  readonly contextLength?: number
  /** Requests it runs at once; more wait their turn, first come first served. */
  readonly parallel: number
  readonly embeddings: boolean
}

/**
 * A loaded model that answers. Every method throws `DcmlError`: `engine_context_overflow`, `engine_request_invalid`,
 * `engine_unsupported`, `engine_busy`, `engine_unreachable`, `engine_failed`, `engine_closed`; an aborted call throws
 * `signal.reason` within about one token. Either way the engine stays usable for the next call.
 *
 * A completion that reaches `contextLength` ends with `length`; only a prompt that leaves no room for one token is an
 * overflow. Implementations pass `engineCompliance` of `@dcml/runtime/testing`.
 */
export interface Engine {
  readonly info: EngineInfo
  chat(request: ChatRequest, options: { signal: AbortSignal }): AsyncIterable<EngineEvent>
  complete(request: CompletionRequest, options: { signal: AbortSignal }): AsyncIterable<EngineEvent>
  embed(
    request: EmbeddingRequest,
    options: { signal: AbortSignal },
  ): Promise<{ embeddings: number[][]; promptTokens: number }>
  /**
   * Resolves when it could work on a request now, however many it has.
   * @throws DcmlError `engine_closed`, `engine_failed` once it is broken for good, `engine_unreachable`, and what else
   * an upstream answers; the reason of `signal`
   */
  check(options: { signal: AbortSignal }): Promise<void>
  /** Ends running calls with `engine_closed` and frees the model. Safe to call twice. */
  close(): Promise<void>
}

/** A file of the opened model, in memory only. */
export interface ModelFile {
  /** Path inside the model, as its manifest names it. */
  readonly name: string
  /** Where this process can read the plaintext: `/proc/self/fd/N`. */
  readonly path: string
  /** Bytes. */
  readonly size: number
}

/** The part of a pino logger that engines write to: facts about model and machine, never text of a request. */
export interface EngineLog {
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
}

/**
 * Makes an engine from plaintext weights whose modelH has already been checked. The engine holds no path after
 * `load`: the files may be closed once it resolves.
 */
export interface EngineLoader {
  readonly name: string
  load(files: readonly ModelFile[], options: { signal: AbortSignal; log?: EngineLog }): Promise<Engine>
}
