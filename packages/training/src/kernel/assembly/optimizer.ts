// Cross entropy, gradient norm and AdamW.
import { exp4, max4, sum4 } from './math'

/**
 * Mean negative log-likelihood (nats) of `targets`; with `gradient`, logits are replaced by their gradient.
 * `width` is a multiple of 4.
 */
export function crossEntropy(logits: usize, targets: usize, rows: i32, width: i32, gradient: bool): f64 {
  const bytes = (<usize>width) << 2
  const share: f32 = <f32>1 / <f32>rows
  let loss: f64 = 0
  for (let r = 0; r < rows; r++, logits += bytes) {
    const target = logits + ((<usize>load<u32>(targets + ((<usize>r) << 2))) << 2)
    const targetLogit = load<f32>(target)
    let largest = f32x4.splat(-Infinity)
    for (let o: usize = 0; o < bytes; o += 16) largest = f32x4.max(largest, v128.load(logits + o))
    const top = max4(largest)
    let total = f32x4.splat(0)
    for (let o: usize = 0; o < bytes; o += 16) {
      const e = exp4(f32x4.sub(v128.load(logits + o), f32x4.splat(top)))
      total = f32x4.add(total, e)
      if (gradient) v128.store(logits + o, e)
    }
    const sum = sum4(total)
    loss += NativeMath.log(<f64>sum) + <f64>top - <f64>targetLogit
    if (!gradient) continue
    const scale = f32x4.splat(share / sum)
    for (let o: usize = 0; o < bytes; o += 16) v128.store(logits + o, f32x4.mul(v128.load(logits + o), scale))
    store<f32>(target, load<f32>(target) - share)
  }
  return loss / <f64>rows
}

/** Sum of squares in double precision, two lanes. */
export function sumOfSquares(x: usize, count: i32): f64 {
  let total = f64x2.splat(0)
  for (const end = x + ((<usize>count) << 2); x < end; x += 16) {
    const v = v128.load(x)
    const low = f64x2.promote_low_f32x4(v)
    const high = f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3))
    total = f64x2.add(total, f64x2.add(f64x2.mul(low, low), f64x2.mul(high, high)))
  }
  return f64x2.extract_lane(total, 0) + f64x2.extract_lane(total, 1)
}

/** One AdamW update; the gradient is scaled by `clip`, then cleared. Corrections are `1 / (1 - beta^step)`. */
export function adamW(
  weights: usize,
  gradients: usize,
  mean: usize,
  variance: usize,
  count: i32,
  rate: f32,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
  decay: f32,
  meanCorrection: f32,
  varianceCorrection: f32,
  clip: f32,
): void {
  const b1 = f32x4.splat(beta1),
    c1 = f32x4.splat(<f32>1 - beta1)
  const b2 = f32x4.splat(beta2),
    c2 = f32x4.splat(<f32>1 - beta2)
  for (let o: usize = 0, end = (<usize>count) << 2; o < end; o += 16) {
    const g = f32x4.mul(v128.load(gradients + o), f32x4.splat(clip))
    const m = f32x4.add(f32x4.mul(b1, v128.load(mean + o)), f32x4.mul(c1, g))
    const v = f32x4.add(f32x4.mul(b2, v128.load(variance + o)), f32x4.mul(c2, f32x4.mul(g, g)))
    v128.store(mean + o, m)
    v128.store(variance + o, v)
    v128.store(gradients + o, f32x4.splat(0))
    const root = f32x4.add(f32x4.sqrt(f32x4.mul(v, f32x4.splat(varianceCorrection))), f32x4.splat(epsilon))
    const w = v128.load(weights + o)
    const update = f32x4.add(
      f32x4.div(f32x4.mul(m, f32x4.splat(meanCorrection)), root),
      f32x4.mul(f32x4.splat(decay), w),
    )
    v128.store(weights + o, f32x4.sub(w, f32x4.mul(f32x4.splat(rate), update)))
  }
}
