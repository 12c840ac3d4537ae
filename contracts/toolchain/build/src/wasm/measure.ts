import { Reader, WasmError } from './bytes.ts'
import { OP, readInstruction, stackEffect } from './instructions.ts'
import type { Body, FunctionType, Module } from './module.ts'

/** What one function asks of the machine. */
export interface Measured {
  readonly blocks: number
  /** Highest operand stack in bytes, at 8 a slot. */
  readonly operands: number
  /** Bytes one call takes of the wasm stack: 64, locals and parameters, operands. */
  readonly frame: number
}

const SLOT = 8
const FRAME_HEAD = 64
const EMPTY_BLOCK = -0x40

/**
 * Walks one body with the height of its operand stack; types are the validator's business.
 * @throws WasmError for an instruction NEAR does not take, or a body that does not end where it says
 */
export function measure(module: Module, { code, locals }: Body, type: number): Measured {
  const signature = functionType(module, type)
  const reader = new Reader(code.bytes, code.at, code.end)
  const frames = [{ floor: 0, params: 0, results: signature.results.length }]
  let height = 0
  let highest = 0
  let blocks = 0
  const push = (change: number) => {
    // code after a branch is never reached; its stack may seem to go below the block's floor
    height = Math.max(height + change, frames.at(-1)?.floor ?? 0)
    highest = Math.max(highest, height)
  }
  const call = ({ params, results }: FunctionType) => {
    push(-params.length)
    push(results.length)
  }
  while (frames.length > 0) {
    const { opcode, immediate } = readInstruction(reader)
    if (opcode >= OP.block && opcode <= OP.if) {
      blocks++
      const { params, results } = blockType(module, immediate)
      push(-params.length - (opcode === OP.if ? 1 : 0))
      frames.push({ floor: height, params: params.length, results: results.length })
      push(params.length)
    } else if (opcode === OP.else) {
      height = frames.at(-1)?.floor ?? 0
      push(frames.at(-1)?.params ?? 0)
    } else if (opcode === OP.end) {
      const frame = frames.pop()
      height = frame?.floor ?? 0
      push(frame?.results ?? 0)
    } else if (opcode === OP.br || opcode === OP.brTable || opcode === OP.return || opcode === OP.unreachable)
      height = frames.at(-1)?.floor ?? 0
    else if (opcode === OP.brIf) push(-1)
    else if (opcode === OP.call) call(calledType(module, immediate))
    else if (opcode === OP.callIndirect) {
      push(-1)
      call(functionType(module, immediate))
    } else push(stackEffect(opcode))
  }
  if (!reader.done) throw new WasmError(`a body ends at ${reader.at}, before its size says`)
  const variables = locals.reduce((sum, { count }) => sum + count, 0) + signature.params.length
  return { blocks, operands: highest * SLOT, frame: FRAME_HEAD + (variables + highest) * SLOT }
}

function functionType({ types }: Module, index: number): FunctionType {
  const type = types[index]
  if (!type) throw new WasmError(`there is no type ${index}`)
  return type
}

function calledType(module: Module, index: number): FunctionType {
  const type = module.imports[index]?.type ?? module.functions[index - module.imports.length]
  if (type === undefined) throw new WasmError(`there is no function ${index}`)
  return functionType(module, type)
}

function blockType(module: Module, immediate: number): FunctionType {
  if (immediate >= 0) return functionType(module, immediate)
  return { params: [], results: immediate === EMPTY_BLOCK ? [] : [immediate] }
}
