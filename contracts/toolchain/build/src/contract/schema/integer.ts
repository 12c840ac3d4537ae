import { misfit, type Schema } from './types.ts'

/** Digits of 2^128 - 1, and of 2^32 - 1. */
const MOST_DIGITS = 39
const MOST_SMALL_DIGITS = 10
/** A digit may be spelt as an escape of six characters. */
const ESCAPED = 6

/**
 * Integers are decimal strings wherever they travel or rest: JSON numbers lose digits above 2^53. The one spelling of
 * each value is what printing it gives, without sign, zeros in front or exponent.
 */
function small(bits: 8 | 16 | 32): Schema<number> {
  const below = 2 ** bits
  const check = (value: unknown): number =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) < below
      ? (value as number)
      : misfit(`an integer of ${bits} bits`)
  return {
    kind: 'uint',
    bits,
    longest: MOST_SMALL_DIGITS * ESCAPED + 2,
    parse(json) {
      if (typeof json !== 'string' || json.length > MOST_SMALL_DIGITS) misfit('a decimal string')
      const value = Number(json)
      return `${value}` === json ? check(value) : misfit('a decimal string')
    },
    format: (value) => `${check(value)}`,
  }
}

function large(bits: 64 | 128): Schema<bigint> {
  const below = 2n ** BigInt(bits)
  const check = (value: unknown): bigint =>
    typeof value === 'bigint' && value >= 0n && value < below ? value : misfit(`an integer of ${bits} bits`)
  return {
    kind: 'uint',
    bits,
    longest: MOST_DIGITS * ESCAPED + 2,
    parse(json) {
      if (typeof json !== 'string' || json.length > MOST_DIGITS) misfit('a decimal string')
      const value = integer(json)
      return `${value}` === json ? check(value) : misfit('a decimal string')
    },
    format: (value) => `${check(value)}`,
  }
}

function integer(text: string): bigint {
  try {
    return BigInt(text)
  } catch {
    misfit('a decimal string')
  }
}

export const u8: Schema<number> = /* @__PURE__ */ small(8)
export const u16: Schema<number> = /* @__PURE__ */ small(16)
export const u32: Schema<number> = /* @__PURE__ */ small(32)
export const u64: Schema<bigint> = /* @__PURE__ */ large(64)
/** Also the type of every amount, in yoctoNEAR. */
export const u128: Schema<bigint> = /* @__PURE__ */ large(128)
