import type { AnswerFormat, AnswerHead, Emit, End } from './answer.ts'
import { type OutputItem, type SendEvent, streamedCall, streamedText } from './responses-items.ts'

/** Answers of `POST /v1/responses`, in OpenAI's order of events: an item of thoughts, one of text, and one per function called. */
export function responsesAnswer(head: AnswerHead, instructions: string | null): AnswerFormat {
  let sequence = 0
  const event = (type: string, members: object): string =>
    JSON.stringify({ type, sequence_number: sequence++, ...members })
  const sender =
    (emit: Emit): SendEvent =>
    (type, members) =>
      emit(event(type, members), type)

  const response = (status: string, output: unknown[], end?: End): Record<string, unknown> => ({
    id: head.id,
    object: 'response',
    created_at: head.created,
    status,
    error: null,
    incomplete_details: end?.finishReason === 'length' ? { reason: 'max_output_tokens' } : null,
    instructions,
    metadata: {},
    model: head.model,
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    store: false,
    tool_choice: 'auto',
    tools: [],
    usage: end === undefined ? null : usage(end),
  })
  const outcome = (end: End): string => (end.finishReason === 'length' ? 'incomplete' : 'completed')

  const items: OutputItem[] = []
  const calls = new Map<number, ReturnType<typeof streamedCall>>()
  let thoughts: ReturnType<typeof streamedText> | undefined
  let text: ReturnType<typeof streamedText> | undefined
  let begin = (send: SendEvent): void => {
    begin = () => {}
    send('response.created', { response: response('in_progress', []) })
    send('response.in_progress', { response: response('in_progress', []) })
  }
  const add = <T extends OutputItem>(item: T): T => {
    items.push(item)
    return item
  }

  return {
    id: head.id,
    terminator: '',
    delta(delta, emit) {
      if (!delta.text && !delta.reasoning && delta.toolCalls === undefined) return
      const send = sender(emit)
      begin(send)
      if (delta.reasoning) {
        thoughts ??= add(streamedText(items.length, send, 'reasoning'))
        const type = 'response.reasoning_text.delta'
        emit(`{"type":"${type}","sequence_number":${sequence++},${thoughts.delta(delta.reasoning)}}`, type)
      }
      if (delta.text) {
        text ??= add(streamedText(items.length, send))
        const type = 'response.output_text.delta'
        emit(`{"type":"${type}","sequence_number":${sequence++},${text.delta(delta.text)}}`, type)
      }
      for (const piece of (delta.toolCalls ?? []) as CallPiece[]) {
        const index = piece.index ?? calls.size
        const call = calls.get(index) ?? add(streamedCall(items.length, piece.id, piece.function?.name, send))
        calls.set(index, call)
        if (piece.function?.arguments) call.delta(piece.function.arguments, send)
      }
    },
    end(end, emit) {
      const send = sender(emit)
      begin(send)
      if (items.length === 0) add(streamedText(0, send))
      const output = items.map((item) => item.done(outcome(end), send))
      const type = `response.${outcome(end)}`
      return { payload: event(type, { response: response(outcome(end), output, end) }), event: type }
    },
    whole({ text: all, reasoning, toolCalls }, end) {
      const silent: SendEvent = () => {}
      if (reasoning !== '') add(streamedText(0, silent, 'reasoning')).delta(reasoning)
      if (all !== '' || toolCalls.length === 0) add(streamedText(items.length, silent)).delta(all)
      for (const call of toolCalls as readonly CallPiece[])
        add(streamedCall(items.length, call.id, call.function?.name, silent)).delta(
          call.function?.arguments ?? '',
          silent,
        )
      const output = items.map((item) => item.done(outcome(end), silent))
      return JSON.stringify(response(outcome(end), output, end))
    },
    failed(errorBody) {
      const { code, message } = (JSON.parse(errorBody) as { error: { code: string; message: string } }).error
      const type = 'response.failed'
      const failure = { ...response('failed', []), error: { code, message } }
      return { payload: event(type, { response: failure }), event: type }
    },
  }
}

/** A piece of OpenAI's `delta.tool_calls`. */
interface CallPiece {
  index?: number
  id?: string
  function?: { name?: string; arguments?: string }
}

const usage = (end: End): object => ({
  input_tokens: end.promptTokens,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: end.completionTokens,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: end.promptTokens + end.completionTokens,
})
