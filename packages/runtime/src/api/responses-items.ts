// The items of a Responses answer. Each announces itself when it is made, and tells its whole when it is done.
import { answerId } from './answer.ts'

export type SendEvent = (type: string, members: object) => void

export interface OutputItem {
  /** Sends the item's last events and returns it whole. */
  done(status: string, send: SendEvent): object
}

/** Items of one part of text: the assistant's message, and its thoughts. */
const TEXTS = {
  message: {
    prefix: 'msg',
    part: (text: string) => ({ type: 'output_text', text, annotations: [] }),
    members: { role: 'assistant' },
    done: { type: 'response.output_text.done', members: { logprobs: [] } },
    delta: ',"logprobs":[]',
  },
  reasoning: {
    prefix: 'rs',
    part: (text: string) => ({ type: 'reasoning_text', text }),
    members: { summary: [] },
    done: { type: 'response.reasoning_text.done', members: {} },
    delta: '',
  },
} as const

/** An item of {@link TEXTS}. */
export function streamedText(index: number, send: SendEvent, type: keyof typeof TEXTS = 'message') {
  const { prefix, part, members, done, delta } = TEXTS[type]
  const id = answerId(prefix)
  const place = { item_id: id, output_index: index, content_index: 0 }
  const placeJson = JSON.stringify(place).slice(1, -1)
  const item = (status: string, content: object[]): object => ({ id, type, ...members, status, content })
  let all = ''
  send('response.output_item.added', { output_index: index, item: item('in_progress', []) })
  send('response.content_part.added', { ...place, part: part('') })
  return {
    /** Adds text and returns the members of its event: this is on the path of every token. */
    delta(text: string): string {
      all += text
      return `${placeJson},"delta":${JSON.stringify(text)}${delta}`
    },
    done(status: string, send: SendEvent): object {
      const whole = item(status, [part(all)])
      send(done.type, { ...place, text: all, ...done.members })
      send('response.content_part.done', { ...place, part: part(all) })
      send('response.output_item.done', { output_index: index, item: whole })
      return whole
    },
  }
}

/** One call of a function of the client's. */
export function streamedCall(index: number, callId: string | undefined, name: string | undefined, send: SendEvent) {
  const id = answerId('fc')
  const place = { item_id: id, output_index: index }
  let given = ''
  const item = (status: string): object => ({
    id,
    type: 'function_call',
    status,
    call_id: callId ?? id,
    name: name ?? '',
    arguments: given,
  })
  send('response.output_item.added', { output_index: index, item: item('in_progress') })
  return {
    delta(text: string, send: SendEvent): void {
      given += text
      send('response.function_call_arguments.delta', { ...place, delta: text })
    },
    done(status: string, send: SendEvent): object {
      const whole = item(status)
      send('response.function_call_arguments.done', { ...place, arguments: given })
      send('response.output_item.done', { output_index: index, item: whole })
      return whole
    },
  }
}
