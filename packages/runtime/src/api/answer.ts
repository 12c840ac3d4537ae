import { randomUUID } from 'node:crypto'
import type { EngineEvent, FinishReason, TokenLogprob } from '../engine/engine.ts'

export type Delta = Extract<EngineEvent, { type: 'delta' }>
export type End = Extract<EngineEvent, { type: 'end' }>

/** Puts one payload on the wire; `event` is its SSE event name where the format has one. */
export type Emit = (payload: string, event?: string) => void

/** How one kind of answer is written, as a stream or whole. Made anew for every request. */
export interface AnswerFormat {
  readonly id: string
  /** What follows the last payload of a stream. */
  readonly terminator: string
  delta(delta: Delta, emit: Emit): void
  /** Emits what is left and returns the last payload, to which the receipt is attached. */
  end(end: End, emit: Emit): { payload: string; event?: string }
  /** The whole body of an answer that is not streamed. */
  whole(collected: Collected, end: End): string
  /** The payload that tells of a fault after the stream has begun. */
  failed?(errorBody: string): { payload: string; event?: string }
}

/** What an engine generated, put together again. */
export interface Collected {
  readonly text: string
  readonly reasoning: string
  readonly toolCalls: readonly Record<string, unknown>[]
  readonly logprobs: readonly TokenLogprob[]
}

/** A fresh id in OpenAI's style, such as `chatcmpl-…`. UUIDs are drawn from a pool, other random bytes are not. */
export const answerId = (prefix: string): string => `${prefix}-${randomUUID().replaceAll('-', '')}`

/** OpenAI's `usage`, as JSON text. */
export const usageJson = (end: End): string =>
  `{"prompt_tokens":${end.promptTokens},"completion_tokens":${end.completionTokens},"total_tokens":${end.promptTokens + end.completionTokens}}`

/** What every chunk and body of one answer repeats. */
export interface AnswerHead {
  readonly id: string
  /** Unix time in seconds. */
  readonly created: number
  readonly model: string
}

/** The opening of every JSON text of an answer, up to and with the last comma. */
export const headJson = (head: AnswerHead, object: string): string =>
  `{"id":"${head.id}","object":"${object}","created":${head.created},"model":${JSON.stringify(head.model)},`

export const finishJson = (reason: FinishReason | null): string => (reason === null ? 'null' : `"${reason}"`)

/** Puts deltas together; tool calls arrive in pieces that name their index, as OpenAI streams them. */
export function collector(): { add(delta: Delta): void; collected(): Collected } {
  let [text, reasoning] = ['', '']
  const logprobs: TokenLogprob[] = []
  const toolCalls = new Map<number, Record<string, unknown>>()
  return {
    add(delta) {
      if (delta.text !== undefined) text += delta.text
      if (delta.reasoning !== undefined) reasoning += delta.reasoning
      if (delta.logprobs !== undefined) logprobs.push(...delta.logprobs)
      for (const piece of delta.toolCalls ?? []) mergeToolCall(toolCalls, piece)
    },
    collected: () => ({
      text,
      reasoning,
      logprobs,
      toolCalls: [...toolCalls.entries()].sort(([a], [b]) => a - b).map(([, call]) => call),
    }),
  }
}

interface ToolCallPiece {
  index?: number
  function?: { name?: string; arguments?: string }
}

function mergeToolCall(calls: Map<number, Record<string, unknown>>, piece: unknown): void {
  const { index, function: named, ...rest } = piece as ToolCallPiece
  const at = index ?? calls.size
  const before = calls.get(at) as { function?: { name?: string; arguments?: string } } | undefined
  calls.set(at, {
    ...before,
    ...rest,
    function: {
      name: named?.name ?? before?.function?.name ?? '',
      arguments: (before?.function?.arguments ?? '') + (named?.arguments ?? ''),
    },
  })
}
