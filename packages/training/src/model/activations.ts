import type { Kernel, Pointer } from '../kernel/kernel.ts'
import type { ModelConfig } from './config.ts'

/** What one layer keeps from its forward pass for its backward pass; matrices are `[rows, dim]` unless said. */
export interface LayerActivations {
  input: Pointer
  norm1: Pointer
  /** 1/rms of each row. */
  inverse1: Pointer
  q: Pointer
  k: Pointer
  v: Pointer
  /** `[sequence][head][length][length]` */
  probabilities: Pointer
  attended: Pointer
  /** The residual stream after attention. */
  middle: Pointer
  norm2: Pointer
  inverse2: Pointer
  /** `[rows, ff]`, as are `up` and `hidden`. */
  gate: Pointer
  up: Pointer
  hidden: Pointer
}

/** Buffers for one batch. */
export interface Activations {
  ids: Pointer
  targets: Pointer
  layers: LayerActivations[]
  output: Pointer
  outputNorm: Pointer
  outputInverse: Pointer
  /** `[rows, vocab]` */
  logits: Pointer
  /** Gradients of what has the same name above, shared by all layers; `square` is one head's scores. */
  d: Record<'stream' | 'norm' | 'q' | 'k' | 'v' | 'gate' | 'up' | 'hidden' | 'square', Pointer>
}

/** Room for `sequences` sequences of `config.context` tokens. */
export function allocateActivations(kernel: Kernel, config: ModelConfig, sequences: number): Activations {
  const rows = sequences * config.context
  const square = config.context ** 2
  const column = () => kernel.allocate(rows)
  const stream = () => kernel.allocate(rows * config.dim)
  const wide = () => kernel.allocate(rows * config.ff)
  const layer = (): LayerActivations => ({
    input: stream(),
    norm1: stream(),
    inverse1: column(),
    q: stream(),
    k: stream(),
    v: stream(),
    probabilities: kernel.allocate(sequences * config.heads * square),
    attended: stream(),
    middle: stream(),
    norm2: stream(),
    inverse2: column(),
    gate: wide(),
    up: wide(),
    hidden: wide(),
  })
  return {
    ids: column(),
    targets: column(),
    layers: Array.from({ length: config.layers }, layer),
    output: stream(),
    outputNorm: stream(),
    outputInverse: column(),
    logits: kernel.allocate(rows * config.vocab),
    d: {
      stream: stream(),
      norm: stream(),
      q: stream(),
      k: stream(),
      v: stream(),
      gate: wide(),
      up: wide(),
      hidden: wide(),
      square: kernel.allocate(square),
    },
  }
}
