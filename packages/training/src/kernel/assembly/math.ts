// Vector exponential and ordered sums. JavaScript leaves Math.exp and its kin to the engine's taste, so two machines
// may differ in the last bit; these are made only of operations whose every bit WebAssembly fixes.

/** exp of four floats within 2 ulp: 2^i * p(f) with f in [-1/2, 1/2]; arguments are clamped to [-87, 88]. */
export function exp4(x: v128): v128 {
  const clamped = f32x4.min(f32x4.max(x, f32x4.splat(-87)), f32x4.splat(88))
  const t = f32x4.mul(clamped, f32x4.splat(1.4426950408889634))
  const whole = f32x4.nearest(t)
  // ln 2 in two parts, so that the reduced argument keeps its low bits
  let f = f32x4.sub(clamped, f32x4.mul(whole, f32x4.splat(0.693359375)))
  f = f32x4.add(f, f32x4.mul(whole, f32x4.splat(2.1219444e-4)))
  let p = f32x4.splat(1.3888889e-3)
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(8.3333333e-3))
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(4.1666667e-2))
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(1.6666667e-1))
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(0.5))
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(1))
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(1))
  const exponent = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(whole), i32x4.splat(127)), 23)
  return f32x4.mul(p, exponent)
}

/** Sum of the four lanes, in order. */
export function sum4(x: v128): f32 {
  return f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1) + f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3)
}

/** Largest of the four lanes. */
export function max4(x: v128): f32 {
  const low = max(f32x4.extract_lane(x, 0), f32x4.extract_lane(x, 1))
  return max(low, max(f32x4.extract_lane(x, 2), f32x4.extract_lane(x, 3)))
}
