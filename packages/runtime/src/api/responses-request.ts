import type { ChatRequest } from '../engine/engine.ts'
import { defined, flatten, type ResponsesBody } from './schema.ts'

/** A stateless Responses request as the chat request it amounts to, in our form and in OpenAI's. */
export function toChatRequest(request: ResponsesBody): ChatRequest {
  const input = typeof request.input === 'string' ? [{ role: 'user' as const, content: request.input }] : request.input
  const messages = [
    ...(request.instructions ? [{ role: 'system' as const, content: request.instructions }] : []),
    ...input.map(({ role, content }) => ({ role, content: flatten(content) })),
  ]
  return {
    stop: [],
    ...defined('maxTokens', request.max_output_tokens),
    ...defined('temperature', request.temperature),
    ...defined('topP', request.top_p),
    messages,
    body: {
      messages,
      ...defined('max_tokens', request.max_output_tokens),
      ...defined('temperature', request.temperature),
      ...defined('top_p', request.top_p),
      ...defined('response_format', responseFormat(request.text?.format)),
    },
  }
}

/** Chat wraps a JSON schema once more than Responses does. */
function responseFormat(format: { type: string } | null | undefined): object | undefined {
  if (format === null || format === undefined || format.type === 'text') return undefined
  if (format.type !== 'json_schema') return format
  const { type, ...schema } = format
  return { type, json_schema: schema }
}
