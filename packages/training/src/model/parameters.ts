import type { ModelConfig } from './config.ts'

/** One weight: a row-major `[outputs, inputs]` matrix or a vector, by the name llama.cpp gives it. */
export interface Parameter {
  name: string
  shape: readonly number[]
  /** First element within the flat weight vector. */
  offset: number
  count: number
  /** Standard deviation at initialisation; undefined means ones (norm weights). */
  deviation: number | undefined
}

/** Every weight of the model in file order; offsets run on without gaps. */
export function parameters(config: ModelConfig): Parameter[] {
  const { dim, ff, layers, vocab } = config
  const list: Parameter[] = []
  let offset = 0
  const define = (name: string, shape: number[], deviation?: number): void => {
    const count = shape.reduce((product, size) => product * size, 1)
    list.push({ name: `${name}.weight`, shape, offset, count, deviation })
    offset += count
  }
  // Writers to the residual stream start smaller, so that its variance does not grow with depth (GPT-2).
  const residual = 0.02 / Math.sqrt(2 * layers)
  define('token_embd', [vocab, dim], 0.02)
  for (let layer = 0; layer < layers; layer++) {
    define(`blk.${layer}.attn_norm`, [dim])
    define(`blk.${layer}.attn_q`, [dim, dim], 0.02)
    define(`blk.${layer}.attn_k`, [dim, dim], 0.02)
    define(`blk.${layer}.attn_v`, [dim, dim], 0.02)
    define(`blk.${layer}.attn_output`, [dim, dim], residual)
    define(`blk.${layer}.ffn_norm`, [dim])
    define(`blk.${layer}.ffn_gate`, [ff, dim], 0.02)
    define(`blk.${layer}.ffn_up`, [ff, dim], 0.02)
    define(`blk.${layer}.ffn_down`, [dim, ff], residual)
  }
  define('output_norm', [dim])
  define('output', [vocab, dim], 0.02)
  return list
}

/** How many numbers the model has. */
export function parameterCount(config: ModelConfig): number {
  const last = parameters(config).at(-1)!
  return last.offset + last.count
}
