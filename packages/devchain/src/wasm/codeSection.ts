import type { WasmParams } from '../params/types.ts'
import { analyseBody } from './body.ts'
import { BodyState } from './bodyState.ts'
import { bodySize } from './instrumentedSize.ts'
import { type BodyShape, type HostGlobals, Meter } from './meter.ts'
import { type FunctionType, type Module, valueType } from './module.ts'
import { SIZE_OF } from './opcodes.ts'
import { type Reader, Refusal } from './reader.ts'
import type { PrepareError } from './types.ts'
import { Writer } from './writer.ts'

// wasmparser's `MAX_WASM_FUNCTION_LOCALS`, parameters included.
const MAX_FUNCTION_LOCALS = 50_000
// Return address, base pointer and spilled registers, as nearcore counts them.
const FRAME_BYTES = 64

/** The metered bodies of a module. */
export interface MeteredCode {
  readonly functions: number
  /** Each with its length before it. */
  readonly bodies: Writer
  /** Bytes nearcore's instrumented bodies would take. */
  readonly instrumentedSize: number
  /** A fault NEAR finds only once the whole module is known to be valid. */
  readonly late: Refusal | undefined
  /** Index of the first function with too many locals for Wasmtime once nearcore has added its own two. */
  readonly uncompilable: number | undefined
}

export function codeSection(reader: Reader, module: Module, params: WasmParams, globals: HostGlobals): MeteredCode {
  const { limits } = params
  const start = reader.at
  const functions = reader.u32()
  const imported = module.importNames.length
  if (functions > limits.max_functions_number_per_contract - imported)
    throw new Refusal('TooManyFunctions', start, 'too many functions')
  if (functions !== module.functions.length - imported)
    reader.fail('function and code sections differ in length', start)

  const bodies = new Writer(module.code.length * 4 + 1024, module.code)
  const meter = new Meter(bodies, params, globals)
  const body = new BodyState(module)
  const lateLimits = new LateLimits(params)
  const locals = new Locals(localLimit(module, params))
  let instrumentedSize = 0
  let uncompilable: number | undefined
  for (let i = 0; i < functions; i++) {
    const at = reader.at
    const entry = reader.sub(reader.u32())
    if (entry.end - entry.at > limits.max_function_body_size)
      throw new Refusal('FunctionBodyTooLarge', at, 'function body too large')
    const type = module.functions[imported + i]!
    const declared = locals.read(entry, type)
    body.start(entry, declared.types, type.result)
    const operatorsAt = entry.at
    const lastEnd = analyseBody(body)
    lateLimits.check(at, type, body)
    const shape: BodyShape = {
      groups: declared.groups,
      groupsAt: declared.groupsAt,
      operatorsAt,
      lastEnd,
      locals: declared.types.length,
      result: type.result,
      frame: FRAME_BYTES + declared.bytes,
    }
    meter.write(shape, body)
    instrumentedSize += bodySize(shape, body, params, globals.gas)
    if (declared.types.length + 2 > MAX_FUNCTION_LOCALS) uncompilable ??= imported + i
  }
  return { functions, bodies, instrumentedSize, late: lateLimits.late, uncompilable }
}

function localLimit({ code }: Module, { limits, minContractSizePerLocal }: WasmParams): number {
  const limit = limits.max_locals_per_contract
  return minContractSizePerLocal === undefined
    ? limit
    : Math.min(limit, Math.floor(code.length / minContractSizePerLocal))
}

interface DeclaredLocals {
  /** Of parameters and locals; valid until the next body is read. */
  readonly types: Uint8Array
  readonly groups: number
  readonly groupsAt: number
  /** Bytes in NEAR's stack accounting. */
  readonly bytes: number
}

/** Reads declarations of locals, within what a contract may have of them. */
class Locals {
  #left: number
  readonly #types = new Uint8Array(MAX_FUNCTION_LOCALS)

  constructor(limit: number) {
    this.#left = limit
  }

  read(reader: Reader, { params }: FunctionType): DeclaredLocals {
    const types = this.#types
    types.set(params)
    let count = params.length
    let bytes = 0
    for (const type of params) bytes += SIZE_OF[type]!
    const groups = reader.u32()
    const groupsAt = reader.at
    for (let i = 0; i < groups; i++) {
      const at = reader.at
      const group = reader.u32()
      const type = valueType(reader)
      if (group > this.#left) throw new Refusal('TooManyLocals', at, 'too many locals')
      this.#left -= group
      types.fill(type, count, count + group)
      count += group
      bytes += group * SIZE_OF[type]!
    }
    if (count > MAX_FUNCTION_LOCALS) reader.fail('too many locals', groupsAt)
    return { types: types.subarray(0, count), groups, groupsAt, bytes }
  }
}

/** Limits nearcore checks while it instruments, after it has validated everything; the first fault found stays. */
class LateLimits {
  late: Refusal | undefined
  readonly #limits: WasmParams['limits']
  #params = 0
  #blocks = 0

  constructor({ limits }: WasmParams) {
    this.#limits = limits
  }

  check(at: number, { params }: FunctionType, { blocks, stack }: BodyState): void {
    const limits = this.#limits
    this.#params += params.length
    this.#blocks += blocks
    this.#need(params.length <= limits.max_params_per_function, 'TooManyParamsPerFunction', at)
    this.#need(this.#params <= limits.max_params_per_contract, 'TooManyParamsPerContract', at)
    this.#need(stack.max <= limits.max_operand_stack_bytes_per_function, 'OperandStackTooLarge', at)
    this.#need(blocks <= limits.max_blocks_per_function, 'TooManyBlocksPerFunction', at)
    this.#need(this.#blocks <= limits.max_blocks_per_contract, 'TooManyBlocksPerContract', at)
  }

  #need(holds: boolean, error: PrepareError, at: number): void {
    if (!holds) this.late ??= new Refusal(error, at, error)
  }
}
