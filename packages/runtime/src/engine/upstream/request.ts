// What is sent upstream. Requests are anonymous and the server trusts us, so only members of OpenAI's own API go on:
// servers read many more, which load adapters, fetch addresses, run templates or touch the cache of other users.
import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'
import { requireShallow } from '../depth.ts'
import type { ChatRequest, CompletionRequest, EmbeddingRequest, SamplingOptions } from '../engine.ts'
import type { UpstreamModel } from './server.ts'

const name = v.pipe(v.string(), v.maxLength(256))
const biases = {
  presence_penalty: v.nullish(v.number()),
  frequency_penalty: v.nullish(v.number()),
  logit_bias: v.nullish(v.record(v.string(), v.number())),
}

/** An address would be fetched by the server, from inside the CVM. */
const inline = v.pipe(v.string(), v.startsWith('data:'))
const part = v.union([
  v.pipe(
    v.object({ text: v.string() }),
    v.transform(({ text }) => ({ type: 'text', text })),
  ),
  v.object({
    type: v.literal('image_url'),
    image_url: v.object({ url: inline, detail: v.optional(v.picklist(['auto', 'low', 'high'])) }),
  }),
])
const call = v.object({
  id: v.string(),
  type: v.literal('function'),
  function: v.object({ name, arguments: v.string() }),
})
const message = v.object({
  role: v.string(),
  content: v.nullish(v.union([v.string(), v.array(part)])),
  name: v.optional(name),
  tool_calls: v.nullish(v.array(call)),
  tool_call_id: v.optional(v.string()),
})
const jsonSchema = v.record(v.string(), v.unknown())
const definition = v.object({
  name,
  description: v.nullish(v.string()),
  parameters: v.nullish(jsonSchema),
  strict: v.nullish(v.boolean()),
})
const tool = v.object({ type: v.literal('function'), function: definition })
const toolChoice = v.union([
  v.picklist(['none', 'auto', 'required']),
  v.object({ type: v.literal('function'), function: v.object({ name }) }),
])
const responseFormat = v.variant('type', [
  v.object({ type: v.picklist(['text', 'json_object']) }),
  v.object({
    type: v.literal('json_schema'),
    json_schema: v.object({
      name: v.optional(name),
      description: v.nullish(v.string()),
      schema: v.optional(jsonSchema),
      strict: v.nullish(v.boolean()),
    }),
  }),
])

const chatMembers = v.object({
  ...biases,
  messages: v.optional(v.array(message)),
  tools: v.nullish(v.array(tool)),
  tool_choice: v.nullish(toolChoice),
  parallel_tool_calls: v.nullish(v.boolean()),
  response_format: v.nullish(responseFormat),
  reasoning_effort: v.nullish(name),
})
const completionMembers = v.object(biases)
const embeddingMembers = v.object({ dimensions: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(1))) })

/**
 * The body of /v1/chat/completions.
 * @throws DcmlError `engine_request_invalid`
 */
export const chatBody = (request: ChatRequest, model: UpstreamModel): string =>
  JSON.stringify({
    messages: request.messages,
    ...membersOf(chatMembers, request.body),
    ...sampling(request),
    ...(request.topLogprobs !== undefined && { logprobs: true, top_logprobs: request.topLogprobs }),
    ...streaming(model),
  })

/**
 * The body of /v1/completions.
 * @throws DcmlError `engine_request_invalid`
 */
export const completionBody = (request: CompletionRequest, model: UpstreamModel): string =>
  JSON.stringify({
    ...membersOf(completionMembers, request.body),
    ...sampling(request),
    prompt: request.prompt,
    ...(request.topLogprobs !== undefined && { logprobs: request.topLogprobs }),
    ...streaming(model),
  })

/**
 * The body of /v1/embeddings.
 * @throws DcmlError `engine_request_invalid`
 */
export const embeddingBody = (request: EmbeddingRequest, model: UpstreamModel): string =>
  JSON.stringify({
    ...membersOf(embeddingMembers, request.body),
    model: model.id,
    input: request.input,
    encoding_format: 'float',
  })

function membersOf<Schema extends v.GenericSchema>(
  schema: Schema,
  { tools, tool_choice, response_format, ...body }: Readonly<Record<string, unknown>>,
): v.InferOutput<Schema> {
  requireShallow({ tools, tool_choice, response_format })
  const parsed = v.safeParse(schema, { ...body, tools, tool_choice, response_format }, { abortEarly: true })
  if (parsed.success) return parsed.output
  const param = v.getDotPath(parsed.issues[0]) ?? 'body'
  throw new DcmlError('engine_request_invalid', `The upstream engine is not given this "${param}".`, {
    hint: 'Use functions as tools, text and images in data: URLs as content, and text or JSON as response_format.',
    details: { param },
  })
}

/** `max_tokens` is understood by all servers, `max_completion_tokens` is not. */
const sampling = (request: SamplingOptions) => ({
  max_tokens: request.maxTokens,
  temperature: request.temperature,
  top_p: request.topP,
  seed: request.seed,
  stop: request.stop.length > 0 ? request.stop : undefined,
  ignore_eos: request.ignoreEos,
})

/**
 * Counts are always asked for, because tokens are what is paid for: in the last chunk, and where the server can in
 * each, by usage (vLLM, SGLang) or in llama-server's own words. They are of this very request; a call of `/tokenize`
 * before it would read the prompt twice, and differs between servers in path, template, tools and images.
 */
const streaming = ({ id, server }: UpstreamModel) => ({
  model: id,
  n: 1,
  stream: true,
  stream_options: { include_usage: true, continuous_usage_stats: true },
  ...(server === 'llamacpp' && { return_progress: true, timings_per_token: true }),
})
