// Row-wise layers and their gradients. Widths are multiples of 4; gradients of inputs and weights are added to.
import { exp4, sum4 } from './math'

const EPSILON: f32 = 1e-5

/** `y = x / rms(x) * weight` for each row; keeps 1/rms for the backward pass. */
export function rmsNorm(x: usize, weight: usize, y: usize, inverse: usize, rows: i32, width: i32): void {
  const bytes = (<usize>width) << 2
  for (let r = 0; r < rows; r++, x += bytes, y += bytes) {
    let squares = f32x4.splat(0)
    for (let o: usize = 0; o < bytes; o += 16) {
      const v = v128.load(x + o)
      squares = f32x4.add(squares, f32x4.mul(v, v))
    }
    const scale: f32 = <f32>1 / sqrt<f32>(sum4(squares) / <f32>width + EPSILON)
    store<f32>(inverse + ((<usize>r) << 2), scale)
    const s = f32x4.splat(scale)
    for (let o: usize = 0; o < bytes; o += 16) {
      v128.store(y + o, f32x4.mul(f32x4.mul(v128.load(x + o), s), v128.load(weight + o)))
    }
  }
}

export function rmsNormBackward(
  x: usize,
  weight: usize,
  inverse: usize,
  dy: usize,
  dx: usize,
  dWeight: usize,
  rows: i32,
  width: i32,
): void {
  const bytes = (<usize>width) << 2
  for (let r = 0; r < rows; r++, x += bytes, dy += bytes, dx += bytes) {
    const scale = load<f32>(inverse + ((<usize>r) << 2))
    let dot = f32x4.splat(0)
    for (let o: usize = 0; o < bytes; o += 16) {
      dot = f32x4.add(dot, f32x4.mul(f32x4.mul(v128.load(dy + o), v128.load(weight + o)), v128.load(x + o)))
    }
    const s = f32x4.splat(scale)
    const c = f32x4.splat((sum4(dot) * scale * scale * scale) / <f32>width)
    for (let o: usize = 0; o < bytes; o += 16) {
      const xs = v128.load(x + o)
      const g = f32x4.mul(v128.load(dy + o), s)
      const change = f32x4.sub(f32x4.mul(g, v128.load(weight + o)), f32x4.mul(xs, c))
      v128.store(dx + o, f32x4.add(v128.load(dx + o), change))
      v128.store(dWeight + o, f32x4.add(v128.load(dWeight + o), f32x4.mul(g, xs)))
    }
  }
}

/** SwiGLU: `y = gate * sigmoid(gate) * up`. */
export function swiglu(gate: usize, up: usize, y: usize, count: i32): void {
  const one = f32x4.splat(1)
  for (let o: usize = 0, end = (<usize>count) << 2; o < end; o += 16) {
    const x = v128.load(gate + o)
    const silu = f32x4.div(x, f32x4.add(one, exp4(f32x4.neg(x))))
    v128.store(y + o, f32x4.mul(silu, v128.load(up + o)))
  }
}

export function swigluBackward(gate: usize, up: usize, dy: usize, dGate: usize, dUp: usize, count: i32): void {
  const one = f32x4.splat(1)
  for (let o: usize = 0, end = (<usize>count) << 2; o < end; o += 16) {
    const x = v128.load(gate + o)
    const d = v128.load(dy + o)
    const sigmoid = f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x))))
    const slope = f32x4.mul(sigmoid, f32x4.add(one, f32x4.mul(x, f32x4.sub(one, sigmoid))))
    v128.store(dUp + o, f32x4.mul(d, f32x4.mul(x, sigmoid)))
    v128.store(dGate + o, f32x4.mul(f32x4.mul(d, v128.load(up + o)), slope))
  }
}

/** `a += b` */
export function add(a: usize, b: usize, count: i32): void {
  for (let o: usize = 0, end = (<usize>count) << 2; o < end; o += 16) {
    v128.store(a + o, f32x4.add(v128.load(a + o), v128.load(b + o)))
  }
}

export function embed(table: usize, ids: usize, y: usize, rows: i32, width: i32): void {
  const bytes = (<usize>width) << 2
  for (let r = 0; r < rows; r++) {
    memory.copy(y + <usize>r * bytes, table + load<u32>(ids + ((<usize>r) << 2)) * bytes, bytes)
  }
}

export function embedBackward(dTable: usize, ids: usize, dy: usize, rows: i32, width: i32): void {
  const bytes = (<usize>width) << 2
  for (let r = 0; r < rows; r++) add(dTable + load<u32>(ids + ((<usize>r) << 2)) * bytes, dy + <usize>r * bytes, width)
}
