import type { BodyState } from './bodyState.ts'
import { valueType } from './module.ts'
import {
  ANY,
  ARITY,
  CANONICAL,
  F32,
  F64,
  FUNCREF,
  I32,
  I64,
  MEMORY_ALIGN,
  MEMORY_TYPE,
  OPERAND,
  RESULT,
  SIZE_OF,
  TRAPS,
} from './opcodes.ts'

/** An operator without immediates that takes one or two operands of a type and leaves a result. */
export function plain(body: BodyState, opcode: number): void {
  const { types, stack, gas } = body
  const arity = ARITY[opcode]!
  const operand = OPERAND[opcode]!
  types.pop(operand)
  if (arity === 2) types.pop(operand)
  const result = RESULT[opcode]!
  types.push(result)
  if (SIZE_OF[result] === SIZE_OF[operand]) stack.pop(arity - 1)
  else {
    stack.pop(arity)
    stack.push(SIZE_OF[result]!)
  }
  if (TRAPS[opcode] === 1) gas.effect(1)
  else gas.pure(1)
  if (CANONICAL[opcode] !== 0) body.rewrites.canonical(body.reader.at, CANONICAL[opcode]!)
}

/** Locals and globals, 0x20 to 0x24. */
export function variable(body: BodyState, opcode: number): void {
  const { types, gas, reader } = body
  const index = reader.u32()
  gas.pure(1)
  if (opcode >= 0x23) {
    const global = body.module.globals[index] ?? reader.fail('unknown global')
    if (opcode === 0x23) body.produce(global.type)
    else if (global.mutable) body.consume(global.type)
    else reader.fail('global is immutable')
    return
  }
  if (index >= body.locals.length) reader.fail('unknown local')
  const type = body.locals[index]!
  if (opcode === 0x20) body.produce(type)
  else if (opcode === 0x21) body.consume(type)
  else {
    types.pop(type)
    types.push(type)
  }
}

/** Numbers, 0x41 to 0x44. */
export function constant(body: BodyState, opcode: number): void {
  const { reader } = body
  if (opcode === 0x41) reader.skipS32()
  else if (opcode === 0x42) reader.skipS64()
  else reader.skip(opcode === 0x43 ? 4 : 8)
  body.gas.pure(1)
  body.produce(opcode === 0x41 ? I32 : opcode === 0x42 ? I64 : opcode === 0x43 ? F32 : F64)
}

/** Loads and stores, 0x28 to 0x3E. */
export function access(body: BodyState, opcode: number): void {
  const { reader } = body
  if (reader.u32() > MEMORY_ALIGN[opcode - 0x28]!) reader.fail('alignment too large')
  reader.u32()
  body.needMemory()
  body.gas.effect(1)
  const type = MEMORY_TYPE[opcode - 0x28]!
  if (opcode >= 0x36) body.consume(type, I32)
  else {
    body.consume(I32)
    body.produce(type)
  }
}

/** Everything else: operands moved about, references, memory size, bulk operators. */
export function other(body: BodyState, opcode: number): void {
  const { types, stack, gas, reader } = body
  switch (opcode) {
    case 0x1a: // drop
      types.pop(ANY)
      stack.pop(1)
      gas.pure(1)
      break
    case 0x1b:
      types.select()
      stack.pop(2)
      gas.pure(1)
      break
    case 0x1c: {
      if (reader.u32() !== 1) reader.fail('select of other than one type')
      const type = valueType(reader)
      types.pop(I32)
      types.pop(type)
      types.pop(type)
      types.push(type)
      stack.pop(2)
      gas.pure(1)
      break
    }
    case 0x25: // table.get
      body.tableIndex()
      body.consume(I32)
      body.produce(FUNCREF)
      gas.effect(1)
      break
    case 0x26: // table.set
      body.tableIndex()
      body.consume(FUNCREF, I32)
      gas.effect(1)
      break
    case 0x3f: // memory.size
      body.rewrites.memorySize(gas.offset)
      zeroByte(body)
      gas.pure(1)
      body.produce(I32)
      break
    case 0x40: // memory.grow
      body.rewrites.memoryGrow(gas.offset)
      zeroByte(body)
      types.pop(I32)
      types.push(I32)
      body.chargeByCount()
      break
    case 0xd0: // ref.null
      if (reader.u8() !== FUNCREF) reader.fail('invalid reference type', reader.at - 1)
      gas.pure(1)
      body.produce(FUNCREF)
      break
    case 0xd1: // ref.is_null
      types.popReference()
      stack.pop(1)
      gas.pure(1)
      body.produce(I32)
      break
    case 0xd2: // ref.func
      if (!body.module.declared.has(body.functionIndex())) reader.fail('undeclared function reference')
      gas.pure(1)
      body.produce(FUNCREF)
      break
    case 0xfc:
      prefixed(body, reader.u32())
      break
    default:
      reader.fail(`unknown operator ${opcode}`)
      break
  }
}

/** 0xFC: saturating truncations, and bulk operators on memory and tables. */
function prefixed(body: BodyState, opcode: number): void {
  switch (opcode) {
    case 8: // memory.init
      body.dataIndex()
      body.memoryIndex()
      bulk(body)
      break
    case 9: // data.drop
      body.dataIndex()
      body.gas.pure(1)
      break
    case 10: // memory.copy
      body.memoryIndex()
      body.memoryIndex()
      bulk(body)
      break
    case 11: // memory.fill
      body.memoryIndex()
      bulk(body)
      break
    case 12: // table.init
      body.elementIndex()
      body.tableIndex()
      bulk(body)
      break
    case 13: // elem.drop
      body.elementIndex()
      body.gas.pure(1)
      break
    case 14: // table.copy
      body.tableIndex()
      body.tableIndex()
      bulk(body)
      break
    case 15: // table.grow
      body.tableIndex()
      body.consume(I32, FUNCREF)
      body.produce(I32)
      body.chargeByCount()
      break
    case 16: // table.size
      body.tableIndex()
      body.gas.pure(1)
      body.produce(I32)
      break
    case 17: // table.fill
      body.tableIndex()
      body.consume(I32, FUNCREF, I32)
      body.chargeByCount()
      break
    default:
      if (opcode > 7) body.reader.fail(`unknown operator 0xfc ${opcode}`)
      plain(body, 0x100 + opcode)
  }
}

function bulk(body: BodyState): void {
  body.consume(I32, I32, I32)
  body.chargeByCount()
}

function zeroByte(body: BodyState): void {
  if (body.reader.u8() !== 0) body.reader.fail('zero byte expected', body.reader.at - 1)
  body.needMemory()
}
