import type { ValueType } from './types.ts'

export const I32 = 0x7f
export const I64 = 0x7e
export const F32 = 0x7d
export const F64 = 0x7c
export const FUNCREF = 0x70
/** A block or function without result. */
export const EMPTY = 0x40
/** An operand of code that cannot be reached fits every type. */
export const ANY = 0

/** Bytes a value takes in NEAR's stack accounting (nearcore `SimpleMaxStackCfg`), by type byte; 0 for what is no type. */
export const SIZE_OF = new Uint8Array(256)
SIZE_OF[I32] = SIZE_OF[F32] = 4
SIZE_OF[I64] = SIZE_OF[F64] = SIZE_OF[FUNCREF] = 8

const NAMES = new Map<number, ValueType>([
  [I32, 'i32'],
  [I64, 'i64'],
  [F32, 'f32'],
  [F64, 'f64'],
  [FUNCREF, 'funcref'],
])

export const nameOf = (type: number): ValueType => NAMES.get(type)!

// Operators without immediates, by opcode; 0xFC n is at 0x100 + n.

/** Operands, 0 for what is no such operator. */
export const ARITY = new Uint8Array(0x108)
export const OPERAND = new Uint8Array(0x108)
export const RESULT = new Uint8Array(0x108)
/** May trap: ends a range of gas (finite-wasm `binop_partial`, `cvtop_partial`). */
export const TRAPS = new Uint8Array(0x108)
/** Type of a result whose NaN the chain makes canonical, else 0 (Cranelift and Winch `nan_canonicalization`). */
export const CANONICAL = new Uint8Array(0x108)

function operators(first: number, last: number, arity: number, operand: number, result: number): void {
  ARITY.fill(arity, first, last + 1)
  OPERAND.fill(operand, first, last + 1)
  RESULT.fill(result, first, last + 1)
}

operators(0x45, 0x45, 1, I32, I32) // i32.eqz
operators(0x46, 0x4f, 2, I32, I32)
operators(0x50, 0x50, 1, I64, I32) // i64.eqz
operators(0x51, 0x5a, 2, I64, I32)
operators(0x5b, 0x60, 2, F32, I32)
operators(0x61, 0x66, 2, F64, I32)
operators(0x67, 0x69, 1, I32, I32)
operators(0x6a, 0x78, 2, I32, I32)
operators(0x79, 0x7b, 1, I64, I64)
operators(0x7c, 0x8a, 2, I64, I64)
operators(0x8b, 0x91, 1, F32, F32)
operators(0x92, 0x98, 2, F32, F32)
operators(0x99, 0x9f, 1, F64, F64)
operators(0xa0, 0xa6, 2, F64, F64)
operators(0xa7, 0xa7, 1, I64, I32) // i32.wrap_i64
operators(0xa8, 0xa9, 1, F32, I32) // i32.trunc
operators(0xaa, 0xab, 1, F64, I32)
operators(0xac, 0xad, 1, I32, I64) // i64.extend_i32
operators(0xae, 0xaf, 1, F32, I64) // i64.trunc
operators(0xb0, 0xb1, 1, F64, I64)
operators(0xb2, 0xb3, 1, I32, F32) // f32.convert
operators(0xb4, 0xb5, 1, I64, F32)
operators(0xb6, 0xb6, 1, F64, F32) // f32.demote_f64
operators(0xb7, 0xb8, 1, I32, F64) // f64.convert
operators(0xb9, 0xba, 1, I64, F64)
operators(0xbb, 0xbb, 1, F32, F64) // f64.promote_f32
operators(0xbc, 0xbc, 1, F32, I32) // reinterpretations
operators(0xbd, 0xbd, 1, F64, I64)
operators(0xbe, 0xbe, 1, I32, F32)
operators(0xbf, 0xbf, 1, I64, F64)
operators(0xc0, 0xc1, 1, I32, I32) // sign extensions
operators(0xc2, 0xc4, 1, I64, I64)
operators(0x100, 0x101, 1, F32, I32) // saturating truncations
operators(0x102, 0x103, 1, F64, I32)
operators(0x104, 0x105, 1, F32, I64)
operators(0x106, 0x107, 1, F64, I64)

TRAPS.fill(1, 0x6d, 0x71) // i32 division and remainder
TRAPS.fill(1, 0x7f, 0x83) // i64
TRAPS.fill(1, 0xa8, 0xac) // truncations
TRAPS.fill(1, 0xae, 0xb2)

CANONICAL.fill(F32, 0x8d, 0x98) // ceil to max; abs, neg and copysign only move bits
CANONICAL.fill(F64, 0x9b, 0xa6)
CANONICAL[0xb6] = F32
CANONICAL[0xbb] = F64

/** Loads 0x28 to 0x35 and stores 0x36 to 0x3E: the value's type, and the largest alignment allowed. */
export const MEMORY_TYPE = Uint8Array.of(
  ...[I32, I64, F32, F64, I32, I32, I32, I32, I64, I64, I64, I64, I64, I64],
  ...[I32, I64, F32, F64, I32, I32, I64, I64, I64],
)
export const MEMORY_ALIGN = Uint8Array.of(2, 3, 2, 3, 0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 2, 3, 2, 3, 0, 1, 0, 1, 2)
