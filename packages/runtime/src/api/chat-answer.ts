import { type AnswerFormat, type AnswerHead, finishJson, headJson, usageJson } from './answer.ts'

/**
 * Answers of `POST /v1/chat/completions`. No chunk precedes the first token: a chunk with nothing but the role would
 * make the time to first token look better than it is. Thoughts are tokens that are paid for, so they are sent, by the name
 * that vLLM and DeepSeek gave them.
 */
export function chatAnswer(head: AnswerHead, options: { includeUsage: boolean; logprobs: boolean }): AnswerFormat {
  const chunk = headJson(head, 'chat.completion.chunk')
  const opening = `${chunk}"choices":[{"index":0,"delta":{`
  const noUsage = options.includeUsage ? ',"usage":null}' : '}'
  const closing = `},"logprobs":null,"finish_reason":null}]${noUsage}`
  let role = '"role":"assistant",'

  return {
    id: head.id,
    terminator: 'data: [DONE]\n\n',
    delta({ text, reasoning, toolCalls, logprobs }, emit) {
      if (!text && !reasoning && toolCalls === undefined && logprobs === undefined) return
      const thoughts = reasoning ? `"reasoning_content":${JSON.stringify(reasoning)},` : ''
      const members = `${role}${thoughts}"content":${JSON.stringify(text ?? (toolCalls || reasoning ? null : ''))}`
      const tools = toolCalls === undefined ? '' : `,"tool_calls":${JSON.stringify(toolCalls)}`
      role = ''
      if (logprobs === undefined) emit(opening + members + tools + closing)
      else
        emit(
          `${opening}${members}${tools}},"logprobs":{"content":${JSON.stringify(logprobs)},"refusal":null},"finish_reason":null}]${noUsage}`,
        )
    },
    end(end, emit) {
      const delta = role === '' ? '' : `${role}"content":""`
      emit(`${opening}${delta}},"logprobs":null,"finish_reason":${finishJson(end.finishReason)}}]${noUsage}`)
      return { payload: `${chunk}"choices":[]${options.includeUsage ? `,"usage":${usageJson(end)}` : ''}}` }
    },
    whole({ text, reasoning, toolCalls, logprobs }, end) {
      const called = toolCalls.length > 0
      const message = {
        role: 'assistant',
        ...(reasoning && { reasoning_content: reasoning }),
        content: called && text === '' ? null : text,
        refusal: null,
        ...(called && { tool_calls: toolCalls }),
      }
      const probabilities = options.logprobs ? JSON.stringify({ content: logprobs, refusal: null }) : 'null'
      return `${headJson(head, 'chat.completion')}"choices":[{"index":0,"message":${JSON.stringify(message)},"logprobs":${probabilities},"finish_reason":${finishJson(end.finishReason)}}],"usage":${usageJson(end)}}`
    },
  }
}
