import { expect, test } from 'vitest'
import { DEFAULT_TRAINING, learningRate, parseTrainingConfig } from './config.ts'

const model = { dim: 16, layers: 1, heads: 2, ff: 24, context: 16, vocab: 260 }
const config = { ...DEFAULT_TRAINING, model, rate: 1, warmup: 4, decay: 5 }

test('the learning rate rises, stays, and falls to nothing', () => {
  const rates = Array.from({ length: 16 }, (_, step) => learningRate(config, step, 15))
  expect(rates.map((rate) => rate.toFixed(2)).join(' ')).toBe(
    '0.25 0.50 0.75 1.00 1.00 1.00 1.00 1.00 1.00 1.00 1.00 0.80 0.60 0.40 0.20 0.00',
  )
  expect(learningRate({ ...config, warmup: 0, decay: 0 }, 0, 1)).toBe(1)
})

test('a config that makes no sense is refused with the name of the field', () => {
  const refused = (change: object, field: string) =>
    expect(() => parseTrainingConfig({ ...config, ...change })).toThrow(
      expect.objectContaining({ code: 'config_invalid', message: expect.stringContaining(field) }),
    )
  refused({ batch: 0 }, 'batch')
  refused({ rate: Number.NaN }, 'rate')
  refused({ clip: 0 }, 'clip')
  refused({ momentum: 1 }, 'momentum')
  refused({ model: { ...model, dim: 20 } }, 'model.dim')
  refused({ model: { ...model, heads: 8 } }, 'multiple of 4 * heads')
  expect(parseTrainingConfig(config)).toEqual(config)
})
