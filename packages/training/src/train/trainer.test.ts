import { expect, test } from 'vitest'
import { type Corpus, tokenCorpus } from '../corpus/corpus.ts'
import { DEFAULT_TRAINING } from './config.ts'
import { Trainer } from './trainer.ts'

const model = { dim: 32, layers: 2, heads: 2, ff: 48, context: 32, vocab: 260 }
const config = { ...DEFAULT_TRAINING, model, batch: 2, warmup: 5, rate: 1e-2 }
const rhyme = 'the rain in spain stays mainly in the plain, and so it does again. '
const corpus: Corpus = tokenCorpus(rhyme.repeat(20), rhyme.repeat(3), { source: {}, rawH: '' })

test('a text that repeats itself is learnt by heart', () => {
  const trainer = new Trainer(config, corpus)
  const before = trainer.evaluate(2)
  for (let step = 0; step < 150; step++) trainer.advance(150)
  expect(before).toBeGreaterThan(5)
  expect(trainer.evaluate(2)).toBeLessThan(0.3)
})

test('a restored run goes on bit for bit', () => {
  const whole = new Trainer(config, corpus)
  for (let step = 0; step < 5; step++) whole.advance(12)
  const state = whole.save()
  const rest = Array.from({ length: 7 }, () => whole.advance(12))
  const resumed = new Trainer(config, corpus)
  resumed.restore(state)
  expect(Array.from({ length: 7 }, () => resumed.advance(12))).toEqual(rest)
  expect(resumed.save()).toEqual(whole.save())
})

test('a run that leaves the numbers stops before it spoils the weights', () => {
  const trainer = new Trainer(config, corpus)
  trainer.advance(10)
  trainer.network.weights().fill(Number.NaN)
  const before = trainer.save()
  expect(() => trainer.advance(10)).toThrow(expect.objectContaining({ code: 'training_diverged' }))
  expect(trainer.save()).toEqual(before)
})
