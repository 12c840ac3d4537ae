import type { BodyState } from './bodyState.ts'
import { blockType, type FunctionType } from './module.ts'
import { EMPTY, I32 } from './opcodes.ts'
import { BLOCK, IF, LOOP } from './operandTypes.ts'

// wasmparser's `MAX_WASM_BR_TABLE_SIZE`.
const MAX_BR_TABLE = 131_072

/** Operators 0x00 to 0x11 without `end`: blocks, branches and calls. */
export function control(body: BodyState, opcode: number, offset: number): void {
  const { gas, stack, types, reader } = body
  switch (opcode) {
    case 0x00:
      gas.unreachable()
      stack.stop()
      types.unreachable()
      break
    case 0x01:
      gas.pure(1)
      break
    case 0x02:
    case 0x03:
    case 0x04:
      block(body, opcode)
      break
    case 0x05:
      types.else()
      stack.leave()
      stack.enter()
      gas.else()
      break
    case 0x0c: {
      const label = reader.u32()
      types.popIf(types.label(label))
      gas.effect(1)
      gas.target(label)
      body.leave()
      break
    }
    case 0x0d: {
      const label = reader.u32()
      const type = types.label(label)
      body.consume(I32)
      types.popIf(type)
      types.pushIf(type)
      gas.effect(1)
      gas.target(label)
      break
    }
    case 0x0e:
      branchTable(body)
      break
    case 0x0f:
      body.rewrites.return(offset, types.depth)
      types.popIf(types.functionResult())
      gas.effect(1)
      gas.target(types.depth)
      body.leave()
      break
    case 0x10: {
      const callee = body.module.functions[body.functionIndex()]!
      gas.effect(1)
      call(body, callee)
      break
    }
    case 0x11: {
      const callee = body.module.types[reader.u32()] ?? reader.fail('unknown type')
      body.tableIndex()
      body.rewrites.indirectCall(offset)
      // Only the types lose the table's index: see StackHeight.
      types.pop(I32)
      gas.effect(1)
      call(body, callee)
      break
    }
    default:
      reader.fail(`unknown operator ${opcode}`, offset)
  }
}

function block(body: BodyState, opcode: number): void {
  const { gas, stack, types } = body
  const result = blockType(body.reader)
  body.blocks++
  if (opcode === 0x04) body.consume(I32)
  types.enter(opcode === 0x02 ? BLOCK : opcode === 0x03 ? LOOP : IF, result)
  stack.enter()
  if (opcode === 0x02) gas.block()
  else if (opcode === 0x03) gas.loop()
  else gas.if()
}

function branchTable(body: BodyState): void {
  const { gas, types, reader } = body
  const count = reader.u32()
  if (count > MAX_BR_TABLE) reader.fail('br_table too large')
  const labels: number[] = []
  for (let i = 0; i <= count; i++) labels.push(reader.u32())
  types.pop(I32)
  gas.effect(1)
  const last = types.label(labels[count]!)
  for (const label of labels) {
    const type = types.label(label)
    if ((type === EMPTY) !== (last === EMPTY)) reader.fail('type mismatch: br_table labels differ')
    if (type !== EMPTY) types.push(types.pop(type))
    gas.target(label)
  }
  body.leave()
}

function call(body: BodyState, { params, result }: FunctionType): void {
  for (let i = params.length - 1; i >= 0; i--) body.types.pop(params[i]!)
  body.stack.pop(params.length)
  if (result !== EMPTY) body.produce(result)
}
