// Why a call failed, in the shapes RPC shows (nearcore `runtime/runtime/src/conversions.rs`): what happens while a
// contract runs collapses to text, what happens before keeps its structure.
import type { ContractError } from '../wasm/index.ts'
import type { HostError } from './host-error.ts'
import { debugString } from './rust-debug.ts'
import type { FunctionCallError } from './types.ts'

export interface Failure {
  readonly error: FunctionCallError
  /** Rust's Debug of the VM's own error, e.g. `HostError(GasExceeded)`. */
  readonly debug: string
}

const traps = {
  Unreachable: 'An `unreachable` opcode was executed.',
  IncorrectCallIndirectSignature: 'Call indirect incorrect signature trap.',
  MemoryOutOfBounds: 'Memory out of bounds trap.',
  IllegalArithmetic: 'An arithmetic exception, e.g. divided by zero.',
  IndirectCallToNull: 'Indirect call to null.',
  StackOverflow: 'Stack overflow.',
  GenericTrap: 'Generic trap.',
} as const

export type TrapKind = keyof typeof traps

export const trapFailure = (kind: TrapKind): Failure => ({
  error: { ExecutionError: `WebAssembly trap: ${traps[kind]}` },
  debug: `WasmTrap(${kind})`,
})

export const hostFailure = (error: HostError): Failure => ({
  error: { ExecutionError: error.message },
  debug: `HostError(${error.debug})`,
})

export const linkFailure = (message: string): Failure => ({
  error: { ExecutionError: `Link Error: ${message}` },
  debug: `LinkError { msg: ${debugString(message)} }`,
})

export const methodFailure = (kind: 'MethodEmptyName' | 'MethodNotFound' | 'MethodInvalidSignature'): Failure => ({
  error: { MethodResolveError: kind },
  debug: `MethodResolveError(${kind})`,
})

export const noCodeFailure = (accountId: string): Failure => ({
  error: { CompilationError: { CodeDoesNotExist: { account_id: accountId } } },
  debug: `CompilationError(CodeDoesNotExist { account_id: ${debugString(accountId)} })`,
})

/** nearcore hides which compiler refused: RPC names the one of its early days. */
export function compilationFailure({ CompilationError: reason }: ContractError): Failure {
  if ('PrepareError' in reason)
    return {
      error: { CompilationError: { PrepareError: reason.PrepareError } },
      debug: `CompilationError(PrepareError(${reason.PrepareError}))`,
    }
  const { msg } = reason.WasmtimeCompileError
  return {
    error: { CompilationError: { WasmerCompileError: { msg } } },
    debug: `CompilationError(WasmtimeCompileError { msg: ${debugString(msg)} })`,
  }
}
