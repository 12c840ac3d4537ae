import type { TokenLogprob } from '../engine/engine.ts'
import { type AnswerFormat, type AnswerHead, finishJson, headJson, usageJson } from './answer.ts'

/** Answers of `POST /v1/completions`. */
export function completionAnswer(
  head: AnswerHead,
  options: { includeUsage: boolean; logprobs: boolean },
): AnswerFormat {
  const opening = headJson(head, 'text_completion')
  const noUsage = options.includeUsage ? ',"usage":null}' : '}'
  const legacy = legacyLogprobs()

  return {
    id: head.id,
    terminator: 'data: [DONE]\n\n',
    delta({ text, logprobs }, emit) {
      if (!text && logprobs === undefined) return
      const probabilities = logprobs === undefined ? 'null' : JSON.stringify(legacy(logprobs))
      emit(
        `${opening}"choices":[{"index":0,"text":${JSON.stringify(text ?? '')},"logprobs":${probabilities},"finish_reason":null}]${noUsage}`,
      )
    },
    end(end, emit) {
      emit(
        `${opening}"choices":[{"index":0,"text":"","logprobs":null,"finish_reason":${finishJson(end.finishReason)}}]${noUsage}`,
      )
      return { payload: `${opening}"choices":[]${options.includeUsage ? `,"usage":${usageJson(end)}` : ''}}` }
    },
    whole({ text, logprobs }, end) {
      const probabilities = options.logprobs ? JSON.stringify(legacy(logprobs)) : 'null'
      return `${opening}"choices":[{"index":0,"text":${JSON.stringify(text)},"logprobs":${probabilities},"finish_reason":${finishJson(end.finishReason)}}],"usage":${usageJson(end)}}`
    },
  }
}

/** The four parallel arrays that plain completions use instead of chat's list of tokens. */
function legacyLogprobs(): (tokens: readonly TokenLogprob[]) => Record<string, unknown> {
  let offset = 0
  return (tokens) => ({
    tokens: tokens.map(({ token }) => token),
    token_logprobs: tokens.map(({ logprob }) => logprob),
    top_logprobs: tokens.map(({ top_logprobs: top }) => Object.fromEntries(top.map((t) => [t.token, t.logprob]))),
    text_offset: tokens.map(({ token }) => {
      const at = offset
      offset += token.length
      return at
    }),
  })
}
