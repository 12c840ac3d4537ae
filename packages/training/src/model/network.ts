import { createKernel, type Kernel, type Pointer } from '../kernel/kernel.ts'
import { Prng } from '../prng.ts'
import { type Activations, allocateActivations } from './activations.ts'
import { attend, attendBackward } from './attention.ts'
import { type ModelConfig, ROPE_BASE } from './config.ts'
import { parameterCount, parameters } from './parameters.ts'

/** A model in kernel memory: weights, gradients, and the activations of one batch. */
export class Network {
  readonly kernel: Kernel
  readonly config: ModelConfig
  /** Number of weights. */
  readonly count: number
  readonly weightsAt: Pointer
  readonly gradientsAt: Pointer
  readonly #offsets: Map<string, number>
  readonly #angles: Pointer
  readonly #at: Activations
  readonly #sequenceLimit: number
  #sequences = 0
  #length = 0

  /**
   * @param sequences most sequences of `config.context` tokens in one batch
   * @throws DcmlError `model_too_large`
   */
  constructor(config: ModelConfig, sequences: number) {
    const { dim, heads, context } = config
    this.config = config
    this.kernel = createKernel()
    this.count = parameterCount(config)
    this.weightsAt = this.kernel.allocate(this.count)
    this.gradientsAt = this.kernel.allocate(this.count)
    this.#offsets = new Map(parameters(config).map(({ name, offset }) => [name, offset * 4]))
    this.#angles = this.kernel.allocate((context * dim) / heads)
    this.kernel.ropeTable(this.#angles, context, dim / heads, ROPE_BASE)
    this.#at = allocateActivations(this.kernel, config, sequences)
    this.#sequenceLimit = sequences
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
   * @throws RangeError when the batch does not fit
   */
  forward(ids: Uint32Array, length: number): Float32Array<ArrayBuffer> {
    const { kernel } = this
    const { dim, ff, vocab, heads, context } = this.config
    const at = this.#at
    const rows = ids.length
    this.#length = length
    this.#sequences = rows / length
    const fits = length % 8 === 0 && length <= context && this.#sequences <= this.#sequenceLimit
    if (!fits || !Number.isInteger(this.#sequences)) throw new RangeError(`${rows} tokens by ${length} do not fit`)
    if (ids.some((id) => id >= vocab)) throw new RangeError('A token is not in the vocabulary')
    kernel.words(at.ids, rows).set(ids)
    kernel.embed(this.#weight('token_embd'), at.ids, at.layers[0]!.input, rows, dim)
    for (const [index, a] of at.layers.entries()) {
      const name = (part: string) => `blk.${index}.${part}`
      const output = at.layers[index + 1]?.input ?? at.output
      kernel.rmsNorm(a.input, this.#weight(name('attn_norm')), a.norm1, a.inverse1, rows, dim)
      this.#linear(a.norm1, name('attn_q'), a.q, dim, dim)
      this.#linear(a.norm1, name('attn_k'), a.k, dim, dim)
      this.#linear(a.norm1, name('attn_v'), a.v, dim, dim)
      this.#rotate(a.q, 1)
      this.#rotate(a.k, 1)
      attend(kernel, { sequences: this.#sequences, length, dim, heads }, a, a.attended)
      this.#linear(a.attended, name('attn_output'), a.middle, dim, dim)
      kernel.add(a.middle, a.input, rows * dim)
      kernel.rmsNorm(a.middle, this.#weight(name('ffn_norm')), a.norm2, a.inverse2, rows, dim)
      this.#linear(a.norm2, name('ffn_gate'), a.gate, dim, ff)
      this.#linear(a.norm2, name('ffn_up'), a.up, dim, ff)
      kernel.swiglu(a.gate, a.up, a.hidden, rows * ff)
      this.#linear(a.hidden, name('ffn_down'), output, ff, dim)
      kernel.add(output, a.middle, rows * dim)
    }
    kernel.rmsNorm(at.output, this.#weight('output_norm'), at.outputNorm, at.outputInverse, rows, dim)
    this.#linear(at.outputNorm, 'output', at.logits, dim, vocab)
    return kernel.floats(at.logits, rows * vocab)
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

  /** With `gradient`, leaves the gradient of the logits in their place. */
  #crossEntropy(ids: Uint32Array, targets: Uint32Array, length: number, gradient: 0 | 1): number {
    const { vocab } = this.config
    if (targets.length !== ids.length || targets.some((id) => id >= vocab)) throw new RangeError('Targets do not fit')
    this.forward(ids, length)
    this.kernel.words(this.#at.targets, targets.length).set(targets)
    return this.kernel.crossEntropy(this.#at.logits, this.#at.targets, ids.length, vocab, gradient)
  }

  #backward(): void {
    const { kernel } = this
    const { dim, ff, vocab, heads } = this.config
    const { d, ...at } = this.#at
    const length = this.#length
    const rows = this.#sequences * length
    this.#linearBackward(at.outputNorm, 'output', at.logits, d.norm, dim, vocab)
    kernel.floats(d.stream, rows * dim).fill(0)
    this.#normBackward(at.output, 'output_norm', at.outputInverse)
    for (const [index, a] of [...at.layers.entries()].reverse()) {
      const name = (part: string) => `blk.${index}.${part}`
      this.#linearBackward(a.hidden, name('ffn_down'), d.stream, d.hidden, ff, dim)
      kernel.swigluBackward(a.gate, a.up, d.hidden, d.gate, d.up, rows * ff)
      this.#linearBackward(a.norm2, name('ffn_gate'), d.gate, d.norm, dim, ff)
      this.#linearBackward(a.norm2, name('ffn_up'), d.up, d.norm, dim, ff, 1)
      this.#normBackward(a.middle, name('ffn_norm'), a.inverse2)
      this.#linearBackward(a.attended, name('attn_output'), d.stream, d.norm, dim, dim)
      attendBackward(kernel, { sequences: this.#sequences, length, dim, heads }, a, d.norm, d)
      this.#rotate(d.q, -1)
      this.#rotate(d.k, -1)
      this.#linearBackward(a.norm1, name('attn_q'), d.q, d.norm, dim, dim)
      this.#linearBackward(a.norm1, name('attn_k'), d.k, d.norm, dim, dim, 1)
      this.#linearBackward(a.norm1, name('attn_v'), d.v, d.norm, dim, dim, 1)
      this.#normBackward(a.input, name('attn_norm'), a.inverse1)
    }
    kernel.embedBackward(this.#gradient('token_embd'), at.ids, d.stream, rows, dim)
  }

  #weight(name: string): Pointer {
    return this.weightsAt + this.#offsets.get(`${name}.weight`)!
  }

  #gradient(name: string): Pointer {
    return this.gradientsAt + this.#offsets.get(`${name}.weight`)!
  }

  #rotate(x: Pointer, direction: 1 | -1): void {
    const { dim, heads } = this.config
    this.kernel.rope(x, this.#angles, this.#sequences, this.#length, dim, dim / heads, direction)
  }

  /** `y[rows, outputs] = x[rows, inputs] * weight[outputs, inputs]^T` */
  #linear(x: Pointer, name: string, y: Pointer, inputs: number, outputs: number): void {
    const rows = this.#sequences * this.#length
    this.kernel.gemm(x, inputs, 1, this.#weight(name), 1, inputs, y, outputs, rows, outputs, inputs, 0)
  }

  #linearBackward(
    x: Pointer,
    name: string,
    dy: Pointer,
    dx: Pointer,
    inputs: number,
    outputs: number,
    addToInput: 0 | 1 = 0,
  ): void {
    const { kernel } = this
    const rows = this.#sequences * this.#length
    kernel.gemm(dy, outputs, 1, this.#weight(name), inputs, 1, dx, inputs, rows, inputs, outputs, addToInput)
    kernel.gemm(dy, 1, outputs, x, inputs, 1, this.#gradient(name), inputs, outputs, inputs, rows, 1)
  }

  /** Adds the gradient through a norm, found in `d.norm`, to the residual stream's. */
  #normBackward(x: Pointer, name: string, inverse: Pointer): void {
    const rows = this.#sequences * this.#length
    const { norm, stream } = this.#at.d
    const { kernel, config } = this
    kernel.rmsNormBackward(x, this.#weight(name), inverse, norm, stream, this.#gradient(name), rows, config.dim)
  }
}
