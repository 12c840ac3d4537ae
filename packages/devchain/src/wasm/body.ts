import type { BodyState } from './bodyState.ts'
import { control } from './control.ts'
import { ARITY, EMPTY, SIZE_OF } from './opcodes.ts'
import { access, constant, other, plain, variable } from './operators.ts'

/**
 * One pass over the operators of a function body that `body` was started with: checks types as wasmparser does, and
 * notes where gas is charged, how high the stack gets and what must be rewritten. Returns the offset of its last `end`.
 */
export function analyseBody(body: BodyState): number {
  const { gas, stack, types, reader } = body
  for (;;) {
    const offset = reader.at
    const opcode = reader.u8()
    gas.offset = offset
    if (gas.unsettled) gas.settle()
    if (opcode === 0x0b) {
      const last = types.depth === 0
      const result = types.end()
      gas.end()
      stack.leave()
      if (last) {
        reader.finish('function body')
        gas.finish()
        return offset
      }
      if (result !== EMPTY) stack.push(SIZE_OF[result]!)
    } else if (opcode >= 0x20 && opcode <= 0x24) variable(body, opcode)
    else if (ARITY[opcode]! > 0) plain(body, opcode)
    else if (opcode >= 0x41 && opcode <= 0x44) constant(body, opcode)
    else if (opcode >= 0x28 && opcode <= 0x3e) access(body, opcode)
    else if (opcode <= 0x11) control(body, opcode, offset)
    else other(body, opcode)
  }
}
