import * as v from 'valibot'
import type { FinishReason, TokenLogprob } from '../engine.ts'

const alternative = v.object({ token: v.string(), logprob: v.number(), bytes: v.nullish(v.array(v.number()), null) })
const tokenLogprob = v.object({ ...alternative.entries, top_logprobs: v.optional(v.array(alternative), []) })

/** The legacy form of /v1/completions: parallel arrays. */
const legacyLogprobs = v.object({
  tokens: v.array(v.string()),
  token_logprobs: v.array(v.nullable(v.number())),
  top_logprobs: v.nullish(v.array(v.nullable(v.record(v.string(), v.number())))),
})

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const usage = v.nullish(v.object({ prompt_tokens: count, completion_tokens: v.optional(count, 0) }))
/** `prompt_progress` and `timings` are llama-server's, which has no usage before the end. */
const counts = {
  usage,
  prompt_progress: v.nullish(v.object({ total: count })),
  timings: v.nullish(v.object({ predicted_n: count })),
}
/** What a chunk of either call counts. */
export type Counts = v.InferOutput<v.ObjectSchema<typeof counts, undefined>>

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
  ...counts,
})

/** A chunk of /v1/completions as far as we read it. */
export const completionChunk = v.object({
  choices: v.array(
    v.object({ text: v.string(), finish_reason: v.nullish(v.string()), logprobs: v.nullish(legacyLogprobs) }),
  ),
  ...counts,
})

export const embeddingList = v.object({
  data: v.array(v.object({ index: v.number(), embedding: v.array(v.number()) })),
  usage,
})

/** vLLM and SGLang add `max_model_len`. `owned_by` names the program: `vllm`, `sglang`, `llamacpp`. */
export const modelList = v.object({
  data: v.array(v.object({ id: v.string(), owned_by: v.nullish(v.string()), max_model_len: v.nullish(v.number()) })),
})

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
