// The one schema of each OpenAI request. Unknown members are kept in `body` and otherwise ignored, as OpenAI does.
import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'
import type { ChatMessage, SamplingOptions } from '../engine/engine.ts'

/** Most messages, items or texts: far beyond a conversation, and what a template writes in a moment. */
const MOST = 2048
const MOST_PARTS = 256
/** As many as OpenAI takes. */
const MOST_TOOLS = 128

/** An array whose length is judged before its items, since millions of them would keep everyone else waiting. */
const few = <Item extends v.GenericSchema>(item: Item, most: number, least = 0) =>
  v.pipe(v.array(v.unknown()), v.minLength(least), v.maxLength(most), v.array(item))

const count = v.pipe(v.number(), v.integer(), v.minValue(1))
const sampling = {
  model: v.nullish(v.string()),
  temperature: v.nullish(v.pipe(v.number(), v.minValue(0), v.maxValue(2))),
  top_p: v.nullish(v.pipe(v.number(), v.gtValue(0), v.maxValue(1))),
  stream: v.nullish(v.boolean()),
}
const generation = {
  ...sampling,
  max_tokens: v.nullish(count),
  n: v.nullish(v.literal(1)),
  seed: v.nullish(v.pipe(v.number(), v.safeInteger())),
  stop: v.nullish(v.union([v.string(), few(v.string(), 16)])),
  stream_options: v.nullish(v.looseObject({ include_usage: v.nullish(v.boolean()) })),
  ignore_eos: v.nullish(v.boolean()),
}

const part = v.looseObject({ type: v.string(), text: v.nullish(v.string()) })
const content = v.nullish(v.union([v.string(), few(part, MOST_PARTS)]))
const role = v.picklist(['system', 'developer', 'user', 'assistant', 'tool'])

/** `POST /v1/chat/completions` */
export const chatSchema = v.looseObject({
  ...generation,
  messages: few(v.looseObject({ role, content }), MOST, 1),
  max_completion_tokens: v.nullish(count),
  logprobs: v.nullish(v.boolean()),
  top_logprobs: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(20))),
  tools: v.nullish(few(v.looseObject({ type: v.string() }), MOST_TOOLS)),
  response_format: v.nullish(v.looseObject({ type: v.string() })),
})

/** `POST /v1/completions` */
export const completionSchema = v.looseObject({
  ...generation,
  prompt: v.union([v.string(), few(v.string(), 1, 1)]),
  logprobs: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(5))),
  echo: v.nullish(v.literal(false)),
  best_of: v.nullish(v.literal(1)),
  suffix: v.nullish(v.literal('')),
})

/** `POST /v1/embeddings` */
export const embeddingSchema = v.looseObject({
  model: v.nullish(v.string()),
  input: v.union([v.string(), few(v.string(), MOST, 1)]),
  encoding_format: v.nullish(v.picklist(['float', 'base64'])),
})

const item = v.union([
  v.looseObject({ type: v.nullish(v.literal('message')), role, content }),
  v.looseObject({ type: v.literal('function_call'), call_id: v.string(), name: v.string(), arguments: v.string() }),
  v.looseObject({ type: v.literal('function_call_output'), call_id: v.string(), output: content }),
  v.looseObject({ type: v.literal('reasoning') }),
  v.looseObject({ type: v.literal('item_reference') }),
])

/** `POST /v1/responses`, the part of it that needs no memory on the server and no tools of OpenAI's. */
export const responsesSchema = v.looseObject({
  ...sampling,
  input: v.union([v.string(), few(item, MOST, 1)]),
  instructions: v.nullish(v.string()),
  max_output_tokens: v.nullish(count),
  previous_response_id: v.nullish(v.string()),
  conversation: v.nullish(v.union([v.string(), v.looseObject({})])),
  background: v.nullish(v.literal(false)),
  tools: v.nullish(few(v.looseObject({ type: v.literal('function'), name: v.string() }), MOST_TOOLS)),
  tool_choice: v.nullish(v.union([v.string(), v.looseObject({ type: v.string() })])),
  text: v.nullish(v.looseObject({ format: v.nullish(v.looseObject({ type: v.string() })) })),
})

export type ChatBody = v.InferOutput<typeof chatSchema>
export type CompletionBody = v.InferOutput<typeof completionSchema>
export type ResponsesBody = v.InferOutput<typeof responsesSchema>

/** Content as text. Parts that are no text stay in `body`, for engines that read OpenAI's own form. */
export const flatten = (value: v.InferOutput<typeof content>): string =>
  typeof value === 'string' ? value : (value ?? []).map((piece) => piece.text ?? '').join('')

export const flattenMessages = (
  messages: readonly { role: ChatMessage['role']; content?: v.InferOutput<typeof content> }[],
): ChatMessage[] => messages.map((message) => ({ role: message.role, content: flatten(message.content) }))

/** The options that chat and plain completions share. */
export function samplingOf(body: ChatBody | CompletionBody, maxTokens: number | null | undefined): SamplingOptions {
  return {
    stop: typeof body.stop === 'string' ? [body.stop] : (body.stop ?? []),
    ...defined('maxTokens', maxTokens),
    ...defined('temperature', body.temperature),
    ...defined('topP', body.top_p),
    ...defined('seed', body.seed),
    ...defined('ignoreEos', body.ignore_eos),
  }
}

/** A member that is absent where the caller gave none: `exactOptionalPropertyTypes` tells absent from undefined. */
export function defined<K extends string, T>(key: K, value: T | null | undefined): { [P in K]?: T } {
  return value === null || value === undefined ? {} : ({ [key]: value } as { [P in K]?: T })
}

/** @throws DcmlError `model_not_found` unless the request names the served model, its modelH, or none */
export function checkModel(asked: string | null | undefined, served: { name: string; modelH: string }): void {
  if (asked === null || asked === undefined || asked === '' || asked === served.name || asked === served.modelH) return
  throw new DcmlError('model_not_found', 'This enclave does not serve the model that was asked for.', {
    hint: 'GET /v1/models names the one it serves.',
    details: { param: 'model' },
  })
}
