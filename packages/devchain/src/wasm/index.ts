export type { WasmGlobal, WasmImports, WasmInstance, WasmMemory, WasmModule, WasmTable } from './host.ts'
export { webAssembly } from './host.ts'
export { prepareContract } from './prepare.ts'
export type {
  ContractError,
  ImportedFunction,
  PreparedCode,
  PreparedContract,
  PrepareError,
  ValueType,
} from './types.ts'
export { CALLEE_EXPORT, METHOD_PREFIX, Stop, TABLE_EXPORT } from './types.ts'
