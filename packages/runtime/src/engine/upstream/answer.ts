import * as v from 'valibot'
import type { EngineEvent, FinishReason } from '../engine.ts'
import { interrupted, notOpenAi } from './faults.ts'
import { payloads } from './stream.ts'
import { type Counts, chatChunk, completionChunk, finishReasonOf, fromLegacy } from './wire.ts'

type Delta = Extract<EngineEvent, { type: 'delta' }>
type Content = Omit<Delta, 'type' | 'completionTokens'>

/** What a chunk says, whichever call it belongs to. */
interface Said {
  readonly content: Content | undefined
  readonly finish: string | null | undefined
  readonly usage: { prompt_tokens: number; completion_tokens: number } | null | undefined
  /** Tokens of a prompt that is about to be read. */
  readonly reading: number | undefined
  /** Tokens of the completion so far. */
  readonly generated: number | undefined
}

/** Reads the events of /v1/chat/completions. */
export const chatEvents = (body: AsyncIterable<Buffer>): AsyncGenerator<EngineEvent> => events(body, readChat)

/** Reads the events of /v1/completions. */
export const completionEvents = (body: AsyncIterable<Buffer>): AsyncGenerator<EngineEvent> =>
  events(body, readCompletion)

/**
 * Starts as soon as the server tells the prompt's length, if it does so before the first text and goes on counting:
 * with the first text that carries usage (vLLM, SGLang), or before the prompt is read (llama-server). From then on text
 * without a count waits for the next count, so that what is charged by token is never sent uncounted. Without a start
 * one delta is taken for one token, until the usage at the end says better.
 */
async function* events(body: AsyncIterable<Buffer>, read: (payload: unknown) => Said): AsyncGenerator<EngineEvent> {
  let finishReason: FinishReason | undefined
  let usage: Said['usage']
  let started: number | undefined
  let guessed = false
  let completionTokens = 0
  let uncounted: Content[] = []
  for await (const batch of payloads(body, () => finishReason !== undefined)) {
    for (const payload of batch) {
      const { content, finish, reading, generated, ...said } = read(payload)
      if (finish === 'abort') throw interrupted()
      if (finish) finishReason = finishReasonOf(finish)
      if (said.usage) usage = said.usage
      if (started === undefined && !guessed) {
        started = reading ?? (content ? said.usage?.prompt_tokens : undefined)
        if (started !== undefined) yield { type: 'start', promptTokens: started }
      }
      if (content) uncounted.push(content)
      if (generated !== undefined) completionTokens = Math.max(completionTokens, generated)
      else if (started !== undefined) continue
      else if (content) completionTokens++
      for (const counted of uncounted) yield { type: 'delta', ...counted, completionTokens }
      if (content && started === undefined) guessed = true
      uncounted = []
    }
  }
  if (uncounted.length > 0) throw notOpenAi(new Error('text without a count'))
  if (started === undefined && !guessed && usage) {
    started = usage.prompt_tokens
    yield { type: 'start', promptTokens: started }
  }
  yield {
    type: 'end',
    finishReason: finishReason ?? 'stop',
    promptTokens: started ?? usage?.prompt_tokens ?? 0,
    completionTokens: started === undefined ? (usage?.completion_tokens ?? completionTokens) : completionTokens,
    ...(!usage && started === undefined && { estimated: true }),
  }
}

function readChat(payload: unknown): Said {
  const parsed = v.safeParse(chatChunk, payload)
  if (!parsed.success) throw notOpenAi(new v.ValiError(parsed.issues))
  const [choice] = parsed.output.choices
  const counts = countsOf(parsed.output)
  if (!choice) return { content: undefined, finish: undefined, ...counts }
  const { content, tool_calls, ...delta } = choice.delta
  const reasoning = delta.reasoning_content ?? delta.reasoning
  const logprobs = choice.logprobs?.content
  return {
    content: contentOf({ text: content, reasoning, toolCalls: tool_calls, logprobs }),
    finish: choice.finish_reason,
    ...counts,
  }
}

function readCompletion(payload: unknown): Said {
  const parsed = v.safeParse(completionChunk, payload)
  if (!parsed.success) throw notOpenAi(new v.ValiError(parsed.issues))
  const [choice] = parsed.output.choices
  const counts = countsOf(parsed.output)
  if (!choice) return { content: undefined, finish: undefined, ...counts }
  const logprobs = choice.logprobs && fromLegacy(choice.logprobs)
  return { content: contentOf({ text: choice.text, logprobs }), finish: choice.finish_reason, ...counts }
}

const countsOf = ({ usage, prompt_progress, timings }: Counts): Pick<Said, 'usage' | 'reading' | 'generated'> => ({
  usage,
  reading: prompt_progress?.total,
  generated: usage?.completion_tokens ?? timings?.predicted_n,
})

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
