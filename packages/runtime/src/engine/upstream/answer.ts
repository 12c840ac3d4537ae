import * as v from 'valibot'
import type { EngineEvent, FinishReason } from '../engine.ts'
import { interrupted, notOpenAi } from './faults.ts'
import { payloads } from './stream.ts'
import { chatChunk, completionChunk, finishReasonOf, fromLegacy } from './wire.ts'

type Delta = Extract<EngineEvent, { type: 'delta' }>
type Content = Omit<Delta, 'type' | 'completionTokens'>

/** What a chunk says, whichever call it belongs to. */
interface Said {
  readonly content: Content | undefined
  readonly finish: string | null | undefined
  readonly usage: { prompt_tokens: number; completion_tokens: number } | null | undefined
}

/** Reads the events of /v1/chat/completions. */
export const chatEvents = (body: AsyncIterable<Buffer>): AsyncGenerator<EngineEvent> => events(body, readChat)

/** Reads the events of /v1/completions. */
export const completionEvents = (body: AsyncIterable<Buffer>): AsyncGenerator<EngineEvent> =>
  events(body, readCompletion)

async function* events(body: AsyncIterable<Buffer>, read: (payload: unknown) => Said): AsyncGenerator<EngineEvent> {
  let finishReason: FinishReason | undefined
  let usage: Said['usage']
  let completionTokens = 0
  for await (const batch of payloads(body, () => finishReason !== undefined)) {
    for (const payload of batch) {
      const said = read(payload)
      if (said.finish === 'abort') throw interrupted()
      if (said.finish) finishReason = finishReasonOf(said.finish)
      if (said.usage) usage = said.usage
      if (!said.content) continue
      // Without running usage one delta is taken for one token, until the usage at the end says better.
      completionTokens = Math.max(completionTokens + (said.usage ? 0 : 1), said.usage?.completion_tokens ?? 0)
      yield { type: 'delta', ...said.content, completionTokens }
    }
  }
  yield {
    type: 'end',
    finishReason: finishReason ?? 'stop',
    promptTokens: usage?.prompt_tokens ?? 0,
    completionTokens: usage?.completion_tokens ?? completionTokens,
    ...(!usage && { estimated: true }),
  }
}

function readChat(payload: unknown): Said {
  const parsed = v.safeParse(chatChunk, payload)
  if (!parsed.success) throw notOpenAi(new v.ValiError(parsed.issues))
  const { choices, usage } = parsed.output
  const [choice] = choices
  if (!choice) return { content: undefined, finish: undefined, usage }
  const { content, tool_calls, ...delta } = choice.delta
  const reasoning = delta.reasoning_content ?? delta.reasoning
  const logprobs = choice.logprobs?.content
  return {
    content: contentOf({ text: content, reasoning, toolCalls: tool_calls, logprobs }),
    finish: choice.finish_reason,
    usage,
  }
}

function readCompletion(payload: unknown): Said {
  const parsed = v.safeParse(completionChunk, payload)
  if (!parsed.success) throw notOpenAi(new v.ValiError(parsed.issues))
  const { choices, usage } = parsed.output
  const [choice] = choices
  if (!choice) return { content: undefined, finish: undefined, usage }
  const logprobs = choice.logprobs && fromLegacy(choice.logprobs)
  return { content: contentOf({ text: choice.text, logprobs }), finish: choice.finish_reason, usage }
}

/** Undefined for a chunk without content, such as the one that only names the role. */
function contentOf(parts: { [Name in keyof Content]: Content[Name] | null | undefined }): Content | undefined {
  const { text, reasoning, toolCalls, logprobs } = parts
  if (!text && !reasoning && !toolCalls?.length && !logprobs?.length) return undefined
  return {
    ...(text && { text }),
    ...(reasoning && { reasoning }),
    ...(toolCalls?.length && { toolCalls }),
    ...(logprobs?.length && { logprobs }),
  }
}
