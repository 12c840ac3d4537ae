import { paramsFor, type WasmParams } from '../../src/params/index.ts'

export const wasmParams: WasmParams = paramsFor(86).wasm

/** The same with other limits. */
export function limited(changes: Partial<WasmParams['limits']>): WasmParams {
  return { ...wasmParams, limits: { ...wasmParams.limits, ...changes } }
}
