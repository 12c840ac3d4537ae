import { type WasmGlobal, type WasmTable, webAssembly } from '../wasm/index.ts'
import { CALLEE_EXPORT, TABLE_EXPORT } from '../wasm/types.ts'
import type { TrapKind } from './failure.ts'

/** V8's words for a trap, and nearcore's kind of it. */
const kinds: readonly (readonly [RegExp, TrapKind])[] = [
  [/out of bounds/, 'MemoryOutOfBounds'], // of tables too, as Wasmtime's traps are mapped
  [/^unreachable$/, 'Unreachable'],
  [/by zero|unrepresentable/, 'IllegalArithmetic'],
  [/null function or function signature mismatch/, 'IncorrectCallIndirectSignature'],
]

/** How running code trapped, or null for an error that is none of its own. */
export function trapOf(error: unknown, exports: Readonly<Record<string, unknown>> | undefined): TrapKind | null {
  if (error instanceof RangeError) return 'StackOverflow' // V8's own stack, which the contract's count should spare
  if (!(error instanceof webAssembly.RuntimeError)) return null
  const kind = kinds.find(([words]) => words.test(error.message))?.[1] ?? 'GenericTrap'
  if (kind !== 'IncorrectCallIndirectSignature' || exports === undefined) return kind
  const table = exports[TABLE_EXPORT] as WasmTable | undefined
  const callee = exports[CALLEE_EXPORT] as WasmGlobal<number> | undefined
  return callee !== undefined && table?.get(callee.value >>> 0) === null ? 'IndirectCallToNull' : kind
}
