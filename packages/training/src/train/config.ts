import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'
import { type ModelConfig, modelSchema } from '../model/config.ts'

const rate = (max: number) => v.pipe(v.number(), v.minValue(0), v.maxValue(max))
const count = (min: number, max: number) => v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max))

const trainingSchema = v.strictObject({
  model: modelSchema,
  seed: count(0, 2 ** 32 - 1),
  batch: count(1, 1024),
  warmup: count(0, 1e6),
  decay: count(0, 1e7),
  rate: rate(1),
  weightDecay: rate(1),
  beta1: rate(0.9999),
  beta2: rate(0.9999),
  clip: v.pipe(v.number(), v.gtValue(0), v.maxValue(1e6)),
})

/** Everything that decides the weights besides the corpus and the number of steps. */
export interface TrainingConfig {
  model: ModelConfig
  /** Seed of weights and of the order of the data. */
  seed: number
  /** Sequences of `model.context` tokens in one step. */
  batch: number
  /** Steps over which the learning rate rises to `rate`. */
  warmup: number
  /** Last steps of a run, over which the learning rate falls to 0; before them it is constant. */
  decay: number
  /** Highest learning rate. */
  rate: number
  /** AdamW's decoupled weight decay. */
  weightDecay: number
  beta1: number
  beta2: number
  /** Largest norm of the gradient; a longer one is scaled down. */
  clip: number
}

/** Settings that suit models of about a million weights. */
export const DEFAULT_TRAINING: Omit<TrainingConfig, 'model'> = {
  seed: 1,
  batch: 4,
  warmup: 100,
  decay: 0,
  rate: 3e-3,
  weightDecay: 0.1,
  beta1: 0.9,
  beta2: 0.95,
  clip: 1,
}

/**
 * Checks a config from outside.
 * @throws DcmlError `config_invalid`
 */
export function parseTrainingConfig(input: unknown): TrainingConfig {
  const result = v.safeParse(trainingSchema, input)
  if (result.success) return result.output
  const [issue] = result.issues
  throw new DcmlError('config_invalid', `Training config: ${v.getDotPath(issue) ?? 'value'}: ${issue.message}`, {
    hint: 'Correct this field of the training config.',
  })
}

/**
 * Learning rate of a step (from 0) in a run of `steps`: warm-up, plateau, linear fall. The plateau does not depend on
 * `steps`, so a run may be lengthened until the fall begins and still be the run it would have been.
 */
export function learningRate({ rate, warmup, decay }: TrainingConfig, step: number, steps: number): number {
  const rise = Math.min(1, (step + 1) / warmup)
  const fall = decay === 0 ? 1 : Math.min(1, (steps - step) / decay)
  return rate * Math.min(rise, fall)
}
