import { DcmlError } from '@dcml/protocol'
import type { Corpus } from '../corpus/corpus.ts'
import type { Pointer } from '../kernel/kernel.ts'
import { Network } from '../model/network.ts'
import { Batches } from './batches.ts'
import { learningRate, type TrainingConfig } from './config.ts'

const EPSILON = 1e-8

/** Everything a run needs to go on as if it had never stopped. */
export interface TrainerState {
  /** Steps done. */
  step: number
  /** Windows of the corpus read. */
  cursor: number
  weights: Float32Array<ArrayBuffer>
  /** AdamW's running mean and variance of the gradient. */
  mean: Float32Array<ArrayBuffer>
  variance: Float32Array<ArrayBuffer>
}

/** What one step did. */
export interface StepResult {
  /** Steps done. */
  step: number
  /** Mean loss of the batch before the update, nats per token. */
  loss: number
  /** Norm of the gradient before clipping. */
  gradientNorm: number
  /** Learning rate used. */
  rate: number
}

/**
 * Trains one model on one corpus. Same config, corpus and steps: same weights, bit for bit, on any machine.
 */
export class Trainer {
  readonly config: TrainingConfig
  readonly network: Network
  readonly #train: Batches
  readonly #validation: Batches
  readonly #mean: Pointer
  readonly #variance: Pointer
  #step = 0
  #cursor = 0

  /** @throws DcmlError `corpus_too_small`, `model_too_large` */
  constructor(config: TrainingConfig, corpus: Pick<Corpus, 'train' | 'validation'>) {
    this.config = config
    this.network = new Network(config.model, config.batch)
    this.#mean = this.network.kernel.allocate(this.network.count)
    this.#variance = this.network.kernel.allocate(this.network.count)
    this.#train = new Batches(corpus.train, config.model.context, config.seed)
    this.#validation = new Batches(corpus.validation, config.model.context, 0)
    this.network.initialize(config.seed)
  }

  /** Steps done. */
  get step(): number {
    return this.#step
  }

  /**
   * One update.
   * @param steps length of the whole run, which places the fall of the learning rate
   * @throws DcmlError `training_diverged` when loss or gradient are not finite; the weights stay as they were
   */
  advance(steps: number): StepResult {
    const { batch, model, beta1, beta2, clip, weightDecay } = this.config
    const { network } = this
    const { kernel, count } = network
    const { ids, targets } = this.#train.read(this.#cursor, batch)
    const loss = network.lossAndGradient(ids, targets, model.context)
    const gradientNorm = Math.sqrt(kernel.sumOfSquares(network.gradientsAt, count))
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      throw new DcmlError('training_diverged', `The loss is no longer finite at step ${this.#step + 1}`, {
        hint: 'Lower the learning rate, or lengthen the warm-up, and start again from an earlier checkpoint.',
        details: { step: this.#step + 1 },
      })
    }
    const rate = learningRate(this.config, this.#step, steps)
    this.#step++
    this.#cursor += batch
    kernel.adamW(
      network.weightsAt,
      network.gradientsAt,
      this.#mean,
      this.#variance,
      count,
      rate,
      beta1,
      beta2,
      EPSILON,
      weightDecay,
      1 / (1 - power(beta1, this.#step)),
      1 / (1 - power(beta2, this.#step)),
      gradientNorm > clip ? clip / gradientNorm : 1,
    )
    return { step: this.#step, loss, gradientNorm, rate }
  }

  /** Mean loss over the first `batches` batches of the validation text, nats per token. */
  evaluate(batches: number): number {
    const { batch, model } = this.config
    let total = 0
    for (let i = 0; i < batches; i++) {
      const { ids, targets } = this.#validation.read(i * batch, batch)
      total += this.network.loss(ids, targets, model.context)
    }
    return total / batches
  }

  /** A copy of the state. */
  save(): TrainerState {
    const { kernel, count } = this.network
    return {
      step: this.#step,
      cursor: this.#cursor,
      weights: this.network.weights().slice(),
      mean: kernel.floats(this.#mean, count).slice(),
      variance: kernel.floats(this.#variance, count).slice(),
    }
  }

  /** Goes on from a state saved under the same config and corpus. */
  restore(state: TrainerState): void {
    const { kernel, count } = this.network
    this.#step = state.step
    this.#cursor = state.cursor
    this.network.weights().set(state.weights)
    this.network.gradients().fill(0)
    kernel.floats(this.#mean, count).set(state.mean)
    kernel.floats(this.#variance, count).set(state.variance)
  }
}

/** base^exponent by squaring: unlike `**`, made of multiplications only, hence the same everywhere. */
function power(base: number, exponent: number): number {
  let result = 1
  for (let square = base, rest = exponent; rest > 0; rest = Math.floor(rest / 2), square *= square) {
    if (rest % 2 === 1) result *= square
  }
  return result
}
