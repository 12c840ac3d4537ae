import type { ServerResponse } from 'node:http'
import type { EmbeddingRequest, Engine } from '../engine/engine.ts'
import { unmetered } from '../payment/faults.ts'
import type { OpenTab, Paid } from '../payment/tab.ts'
import type { Generation } from './generate.ts'
import { lifetimeOf } from './lifetime.ts'

/** Tokens a tokenizer may put around a text. */
const MARKS = 8
/** A text has no more tokens than bytes, but for marks; a normalisation that makes it longer is met at the end. */
const mostTokens = (input: readonly string[]): number =>
  input.reduce((sum, text) => sum + Buffer.byteLength(text) + MARKS, 0)

/**
 * Has the engine embed in its turn, and within the time that a generation has. Where it is paid for, only the prompt is
 * charged, and the engine counts it while it works: until then as many tokens are held as there can be.
 */
export async function embed(
  engine: Engine,
  request: EmbeddingRequest,
  outgoing: ServerResponse,
  { admission, limits, shutdown }: Generation,
  openTab?: OpenTab,
): Promise<Awaited<ReturnType<Engine['embed']>> & { readonly payment: Paid | undefined }> {
  const tab = openTab?.()
  const lifetime = lifetimeOf(outgoing, limits.generationMs, shutdown)
  let release: (() => void) | undefined
  try {
    await tab?.start(mostTokens(request.input), undefined)
    release = await admission.enter(lifetime.signal)
    const answer = await engine.embed(request, lifetime)
    lifetime.signal.throwIfAborted()
    // what an upstream that reports no usage is taken to have read
    if (tab !== undefined && answer.promptTokens === 0) throw unmetered()
    return { ...answer, payment: await tab?.end({ promptTokens: answer.promptTokens, completionTokens: 0 }) }
  } finally {
    release?.()
    lifetime.end()
    // the engine tells what it worked on when it is done: before that there is nothing to charge
    await tab?.drop(false)
  }
}

/** The body of `POST /v1/embeddings`. OpenAI's own client asks for base64 of little-endian 32-bit floats. */
export function embeddingsBody(
  model: string,
  answer: { embeddings: number[][]; promptTokens: number },
  encoding: 'float' | 'base64',
): string {
  const data = answer.embeddings.map((vector, index) => ({
    object: 'embedding',
    index,
    embedding: encoding === 'float' ? vector : toBase64(vector),
  }))
  const usage = { prompt_tokens: answer.promptTokens, total_tokens: answer.promptTokens }
  return JSON.stringify({ object: 'list', data, model, usage })
}

function toBase64(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4)
  for (const [i, value] of vector.entries()) bytes.writeFloatLE(value, i * 4)
  return bytes.toString('base64')
}
