// Rotary positions and the causal softmax. `size` is the row stride of a square score matrix, a multiple of 4.
import { exp4, max4, sum4 } from './math'

/** Angle table `[position][pair](cos, sin)` with the frequencies `base^(-2i/headSize)`. */
export function ropeTable(table: usize, positions: i32, headSize: i32, base: f64): void {
  for (let t = 0; t < positions; t++) {
    for (let i = 0; i < headSize; i += 2) {
      const angle = <f64>t * NativeMath.pow(base, -(<f64>i) / <f64>headSize)
      store<f32>(table, <f32>NativeMath.cos(angle))
      store<f32>(table, <f32>NativeMath.sin(angle), 4)
      table += 8
    }
  }
}

/** Turns adjacent pairs in place by their position's angle; `direction` -1 turns back (the gradient). */
export function rope(
  x: usize, table: usize, sequences: i32, length: i32, width: i32, headSize: i32, direction: f32,
): void {
  const turn = f32x4(-direction, direction, -direction, direction)
  const headBytes = <usize>headSize << 2
  for (let row = 0; row < sequences * length; row++) {
    const angles = table + <usize>(row % length) * headBytes
    for (let head = 0; head < width; head += headSize) {
      for (let o: usize = 0; o < headBytes; o += 16, x += 16) {
        const v = v128.load(x)
        const cs = v128.load(angles + o)
        const cos = v128.shuffle<f32>(cs, cs, 0, 0, 2, 2)
        const sin = f32x4.mul(v128.shuffle<f32>(cs, cs, 1, 1, 3, 3), turn)
        const swapped = v128.shuffle<f32>(v, v, 1, 0, 3, 2)
        v128.store(x, f32x4.add(f32x4.mul(v, cos), f32x4.mul(swapped, sin)))
      }
    }
  }
}

// @ts-expect-error: decorator
@inline function upTo(columns: i32): usize {
  return <usize>((columns + 3) & ~3) << 2
}

/** Softmax of `scale * scores` over columns 0..row of each row; the rest of the row becomes 0. */
export function causalSoftmax(scores: usize, size: i32, scale: f32): void {
  const s = f32x4.splat(scale)
  const rowBytes = <usize>size << 2
  for (let row = 0; row < size; row++, scores += rowBytes) {
    const end = upTo(row + 1)
    for (let column = row + 1; column < <i32>(end >> 2); column++) {
      store<f32>(scores + (<usize>column << 2), -Infinity)
    }
    let largest = f32x4.splat(-Infinity)
    for (let o: usize = 0; o < end; o += 16) {
      const v = f32x4.mul(v128.load(scores + o), s)
      v128.store(scores + o, v)
      largest = f32x4.max(largest, v)
    }
    const top = f32x4.splat(max4(largest))
    let total = f32x4.splat(0)
    for (let o: usize = 0; o < end; o += 16) {
      const v = v128.load(scores + o)
      const e = v128.and(exp4(f32x4.sub(v, top)), f32x4.gt(v, f32x4.splat(-Infinity)))
      v128.store(scores + o, e)
      total = f32x4.add(total, e)
    }
    const inverse = f32x4.splat(<f32>1 / sum4(total))
    for (let o: usize = 0; o < end; o += 16) v128.store(scores + o, f32x4.mul(v128.load(scores + o), inverse))
    memory.fill(scores + end, 0, rowBytes - end)
  }
}

/** Turns the gradient of the probabilities into that of the unscaled scores, in place. */
export function causalSoftmaxBackward(probabilities: usize, gradient: usize, size: i32, scale: f32): void {
  const s = f32x4.splat(scale)
  const rowBytes = <usize>size << 2
  for (let row = 0; row < size; row++, probabilities += rowBytes, gradient += rowBytes) {
    const end = upTo(row + 1)
    let dot = f32x4.splat(0)
    for (let o: usize = 0; o < end; o += 16) {
      dot = f32x4.add(dot, f32x4.mul(v128.load(probabilities + o), v128.load(gradient + o)))
    }
    const mean = f32x4.splat(sum4(dot))
    for (let o: usize = 0; o < end; o += 16) {
      const centered = f32x4.sub(v128.load(gradient + o), mean)
      v128.store(gradient + o, f32x4.mul(f32x4.mul(v128.load(probabilities + o), centered), s))
    }
    memory.fill(gradient + end, 0, rowBytes - end)
  }
}
