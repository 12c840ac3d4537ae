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
