import { type WasmGlobal, type WasmInstance, type WasmTable, webAssembly } from './host.ts'
import { CALLEE_EXPORT, type PreparedCode, Stop, TABLE_EXPORT } from './types.ts'

/** Traps by nearcore's names (`WasmTrap`). */
export type WasmTrap =
  | 'Unreachable'
  | 'IncorrectCallIndirectSignature'
  | 'MemoryOutOfBounds'
  | 'IllegalArithmetic'
  | 'IndirectCallToNull'

/** How code came to an end of its own: out of gas, out of stack, or by a trap. */
export type CodeEnd =
  | { readonly end: 'gas' }
  | { readonly end: 'stack' }
  | { readonly end: 'trap'; readonly trap: WasmTrap }

// What V8 says, and what NEAR calls it. Segments that do not fit trap when the module is instantiated.
const REASONS: readonly (readonly [text: string, trap: WasmTrap])[] = [
  ['unreachable', 'Unreachable'],
  ['memory access out of bounds', 'MemoryOutOfBounds'],
  ['table index is out of bounds', 'MemoryOutOfBounds'],
  ['is out of bounds (offset', 'MemoryOutOfBounds'],
  ['divide by zero', 'IllegalArithmetic'],
  ['divide result unrepresentable', 'IllegalArithmetic'],
  ['remainder by zero', 'IllegalArithmetic'],
  ['float unrepresentable in integer range', 'IllegalArithmetic'],
]

/**
 * Why a call into a metered instance threw, or null if what it threw is not the code's own doing (a host function's
 * error, which is the caller's to know). `instance` is undefined where instantiation itself threw.
 */
export function codeEnd(error: unknown, code: PreparedCode, instance: WasmInstance | undefined): CodeEnd | null {
  const stop = (instance?.exports[code.stopGlobal] as WasmGlobal<number> | undefined)?.value ?? Stop.none
  if (stop === Stop.gas) return { end: 'gas' }
  if (stop === Stop.stack) return { end: 'stack' }
  // V8's own stack ran out before NEAR's did; NEAR's limit is what the contract hit, in another's unit.
  if (error instanceof RangeError && error.message.startsWith('Maximum call stack')) return { end: 'stack' }
  if (!(error instanceof webAssembly.RuntimeError)) return null
  const { message } = error
  if (message.includes('null function or function signature mismatch'))
    return { end: 'trap', trap: calledNull(instance) ? 'IndirectCallToNull' : 'IncorrectCallIndirectSignature' }
  const trap = REASONS.find(([text]) => message.includes(text))?.[1]
  return trap === undefined ? null : { end: 'trap', trap }
}

/** V8 has one reason for both faults of an indirect call; the table tells them apart. */
function calledNull(instance: WasmInstance | undefined): boolean {
  const table = instance?.exports[TABLE_EXPORT] as WasmTable | undefined
  const callee = instance?.exports[CALLEE_EXPORT] as WasmGlobal<number> | undefined
  return table !== undefined && callee !== undefined && table.get(callee.value >>> 0) === null
}
