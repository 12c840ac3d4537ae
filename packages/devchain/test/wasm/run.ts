import type { WasmParams } from '../../src/params/types.ts'
import {
  HOST_MODULE,
  METHOD_PREFIX,
  type PreparedCode,
  prepareContract,
  type WasmGlobal,
  type WasmImports,
  type WasmInstance,
  webAssembly,
} from '../../src/wasm/index.ts'
import { wasmParams } from './params.ts'

/** A call of a prepared contract without a VM around it: host functions do nothing. */
export interface Run {
  readonly instance: WasmInstance
  /** Gas of instructions. */
  readonly burnt: bigint
  readonly stackLeft: bigint
  readonly stop: number
  /** What the code threw, if anything. */
  readonly trap: unknown
}

export function prepared(code: Uint8Array, params: WasmParams = wasmParams): PreparedCode {
  const result = prepareContract(code, params)
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result
}

/** Why code is refused. */
export function refusal(code: Uint8Array, params: WasmParams = wasmParams): unknown {
  const result = prepareContract(code, params)
  if (result.ok) return 'accepted'
  const error = result.error.CompilationError
  return 'PrepareError' in error ? error.PrepareError : error
}

/** NEAR's memory, or one of fewer pages, as a metered module imports it. */
export const memoryImport = (initial = 1024): WasmImports => ({
  [HOST_MODULE]: { memory: new webAssembly.Memory({ initial, maximum: 2048 }) },
})

export function run(code: PreparedCode, method = 'main', gas = 10n ** 15n): Run {
  const env = Object.fromEntries(
    code.imports.map(({ name, result }) => [name, () => (result === 'i64' ? 0n : result === null ? undefined : 0)]),
  )
  const instance = new webAssembly.Instance(code.module, { env, ...memoryImport() })
  const { exports } = instance
  const remaining = exports[code.gasGlobal] as WasmGlobal<bigint>
  const stack = exports[code.stackGlobal] as WasmGlobal<bigint>
  const stop = exports[code.stopGlobal] as WasmGlobal<number>
  remaining.value = gas
  let trap: unknown
  try {
    if (code.startExport !== null) call(exports[code.startExport])
    call(exports[METHOD_PREFIX + method])
  } catch (error) {
    trap = error
  }
  // A charge that could not be paid burns everything.
  const left = stop.value === 1 ? 0n : remaining.value
  return { instance, burnt: gas - left, stackLeft: stack.value, stop: stop.value, trap }
}

function call(method: unknown): void {
  ;(method as () => void)()
}
