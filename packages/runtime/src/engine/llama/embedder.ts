import { setImmediate } from 'node:timers/promises'
import type { LlamaEmbeddingContext, LlamaModel, Token } from 'node-llama-cpp'
import { contextOverflow } from '../faults.ts'

/** Embeddings of a model, one input after the other, in a context of its own that is made when first needed. */
export class Embedder {
  readonly #model: LlamaModel
  readonly #options: { contextSize: number; threads: number }
  #context: Promise<LlamaEmbeddingContext> | undefined

  constructor(model: LlamaModel, options: { contextSize: number; threads: number }) {
    this.#model = model
    this.#options = options
  }

  /** @throws DcmlError `engine_context_overflow` before any input is read */
  async embed(
    inputs: readonly Token[][],
    signal: AbortSignal,
  ): Promise<{ embeddings: number[][]; promptTokens: number }> {
    this.#context ??= this.#model.createEmbeddingContext(this.#options)
    const context = await this.#context
    const { contextSize } = this.#options
    const lengths = inputs.map((tokens) => context.calculateInputLength(tokens))
    const tooLong = lengths.find((length) => length >= contextSize)
    if (tooLong !== undefined) throw contextOverflow(tooLong, contextSize)
    const embeddings: number[][] = []
    for (const tokens of inputs) {
      await setImmediate()
      signal.throwIfAborted()
      const { vector } = await context.getEmbeddingFor(tokens)
      embeddings.push([...vector])
    }
    return { embeddings, promptTokens: lengths.reduce((sum, length) => sum + length, 0) }
  }

  async close(): Promise<void> {
    const context = await this.#context?.catch(() => undefined)
    await context?.dispose()
  }
}
