import type { ServerResponse } from 'node:http'
import type { EmbeddingRequest, Engine } from '../engine/engine.ts'
import type { Generation } from './generate.ts'
import { lifetimeOf } from './lifetime.ts'

/** Has the engine embed in its turn, and within the time that a generation has. */
export async function embed(
  engine: Engine,
  request: EmbeddingRequest,
  outgoing: ServerResponse,
  { admission, limits, shutdown }: Generation,
): ReturnType<Engine['embed']> {
  const lifetime = lifetimeOf(outgoing, limits.generationMs, shutdown)
  let release: (() => void) | undefined
  try {
    release = await admission.enter(lifetime.signal)
    return await engine.embed(request, lifetime)
  } finally {
    release?.()
    lifetime.end()
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
