import { createKernel, type Kernel, type Pointer } from '../kernel/kernel.ts'
import { Prng } from '../prng.ts'
import { attend, attendBackward } from './attention.ts'
import { type ModelConfig, ROPE_BASE } from './config.ts'
import { parameterCount, parameters } from './parameters.ts'

interface LayerActivations {
  input: Pointer
  norm1: Pointer
  inverse1: Pointer
  q: Pointer
  k: Pointer
  v: Pointer
  probabilities: Pointer
  attended: Pointer
  middle: Pointer
  norm2: Pointer
  inverse2: Pointer
  gate: Pointer
  up: Pointer
  hidden: Pointer
}

/** A model in kernel memory: weights, gradients, and the activations of one batch. */
export class Network {
  readonly kernel: Kernel
  readonly config: ModelConfig
  /** Number of weights. */
  readonly count: number
  readonly weightsAt: Pointer
  readonly gradientsAt: Pointer
  readonly #offsets = new Map<string, number>()
  readonly #rowLimit: number
  readonly #ids: Pointer
  readonly #targets: Pointer
  readonly #angles: Pointer
  readonly #layers: LayerActivations[] = []
  readonly #output: Pointer
  readonly #outputNorm: Pointer
  readonly #outputInverse: Pointer
  readonly #logits: Pointer
  readonly #d: Record<'stream' | 'norm' | 'q' | 'k' | 'v' | 'gate' | 'up' | 'hidden' | 'square', Pointer>
  #sequences = 0
  #length = 0

