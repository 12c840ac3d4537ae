export type { Fee, FeeName, LimitName, Params, ProtocolVersion, WasmParams } from './types.ts'
export { paramsFor } from './versions.ts'
