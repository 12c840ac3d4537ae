import type { AnswerFormat, AnswerHead, Emit, End } from './answer.ts'

/** Answers of `POST /v1/responses`: one assistant message, in OpenAI's order of events. */
export function responsesAnswer(head: AnswerHead, instructions: string | null): AnswerFormat {
  const itemId = head.id.replace(/^resp-/, 'msg-')
  let sequence = 0
  let text = ''

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
    parallel_tool_calls: false,
    previous_response_id: null,
    store: false,
    tool_choice: 'none',
    tools: [],
    usage: end === undefined ? null : usage(end),
  })
  const part = (value: string): object => ({ type: 'output_text', text: value, annotations: [] })
  const item = (status: string, content: object[]): object => ({
    id: itemId,
    type: 'message',
    role: 'assistant',
    status,
    content,
  })
  const outcome = (end: End): string => (end.finishReason === 'length' ? 'incomplete' : 'completed')
  const event = (type: string, members: object): string =>
    JSON.stringify({ type, sequence_number: sequence++, ...members })
  const place = { item_id: itemId, output_index: 0, content_index: 0 }
  const placeJson = JSON.stringify(place).slice(1, -1)

  let open = (emit: Emit): void => {
    open = () => {}
    const send = (type: string, members: object): void => emit(event(type, members), type)
    send('response.created', { response: response('in_progress', []) })
    send('response.in_progress', { response: response('in_progress', []) })
    send('response.output_item.added', { output_index: 0, item: item('in_progress', []) })
    send('response.content_part.added', { ...place, part: part('') })
  }

  return {
    id: head.id,
    terminator: '',
    delta(delta, emit) {
      if (!delta.text) return
      open(emit)
      text += delta.text
      const type = 'response.output_text.delta'
      emit(
        `{"type":"${type}","sequence_number":${sequence++},${placeJson},"delta":${JSON.stringify(delta.text)},"logprobs":[]}`,
        type,
      )
    },
    end(end, emit) {
      open(emit)
      const send = (type: string, members: object): void => emit(event(type, members), type)
      const done = item(outcome(end), [part(text)])
      send('response.output_text.done', { ...place, text, logprobs: [] })
      send('response.content_part.done', { ...place, part: part(text) })
      send('response.output_item.done', { output_index: 0, item: done })
      const type = `response.${outcome(end)}`
      return { payload: event(type, { response: response(outcome(end), [done], end) }), event: type }
    },
    whole: (collected, end) =>
      JSON.stringify(response(outcome(end), [item(outcome(end), [part(collected.text)])], end)),
    failed(errorBody) {
      const { code, message } = (JSON.parse(errorBody) as { error: { code: string; message: string } }).error
      const type = 'response.failed'
      const failure = { ...response('failed', []), error: { code, message } }
      return { payload: event(type, { response: failure }), event: type }
    },
  }
}

const usage = (end: End): object => ({
  input_tokens: end.promptTokens,
  input_tokens_details: { cached_tokens: 0 },
  output_tokens: end.completionTokens,
  output_tokens_details: { reasoning_tokens: 0 },
  total_tokens: end.promptTokens + end.completionTokens,
})
