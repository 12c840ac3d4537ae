// A stateless Responses request as the chat request it amounts to, in our form and in OpenAI's.
import { DcmlError } from '@dcml/protocol'
import type { ChatMessage, ChatRequest } from '../engine/engine.ts'
import { defined, flatten, flattenMessages, type ResponsesBody } from './schema.ts'

type Item = Exclude<ResponsesBody['input'], string>[number]
type Content = Extract<Item, { role: unknown }>['content']
type Part = Exclude<Content, string | null | undefined>[number]
/** A message in the form of chat completions. */
interface Message {
  role: ChatMessage['role']
  content: string | Part[]
  tool_calls?: object[]
  tool_call_id?: string
}

/** @throws DcmlError `request_needs_memory` when the request refers to something said before */
export function toChatRequest(request: ResponsesBody): ChatRequest {
  if (request.previous_response_id || request.conversation) throw needsMemory()
  const input: Item[] = typeof request.input === 'string' ? [{ role: 'user', content: request.input }] : request.input
  const messages: Message[] = [
    ...(request.instructions ? [{ role: 'system' as const, content: request.instructions }] : []),
    // templates leave thoughts of earlier turns out, too
    ...input.flatMap((item) => (item.type === 'reasoning' ? [] : [toMessage(item)])),
  ]
  const tools = request.tools?.map(({ type, ...definition }) => ({ type, function: definition }))
  return {
    stop: [],
    ...defined('maxTokens', request.max_output_tokens),
    ...defined('temperature', request.temperature),
    ...defined('topP', request.top_p),
    messages: flattenMessages(messages),
    body: {
      messages,
      ...defined('max_tokens', request.max_output_tokens),
      ...defined('temperature', request.temperature),
      ...defined('top_p', request.top_p),
      ...defined('tools', tools),
      ...defined('tool_choice', tools && toolChoice(request.tool_choice)),
      ...defined('response_format', responseFormat(request.text?.format)),
    },
  }
}

function toMessage(item: Exclude<Item, { type: 'reasoning' }>): Message {
  switch (item.type) {
    case 'item_reference':
      throw needsMemory()
    case 'function_call': {
      const { call_id: id, name, arguments: given } = item
      return {
        role: 'assistant',
        content: '',
        tool_calls: [{ id, type: 'function', function: { name, arguments: given } }],
      }
    }
    case 'function_call_output':
      return { role: 'tool', content: toContent(item.output), tool_call_id: item.call_id }
    default:
      return { role: item.role, content: toContent(item.content) }
  }
}

/** Text as one string. With an image it stays in parts, and what is neither stays as it is, for engines to refuse. */
function toContent(content: Content): string | Part[] {
  if (typeof content === 'string' || !content?.some(({ text }) => typeof text !== 'string')) return flatten(content)
  return content.map((part) => {
    if (typeof part.text === 'string') return { type: 'text', text: part.text }
    if (part.type !== 'input_image') return part
    return { type: 'image_url', image_url: { url: part.image_url, ...defined('detail', part.detail) } }
  })
}

/** Chat wraps the name of a function, and a JSON schema, once more than Responses does. */
function toolChoice(choice: ResponsesBody['tool_choice']): unknown {
  if (choice === null || choice === undefined || typeof choice === 'string') return choice
  const { type, ...named } = choice
  return { type, function: named }
}

function responseFormat(format: { type: string } | null | undefined): object | undefined {
  if (format === null || format === undefined || format.type === 'text') return undefined
  if (format.type !== 'json_schema') return format
  const { type, ...schema } = format
  return { type, json_schema: schema }
}

const needsMemory = (): DcmlError =>
  new DcmlError('request_needs_memory', 'The request refers to an earlier answer, and this enclave keeps none.', {
    hint: 'Send the whole conversation; with the AI SDK set providerOptions.openai.store to false.',
    details: { param: 'input' },
  })