  /** @param sequences most sequences of `config.context` tokens in one batch */
  constructor(config: ModelConfig, sequences: number) {
    const kernel = createKernel()
    const rows = sequences * config.context
    const { dim, ff, heads, context } = config
    const square = context * context
    this.kernel = kernel
    this.config = config
    this.count = parameterCount(config)
    this.#rowLimit = rows
    for (const { name, offset } of parameters(config)) this.#offsets.set(name, offset * 4)
    const stream = () => kernel.allocate(rows * dim)
    const wide = () => kernel.allocate(rows * ff)
    const column = () => kernel.allocate(rows)
    this.weightsAt = kernel.allocate(this.count)
    this.gradientsAt = kernel.allocate(this.count)
    this.#ids = column()
    this.#targets = column()
    this.#angles = kernel.allocate((context * dim) / heads)
    kernel.ropeTable(this.#angles, context, dim / heads, ROPE_BASE)
    for (let layer = 0; layer < config.layers; layer++) {
      this.#layers.push({
        ...{ input: stream(), norm1: stream(), inverse1: column(), q: stream(), k: stream(), v: stream() },
        ...{ probabilities: kernel.allocate(sequences * heads * square), attended: stream(), middle: stream() },
        ...{ norm2: stream(), inverse2: column(), gate: wide(), up: wide(), hidden: wide() },
      })
    }
    this.#output = stream()
    this.#outputNorm = stream()
    this.#outputInverse = column()
    this.#logits = kernel.allocate(rows * config.vocab)
    this.#d = {
      ...{ stream: stream(), norm: stream(), q: stream(), k: stream(), v: stream() },
      ...{ gate: wide(), up: wide(), hidden: wide(), square: kernel.allocate(square) },
    }
  }

  /** Fresh weights, a function of the seed alone. */
  initialize(seed: number): void {
    const random = new Prng(seed)
    const weights = this.weights()
    for (const { offset, count, deviation } of parameters(this.config)) {
      for (let i = offset; i < offset + count; i++) {
        weights[i] = deviation === undefined ? 1 : random.normal() * deviation
      }
    }
  }

  /** Live view of all weights, in the order of {@link parameters}. */
  weights(): Float32Array<ArrayBuffer> {
    return this.kernel.floats(this.weightsAt, this.count)
  }

  /** Live view of the accumulated gradients. */
  gradients(): Float32Array<ArrayBuffer> {
    return this.kernel.floats(this.gradientsAt, this.count)
  }

  /**
   * Logits `[ids.length, vocab]`: a view, valid until the next call.
   * @param ids `ids.length / length` sequences of `length` tokens, a multiple of 8 up to the context
   */
  forward(ids: Uint32Array, length: number): Float32Array<ArrayBuffer> {
    const { kernel } = this
    const { dim, ff, vocab, heads } = this.config
    const rows = ids.length
    if (rows > this.#rowLimit || rows % length !== 0 || length % 8 !== 0) throw new RangeError('batch does not fit')
    this.#length = length
    this.#sequences = rows / length
    const shape = { sequences: this.#sequences, length, dim, heads }
    kernel.words(this.#ids, rows).set(ids)
    kernel.embed(this.#weight('token_embd'), this.#ids, this.#layers[0]!.input, rows, dim)
    for (const [index, a] of this.#layers.entries()) {
      const weight = (name: string) => this.#weight(`blk.${index}.${name}`)
      const output = this.#layers[index + 1]?.input ?? this.#output
      kernel.rmsNorm(a.input, weight('attn_norm'), a.norm1, a.inverse1, rows, dim)
      this.#linear(a.norm1, weight('attn_q'), a.q, dim, dim)
      this.#linear(a.norm1, weight('attn_k'), a.k, dim, dim)
      this.#linear(a.norm1, weight('attn_v'), a.v, dim, dim)
      kernel.rope(a.q, this.#angles, shape.sequences, length, dim, dim / heads, 1)
      kernel.rope(a.k, this.#angles, shape.sequences, length, dim, dim / heads, 1)
      attend(kernel, shape, a, a.attended)
      this.#linear(a.attended, weight('attn_output'), a.middle, dim, dim)
      kernel.add(a.middle, a.input, rows * dim)
      kernel.rmsNorm(a.middle, weight('ffn_norm'), a.norm2, a.inverse2, rows, dim)
      this.#linear(a.norm2, weight('ffn_gate'), a.gate, dim, ff)
      this.#linear(a.norm2, weight('ffn_up'), a.up, dim, ff)
      kernel.swiglu(a.gate, a.up, a.hidden, rows * ff)
      this.#linear(a.hidden, weight('ffn_down'), output, ff, dim)
      kernel.add(output, a.middle, rows * dim)
    }
    kernel.rmsNorm(this.#output, this.#weight('output_norm'), this.#outputNorm, this.#outputInverse, rows, dim)
    this.#linear(this.#outputNorm, this.#weight('output'), this.#logits, dim, vocab)
    return kernel.floats(this.#logits, rows * vocab)
  }

  /** Mean loss in nats per token of predicting `targets` from `ids`. */
  loss(ids: Uint32Array, targets: Uint32Array, length: number): number {
    return this.#crossEntropy(ids, targets, length, 0)
  }

  /** The loss, with its gradient added to {@link gradients}. */
  lossAndGradient(ids: Uint32Array, targets: Uint32Array, length: number): number {
    const loss = this.#crossEntropy(ids, targets, length, 1)
    this.#backward()
    return loss
  }

  #crossEntropy(ids: Uint32Array, targets: Uint32Array, length: number, gradient: 0 | 1): number {
    this.forward(ids, length)
    this.kernel.words(this.#targets, targets.length).set(targets)
    return this.kernel.crossEntropy(this.#logits, this.#targets, ids.length, this.config.vocab, gradient)
  }

  #backward(): void {
    const { kernel } = this
    const d = this.#d
    const { dim, ff, vocab, heads } = this.config
    const rows = this.#sequences * this.#length
    const shape = { sequences: this.#sequences, length: this.#length, dim, heads }
    this.#linearBackward(this.#outputNorm, 'output', this.#logits, d.norm, dim, vocab)
    kernel.floats(d.stream, rows * dim).fill(0)
    this.#normBackward(this.#output, 'output_norm', this.#outputInverse)
    for (const [index, a] of [...this.#layers.entries()].reverse()) {
      const name = (part: string) => `blk.${index}.${part}`
      this.#linearBackward(a.hidden, name('ffn_down'), d.stream, d.hidden, ff, dim)
      kernel.swigluBackward(a.gate, a.up, d.hidden, d.gate, d.up, rows * ff)
      this.#linearBackward(a.norm2, name('ffn_gate'), d.gate, d.norm, dim, ff)
      this.#linearBackward(a.norm2, name('ffn_up'), d.up, d.norm, dim, ff, 1)
      this.#normBackward(a.middle, name('ffn_norm'), a.inverse2)
      // `hidden` is free again and at least as needed here: it takes the gradient of the attention's output.
      this.#linearBackward(a.attended, name('attn_output'), d.stream, d.norm, dim, dim)
      attendBackward(kernel, shape, a, d.norm, { dq: d.q, dk: d.k, dv: d.v, scratch: d.square })
      kernel.rope(d.q, this.#angles, shape.sequences, shape.length, dim, dim / heads, -1)
      kernel.rope(d.k, this.#angles, shape.sequences, shape.length, dim, dim / heads, -1)
      this.#linearBackward(a.norm1, name('attn_q'), d.q, d.norm, dim, dim)
      this.#linearBackward(a.norm1, name('attn_k'), d.k, d.norm, dim, dim, 1)
      this.#linearBackward(a.norm1, name('attn_v'), d.v, d.norm, dim, dim, 1)
      this.#normBackward(a.input, name('attn_norm'), a.inverse1)
    }
    kernel.embedBackward(this.#gradient('token_embd'), this.#ids, d.stream, rows, dim)
  }

  #weight(name: string): Pointer {
    return this.weightsAt + this.#offsets.get(`${name}.weight`)!
  }

  #gradient(name: string): Pointer {
    return this.gradientsAt + this.#offsets.get(`${name}.weight`)!
  }

  /** `y[rows, outputs] = x[rows, inputs] * weight[outputs, inputs]^T` */
  #linear(x: Pointer, weight: Pointer, y: Pointer, inputs: number, outputs: number): void {
    const rows = this.#sequences * this.#length
    this.kernel.gemm(x, inputs, 1, weight, 1, inputs, y, outputs, rows, outputs, inputs, 0)
  }

  #linearBackward(
    ...[x, name, dy, dx, inputs, outputs, addToInput = 0]: [
      ...[x: Pointer, name: string, dy: Pointer, dx: Pointer],
      ...[inputs: number, outputs: number, addToInput?: 0 | 1],
    ]
  ): void {
    const { kernel } = this
    const rows = this.#sequences * this.#length
    kernel.gemm(dy, outputs, 1, this.#weight(name), inputs, 1, dx, inputs, rows, inputs, outputs, addToInput)
    kernel.gemm(dy, 1, outputs, x, inputs, 1, this.#gradient(name), inputs, outputs, inputs, rows, 1)
  }

  /** Adds the gradient through a norm, found in `d.norm`, to the stream's. */
  #normBackward(x: Pointer, name: string, inverse: Pointer): void {
    const rows = this.#sequences * this.#length
    const { dim } = this.config
    const d = this.#d
    this.kernel.rmsNormBackward(
      ...([x, this.#weight(name), inverse, d.norm] as const),
      ...([d.stream, this.#gradient(name), rows, dim] as const),
    )
  }
}
