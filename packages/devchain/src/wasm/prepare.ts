import type { WasmParams } from '../params/types.ts'
import { encodeModule, isMethod } from './encode.ts'
import { type WasmModule, webAssembly } from './host.ts'
import { moduleSize } from './instrumentedSize.ts'
import type { Module } from './module.ts'
import { EMPTY, nameOf } from './opcodes.ts'
import { parseModule } from './parse.ts'
import { Refusal } from './reader.ts'
import type { ContractError, ImportedFunction, PreparedCode, PreparedContract, PrepareError } from './types.ts'

// nearcore puts a NUL before each exported name and reads the result again, with a limit of 100,000 bytes.
const MAX_EXPORT_NAME = 99_999

/** A metered module before it is compiled. */
export interface MeteredModule {
  readonly bytes: Uint8Array
  readonly info: Omit<PreparedCode, 'module'>
}

/**
 * Prepares contract code as nearcore 2.13 does: validates it, applies NEAR's limits, meters gas and stack, makes NaNs
 * canonical, has the memory given by the host, and compiles the result. Deterministic, and bounded by the length of the code; errors
 * are values, with the variant nearcore reports.
 */
export function prepareContract(code: Uint8Array, params: WasmParams): PreparedContract {
  try {
    const { bytes, info } = meterContract(code, params)
    return { ...info, module: compile(bytes) }
  } catch (error) {
    if (error instanceof Refusal) return refused({ PrepareError: error.error })
    if (error instanceof Uncompilable) return refused({ WasmtimeCompileError: { msg: error.message } })
    throw error
  }
}

/** The metered module and what the host must know of it. */
export function meterContract(original: Uint8Array, params: WasmParams): MeteredModule {
  const { module, code } = parseModule(original, params)
  const { limits } = params
  const size = original.length
  if (module.exports.some(({ name, kind }) => kind !== 2 && new TextEncoder().encode(name).length > MAX_EXPORT_NAME))
    throw new Refusal('Serialization', size, 'export name too long')
  if (code?.late !== undefined) throw code.late
  if (moduleSize(module, code?.functions ?? 0, code?.instrumentedSize ?? 0, params) > limits.max_instrumented_code_size)
    throw new Refusal('InstrumentedCodeTooLarge', size, 'instrumented code too large')
  if (code?.uncompilable !== undefined)
    throw new Uncompilable(`failed to compile: wasm[0]::function[${code.uncompilable + 3}]`)
  return { bytes: encodeModule(module, code, params), info: { ok: true, ...describe(module) } }
}

function describe(module: Module): Omit<PreparedCode, 'module' | 'ok'> {
  const functions = module.exports.filter(({ kind }) => kind === 0)
  const named = (callable: boolean) =>
    new Set(functions.filter(({ index }) => isMethod(module, index) === callable).map(({ name }) => name))
  return {
    memoryExport: 'memory',
    missingGlobal: 'missing',
    gasGlobal: 'gas',
    stackGlobal: 'stack',
    stopGlobal: 'stop',
    startExport: module.start === undefined ? null : 'start',
    methods: named(true),
    mistypedMethods: named(false),
    imports: module.importNames.map((name, i) => imported(name, module, i)),
    codeLength: module.code.length,
  }
}

function imported(name: string, { functions }: Module, index: number): ImportedFunction {
  const { params, result } = functions[index]!
  return { name, params: Array.from(params, nameOf), result: result === EMPTY ? null : nameOf(result) }
}

class Uncompilable extends Error {}

function compile(bytes: Uint8Array): WasmModule {
  try {
    return new webAssembly.Module(bytes)
  } catch (error) {
    if (error instanceof webAssembly.CompileError) throw new Uncompilable(error.message)
    throw error
  }
}

function refused(error: { PrepareError: PrepareError } | { WasmtimeCompileError: { msg: string } }): {
  ok: false
  error: ContractError
} {
  return { ok: false, error: { CompilationError: error } }
}
