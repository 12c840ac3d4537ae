import type { LlamaModel, Token } from 'node-llama-cpp'
import { DeltaWriter } from '../deltas.ts'
import type { EngineEvent, FinishReason, SamplingOptions } from '../engine.ts'
import { contextOverflow } from '../faults.ts'
import type { Sampler } from './sampling.ts'
import type { SequencePool } from './sequences.ts'
import { TokenText } from './text.ts'

/** A prompt is read in pieces of this many tokens, so that other streams, and an abort, get a turn in between. */
const PROMPT_PIECE = 128

interface Generation {
  readonly model: LlamaModel
  readonly sequences: SequencePool
  readonly contextLength: number
  readonly sampler: Sampler
}

/** Reads the prompt, then draws and sends tokens until the model, the request or the context ends the answer. */
export async function* generate(
  { model, sequences, contextLength, sampler }: Generation,
  prompt: readonly Token[],
  request: SamplingOptions,
  signal: AbortSignal,
): AsyncGenerator<EngineEvent> {
  const promptTokens = prompt.length
  const room = contextLength - promptTokens
  if (room < 1) throw contextOverflow(promptTokens, contextLength)
  yield { type: 'start', promptTokens }
  signal.throwIfAborted()
  const limit = Math.min(request.maxTokens ?? room, room)
  const loan = await sequences.borrow(signal)
  try {
    let unread = prompt
    while (unread.length > PROMPT_PIECE) {
      const piece = unread.slice(0, PROMPT_PIECE)
      await loan.step((sequence) => sequence.evaluateWithoutGeneratingNewTokens(piece))
      unread = unread.slice(PROMPT_PIECE)
    }
    const text = new TokenText(model, prompt)
    const writer = new DeltaWriter(request.stop)
    let completionTokens = 0
    let finishReason: FinishReason | undefined
    while (finishReason === undefined) {
      const input = unread
      const { token, logprob } = await loan.step((sequence) => sampler(sequence, input))
      unread = [token]
      completionTokens++
      if (!request.ignoreEos && model.isEogToken(token)) finishReason = 'stop'
      else if (completionTokens === limit) finishReason = 'length'
      if (finishReason !== 'stop') {
        const delta = writer.push(text.push(token), completionTokens, logprob)
        if (delta) yield delta
        if (writer.stopped) finishReason = 'stop'
      }
    }
    if (!writer.stopped) {
      for (const delta of [writer.push(text.flush(), completionTokens), writer.flush(completionTokens)]) {
        if (delta) yield delta
      }
    }
    yield { type: 'end', finishReason: writer.stopped ? 'stop' : finishReason, promptTokens, completionTokens }
  } finally {
    loan.release()
  }
}
