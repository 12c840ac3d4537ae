import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parameterCount } from '../model/parameters.ts'
import { type Checkpoint, checkResume, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts'
import { DEFAULT_TRAINING } from './config.ts'

const model = { dim: 8, layers: 1, heads: 1, ff: 8, context: 8, vocab: 4 }
const count = parameterCount(model)
const checkpoint: Checkpoint = {
  config: { ...DEFAULT_TRAINING, model, decay: 10 },
  steps: 50,
  tokensH: 'ab'.repeat(32),
  state: {
    step: 7,
    cursor: 28,
    weights: new Float32Array(count).fill(1.5),
    mean: new Float32Array(count).fill(-2),
    variance: new Float32Array(count).fill(1e-20),
  },
}
const bytes = encodeCheckpoint(checkpoint)

test('a checkpoint comes back as it was', () => {
  expect(decodeCheckpoint(bytes)).toEqual(checkpoint)
  expect(decodeCheckpoint(Buffer.from(bytes))).toEqual(checkpoint)
})

test('any changed, missing or added byte is noticed', () => {
  const invalid = expect.objectContaining({ code: 'checkpoint_invalid' })
  fc.assert(
    fc.property(fc.nat({ max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = bytes.slice()
      changed[at]! ^= flip
      expect(() => decodeCheckpoint(changed)).toThrow(invalid)
      expect(() => decodeCheckpoint(bytes.subarray(0, at))).toThrow(invalid)
    }),
  )
  expect(() => decodeCheckpoint(Uint8Array.of(...bytes, 0))).toThrow(invalid)
})

test('a run may be lengthened until its learning rate falls, and nothing else may change', () => {
  const at = (step: number, change: Partial<Checkpoint>) => {
    const saved = { ...checkpoint, state: { ...checkpoint.state, step } }
    return () => checkResume(saved, { ...checkpoint, ...change })
  }
  const mismatch = expect.objectContaining({ code: 'resume_mismatch' })
  const { config } = checkpoint
  at(45, {})()
  at(40, { steps: 90 })()
  at(40, { steps: 90, config: { ...config, decay: 50 } })()
  expect(at(41, { steps: 90 })).toThrow(mismatch)
  expect(at(40, { steps: 49 })).toThrow(mismatch)
  expect(at(1, { config: { ...config, rate: 0.1 } })).toThrow(mismatch)
  expect(at(1, { tokensH: 'cd'.repeat(32) })).toThrow(mismatch)
})
