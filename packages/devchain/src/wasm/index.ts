export type { WasmGlobal, WasmImports, WasmInstance, WasmMemory, WasmTable } from './host.ts'
export { webAssembly } from './host.ts'
export { prepareContract } from './prepare.ts'
export type {
  ContractError,
  PreparedCode,
  PreparedContract,
} from './types.ts'
export { HOST_MODULE, METHOD_PREFIX, Stop } from './types.ts'
