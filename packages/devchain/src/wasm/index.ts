export { ContractCache } from './cache.ts'
export type { WasmGlobal, WasmImports, WasmInstance, WasmMemory, WasmModule, WasmTable } from './host.ts'
export { webAssembly } from './host.ts'
export { prepareContract } from './prepare.ts'
export type { CodeEnd, WasmTrap } from './trap.ts'
export { codeEnd } from './trap.ts'
export type {
  ContractError,
  ImportedFunction,
  PreparedCode,
  PreparedContract,
  PrepareError,
  ValueType,
} from './types.ts'
export { METHOD_PREFIX, Stop } from './types.ts'
