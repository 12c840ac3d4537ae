import { type Reader, WasmError } from './bytes.ts'

/**
 * One instruction as far as structure goes: what it takes from and leaves on the operand stack, in slots, and its one
 * immediate where that decides the effect.
 */
export interface Instruction {
  readonly opcode: number
  /** Function, type, label or block-type immediate; 0 where there is none. */
  readonly immediate: number
}

export const OP = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
} as const

/** Second bytes of 0xfc: saturating conversions, then bulk memory and tables, with their number of immediates. */
const PREFIXED_IMMEDIATES = [0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1]

/**
 * Reads the next instruction. Knows exactly what NEAR accepts: the MVP, sign extension, saturating conversion, bulk
 * memory and reference types.
 * @throws WasmError for any other instruction, such as SIMD, threads, tail calls and exceptions
 */
export function readInstruction(reader: Reader): Instruction {
  const at = reader.at
  const first = reader.byte()
  const opcode = first === 0xfc ? 0xfc00 + reader.u32() : first
  if (opcode >= OP.block && opcode <= OP.if) return { opcode, immediate: Number(reader.signed(33)) }
  if (opcode === OP.br || opcode === OP.brIf || opcode === OP.call) return { opcode, immediate: reader.u32() }
  if (opcode === OP.callIndirect) {
    const immediate = reader.u32()
    reader.u32()
    return { opcode, immediate }
  }
  if (opcode === OP.brTable) {
    reader.vector(() => reader.u32())
    reader.u32()
  } else if (opcode === 0x1c) reader.vector(() => reader.byte())
  else if (opcode === 0x41) reader.signed(32)
  else if (opcode === 0x42) reader.signed(64)
  else if (opcode === 0x43) reader.take(4)
  else if (opcode === 0x44) reader.take(8)
  else if (opcode === 0xd0) reader.byte()
  else {
    const immediates = plainImmediates(opcode)
    if (immediates === undefined)
      throw new WasmError(`instruction 0x${opcode.toString(16)} at ${at} is not allowed on NEAR`)
    for (let i = 0; i < immediates; i++) reader.u32()
  }
  return { opcode, immediate: 0 }
}

/** How many unsigned immediates an instruction without special ones has; undefined if NEAR does not take it. */
function plainImmediates(opcode: number): number | undefined {
  if (opcode >= 0xfc00) return PREFIXED_IMMEDIATES[opcode - 0xfc00]
  if (opcode >= 0x20 && opcode <= 0x26) return 1 // variables and tables
  if (opcode >= 0x28 && opcode <= 0x3e) return 2 // loads and stores
  if (opcode === 0x3f || opcode === 0x40 || opcode === 0xd2) return 1
  const control = opcode <= 0x01 || opcode === OP.else || opcode === OP.end || opcode === OP.return
  return control || opcode === 0x1a || opcode === 0x1b || opcode === 0xd1 || (opcode >= 0x45 && opcode <= 0xc4)
    ? 0
    : undefined
}

/** Net change of the operand stack by instructions without types or control flow, in slots. */
export function stackEffect(opcode: number): number {
  if (opcode === 0x1a) return -1 // drop
  if (opcode === 0x1b || opcode === 0x1c) return -2 // select
  if (opcode === 0x20 || opcode === 0x23) return 1 // local.get, global.get
  if (opcode === 0x21 || opcode === 0x24) return -1 // local.set, global.set
  if (opcode === 0x26 || (opcode >= 0x36 && opcode <= 0x3e)) return -2 // table.set, stores
  if (opcode === 0x3f || (opcode >= 0x41 && opcode <= 0x44)) return 1 // memory.size, constants
  if (opcode === 0x45 || opcode === 0x50) return 0 // eqz
  if (opcode >= 0x46 && opcode <= 0x66) return -1 // comparisons
  if ((opcode >= 0x67 && opcode <= 0x69) || (opcode >= 0x79 && opcode <= 0x7b)) return 0 // clz, ctz, popcnt
  if ((opcode >= 0x8b && opcode <= 0x91) || (opcode >= 0x99 && opcode <= 0x9f)) return 0 // float unary
  if (opcode >= 0x6a && opcode <= 0xa6) return -1 // arithmetic
  if (opcode === 0xd0 || opcode === 0xd2 || opcode === 0xfc10) return 1 // ref.null, ref.func, table.size
  if (opcode === 0xfc0f) return -1 // table.grow
  if ([0xfc08, 0xfc0a, 0xfc0b, 0xfc0c, 0xfc0e, 0xfc11].includes(opcode)) return -3 // memory and table bulk
  return 0
}
