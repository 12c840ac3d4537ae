export type { Params, ProtocolVersion, WasmParams } from './types.ts'
export { paramsFor } from './versions.ts'
