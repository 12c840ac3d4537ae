import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Prng } from '../prng.ts'
import { compileKernel } from './build.ts'
import { createKernel, type Kernel } from './kernel.ts'
import { kernelWasm } from './wasm.ts'

test('the committed module is what the source compiles to', async () => {
  expect(Buffer.from(await compileKernel()).toString('base64')).toBe(kernelWasm)
})

test('the module has no relaxed SIMD, whose results differ between machines', async () => {
  // Relaxed instructions are 0xfd followed by an opcode from 0x100, that is LEB128 0x80-0xff 0x02.
  const bytes = Buffer.from(kernelWasm, 'base64')
  const relaxed = bytes.findIndex((byte, at) => byte === 0xfd && bytes[at + 1]! >= 0x80 && bytes[at + 2] === 0x02)
  expect(relaxed).toBe(-1)
})

function random(kernel: Kernel, count: number, seed: number) {
  const pointer = kernel.allocate(count)
  const source = new Prng(seed)
  const values = Float32Array.from({ length: count }, () => source.uniform() - 0.5)
  kernel.floats(pointer, count).set(values)
  return { pointer, values }
}

test('gemm multiplies any shapes, transposed or not, and adds when asked', () => {
  const size = fc.integer({ min: 1, max: 70 })
  const shape = fc.record({
    m: size,
    n: fc.oneof(size, fc.constant(530)),
    k: fc.oneof(size, fc.constant(530)),
    transposeA: fc.boolean(),
    transposeB: fc.boolean(),
    accumulate: fc.boolean(),
  })
  fc.assert(
    fc.property(shape, ({ m, n, k, transposeA, transposeB, accumulate }) => {
      const kernel = createKernel()
      const a = random(kernel, m * k, 1)
      const b = random(kernel, k * n, 2)
      const c = random(kernel, m * n, 3)
      const [aRow, aCol] = transposeA ? [1, m] : [k, 1]
      const [bRow, bCol] = transposeB ? [1, k] : [n, 1]
      const add = accumulate ? 1 : 0
      kernel.gemm(a.pointer, aRow!, aCol!, b.pointer, bRow!, bCol!, c.pointer, n, m, n, k, add)
      const actual = kernel.floats(c.pointer, m * n)
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let sum = add * c.values[i * n + j]!
          for (let x = 0; x < k; x++) sum += a.values[i * aRow! + x * aCol!]! * b.values[x * bRow! + j * bCol!]!
          if (Math.abs(actual[i * n + j]! - sum) > 1e-5) throw new Error(`row ${i}, column ${j}`)
        }
      }
    }),
    { numRuns: 40 },
  )
})

test('gemm writes nothing beside a piece of a larger matrix', () => {
  const kernel = createKernel()
  const a = random(kernel, 5 * 6, 1)
  const b = random(kernel, 6 * 7, 2)
  const c = random(kernel, 9 * 11, 3)
  kernel.gemm(a.pointer, 6, 1, b.pointer, 7, 1, c.pointer + (11 + 2) * 4, 11, 5, 7, 6, 0)
  const actual = kernel.floats(c.pointer, 9 * 11)
  for (const [at, before] of c.values.entries()) {
    const [row, column] = [Math.floor(at / 11), at % 11]
    const inside = row >= 1 && row < 6 && column >= 2 && column < 9
    if (!inside) expect(actual[at]).toBe(before)
  }
})

test('the causal softmax keeps its precision over the whole range of scores', () => {
  const size = 16
  const kernel = createKernel()
  const scores = random(kernel, size * size, 7)
  const scaled = scores.values.map((value) => value * 160)
  kernel.floats(scores.pointer, size * size).set(scaled)
  kernel.causalSoftmax(scores.pointer, size, 0.5)
  const actual = kernel.floats(scores.pointer, size * size)
  for (let row = 0; row < size; row++) {
    const exps = [...scaled.subarray(row * size, row * size + row + 1)].map((score) => Math.exp(score / 2))
    const total = exps.reduce((sum, value) => sum + value, 0)
    for (let column = 0; column < size; column++) {
      const expected = (exps[column] ?? 0) / total
      expect(Math.abs(actual[row * size + column]! - expected)).toBeLessThan(1e-5 * expected + 1e-30)
    }
  }
})

test('cross entropy survives logits no exponential can hold', () => {
  const kernel = createKernel()
  const logits = kernel.allocate(8)
  const targets = kernel.allocate(2)
  kernel.floats(logits, 8).set([1e4, 0, 0, 0, -1e4, -1e4, 0, 0])
  kernel.words(targets, 2).set([0, 2])
  expect(kernel.crossEntropy(logits, targets, 2, 4, 0)).toBeCloseTo(Math.log(2) / 2, 6)
})
