import type { Kernel, Pointer } from '../kernel/kernel.ts'

/** Rows of scores computed at once; a block of rows needs no column past its last row (causal). */
const BLOCK = 64

interface AttentionShape {
  sequences: number
  length: number
  dim: number
  heads: number
}

interface Heads {
  q: Pointer
  k: Pointer
  v: Pointer
  /** Probabilities `[sequence][head][length][length]`, kept for the backward pass. */
  probabilities: Pointer
}

/** `out = softmax(q k^T / sqrt(headSize)) v` for each sequence and head. */
export function attend(kernel: Kernel, shape: AttentionShape, { q, k, v, probabilities }: Heads, out: Pointer): void {
  const { dim, length } = shape
  const size = dim / shape.heads
  for (const { at, square } of eachHead(shape)) {
    const scores = probabilities + square
    for (const [row, rows] of blocks(length)) {
      const from = at + row * dim * 4
      kernel.gemm(q + from, dim, 1, k + at, 1, dim, scores + row * length * 4, length, rows, row + rows, size, 0)
    }
    kernel.causalSoftmax(scores, length, 1 / Math.sqrt(size))
    for (const [row, rows] of blocks(length)) {
      const from = at + row * dim * 4
      kernel.gemm(scores + row * length * 4, length, 1, v + at, dim, 1, out + from, dim, rows, size, row + rows, 0)
    }
  }
}

/** Gradients of q, k and v from that of `out`; `square` is room for one head's scores. */
export function attendBackward(
  kernel: Kernel,
  shape: AttentionShape,
  { q, k, v, probabilities }: Heads,
  dOut: Pointer,
  d: Record<'q' | 'k' | 'v' | 'square', Pointer>,
): void {
  const { dim, length } = shape
  const size = dim / shape.heads
  for (const { at, square } of eachHead(shape)) {
    const scores = probabilities + square
    for (const [row, rows] of blocks(length)) {
      const from = at + row * dim * 4
      const dScores = d.square + row * length * 4
      kernel.gemm(dOut + from, dim, 1, v + at, 1, dim, dScores, length, rows, row + rows, size, 0)
    }
    kernel.causalSoftmaxBackward(scores, d.square, length, 1 / Math.sqrt(size))
    for (const [row, rows] of blocks(length)) {
      const from = at + row * dim * 4
      const diagonal = row * (length + 1) * 4
      const below = length - row
      kernel.gemm(d.square + row * length * 4, length, 1, k + at, dim, 1, d.q + from, dim, rows, size, row + rows, 0)
      kernel.gemm(d.square + diagonal, 1, length, q + from, dim, 1, d.k + from, dim, rows, size, below, 0)
      kernel.gemm(scores + diagonal, 1, length, dOut + from, dim, 1, d.v + from, dim, rows, size, below, 0)
    }
  }
}

function* eachHead({ sequences, length, dim, heads }: AttentionShape): Generator<{ at: number; square: number }> {
  for (let sequence = 0; sequence < sequences; sequence++) {
    for (let head = 0; head < heads; head++) {
      const at = (sequence * length * dim + (head * dim) / heads) * 4
      yield { at, square: (sequence * heads + head) * length * length * 4 }
    }
  }
}

function* blocks(length: number): Generator<[row: number, rows: number]> {
  for (let row = 0; row < length; row += BLOCK) yield [row, Math.min(BLOCK, length - row)]
}
