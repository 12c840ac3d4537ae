import * as v from 'valibot'
import type { ChatRequest, CompletionRequest, FinishReason, SamplingOptions, TokenLogprob } from '../engine.ts'

const alternative = v.object({ token: v.string(), logprob: v.number(), bytes: v.nullish(v.array(v.number()), null) })
const tokenLogprob = v.object({ ...alternative.entries, top_logprobs: v.optional(v.array(alternative), []) })

/** The legacy form of /v1/completions: parallel arrays. */
const legacyLogprobs = v.object({
  tokens: v.array(v.string()),
  token_logprobs: v.array(v.nullable(v.number())),
  top_logprobs: v.nullish(v.array(v.nullable(v.record(v.string(), v.number())))),
})

const usage = v.nullish(v.object({ prompt_tokens: v.number(), completion_tokens: v.optional(v.number(), 0) }))

/** A chunk of /v1/chat/completions as far as we read it. vLLM renamed `reasoning_content` to `reasoning`. */
export const chatChunk = v.object({
  choices: v.array(
    v.object({
      delta: v.object({
        content: v.nullish(v.string()),
        reasoning_content: v.nullish(v.string()),
        reasoning: v.nullish(v.string()),
        tool_calls: v.nullish(v.array(v.unknown())),
      }),
      finish_reason: v.nullish(v.string()),
      logprobs: v.nullish(v.object({ content: v.nullish(v.array(tokenLogprob)) })),
    }),
  ),
  usage,
})

/** A chunk of /v1/completions as far as we read it. */
export const completionChunk = v.object({
  choices: v.array(
    v.object({ text: v.string(), finish_reason: v.nullish(v.string()), logprobs: v.nullish(legacyLogprobs) }),
  ),
  usage,
})

export const embeddingList = v.object({
  data: v.array(v.object({ index: v.number(), embedding: v.array(v.number()) })),
  usage,
})

/** vLLM and SGLang add `max_model_len`. */
export const modelList = v.object({
  data: v.array(v.object({ id: v.string(), max_model_len: v.nullish(v.number()) })),
})

/** The body of /v1/chat/completions. What our API decided overrides what the client wrote. */
export const chatBody = (request: ChatRequest, model: string): string =>
  JSON.stringify({
    messages: request.messages,
    ...withoutLimits(request.body),
    ...sampling(request),
    ...(request.topLogprobs !== undefined && { logprobs: true, top_logprobs: request.topLogprobs }),
    ...streaming(model),
  })

/** The body of /v1/completions. */
export const completionBody = (request: CompletionRequest, model: string): string =>
  JSON.stringify({
    ...withoutLimits(request.body),
    ...sampling(request),
    prompt: request.prompt,
    ...(request.topLogprobs !== undefined && { logprobs: request.topLogprobs }),
    ...streaming(model),
  })

/** `max_tokens` is understood by all; where it comes again as `max_completion_tokens`, servers pick differently. */
const withoutLimits = (body: Readonly<Record<string, unknown>>): Record<string, unknown> => ({
  ...body,
  max_tokens: undefined,
  max_completion_tokens: undefined,
})

const sampling = (request: SamplingOptions) =>
  definedOnly({
    max_tokens: request.maxTokens,
    temperature: request.temperature,
    top_p: request.topP,
    seed: request.seed,
    stop: request.stop.length > 0 ? request.stop : undefined,
    ignore_eos: request.ignoreEos,
  })

/**
 * Usage is always asked for, because tokens are what is paid for: in the last chunk, and where the server can
 * (vLLM, SGLang) in each, so that an aborted answer is counted too.
 */
const streaming = (model: string) => ({
  model,
  n: 1,
  stream: true,
  stream_options: { include_usage: true, continuous_usage_stats: true },
})

const definedOnly = (fields: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

export function finishReasonOf(reason: string): FinishReason {
  switch (reason) {
    case 'length':
    case 'tool_calls':
    case 'content_filter':
      return reason
    default:
      return 'stop'
  }
}

export function fromLegacy(logprobs: v.InferOutput<typeof legacyLogprobs>): TokenLogprob[] {
  const entry = (token: string, logprob: number) => ({ token, logprob, bytes: null })
  return logprobs.tokens.map((token, index) => ({
    ...entry(token, logprobs.token_logprobs[index] ?? 0),
    top_logprobs: Object.entries(logprobs.top_logprobs?.[index] ?? {}).map(([other, value]) => entry(other, value)),
  }))
}
