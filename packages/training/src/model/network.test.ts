import { expect, test } from 'vitest'
import { reference } from '../../test/reference.ts'
import { Prng } from '../prng.ts'
import type { ModelConfig } from './config.ts'
import { Network } from './network.ts'
import { parameters } from './parameters.ts'

const config: ModelConfig = { dim: 16, layers: 2, heads: 2, ff: 24, context: 16, vocab: 20 }

function sample(network: Network) {
  const random = new Prng(5)
  // Larger weights than a fresh model's, so that no path is close to linear.
  const weights = network.weights()
  for (let i = 0; i < weights.length; i++) weights[i] = random.normal() * 0.3 + 0.1
  const draw = () => Uint32Array.from({ length: 2 * config.context }, () => random.below(config.vocab))
  return { ids: draw(), targets: draw() }
}

test('loss, logits and every gradient agree with the model in double precision', () => {
  const network = new Network(config, 2)
  const { ids, targets } = sample(network)
  const expected = reference(config, network.weights(), ids, targets)
  const logits = [...network.forward(ids, config.context)]
  expect(network.lossAndGradient(ids, targets, config.context)).toBeCloseTo(expected.loss, 5)
  for (const [i, logit] of logits.entries()) {
    expect(logit).toBeCloseTo(expected.logits[Math.floor(i / config.vocab)]![i % config.vocab]!, 4)
  }
  const actual = network.gradients()
  for (const { name, offset, count } of parameters(config)) {
    let error = 0
    let size = 0
    for (let i = offset; i < offset + count; i++) {
      error += (actual[i]! - expected.gradients[i]!) ** 2
      size += expected.gradients[i]! ** 2
    }
    expect(size, name).toBeGreaterThan(0)
    expect(Math.sqrt(error / size), name).toBeLessThan(1e-5)
  }
})

test('gradients add up over calls', () => {
  const network = new Network(config, 2)
  const { ids, targets } = sample(network)
  network.lossAndGradient(ids, targets, config.context)
  const once = network.gradients().slice()
  network.lossAndGradient(ids, targets, config.context)
  const twice = network.gradients()
  for (const [i, g] of once.entries()) expect(twice[i]).toBeCloseTo(2 * g, 4)
})

test('a token cannot see what follows it', () => {
  const network = new Network(config, 1)
  const { ids } = sample(network)
  const short = ids.slice(0, config.context)
  const before = network.forward(short, config.context).slice(0, 10 * config.vocab)
  short.fill(1, 10)
  expect(network.forward(short, config.context).slice(0, 10 * config.vocab)).toEqual(before)
})

test('a model beyond the memory of a kernel is refused', () => {
  const large = { dim: 4096, layers: 64, heads: 32, ff: 11008, context: 512, vocab: 32000 }
  expect(() => new Network(large, 1)).toThrow(expect.objectContaining({ code: 'model_too_large' }))
})
