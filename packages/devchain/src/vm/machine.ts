import type { Params } from '../params/types.ts'
import { HOST_MODULE, METHOD_PREFIX, type PreparedCode, Stop, type WasmGlobal, webAssembly } from '../wasm/index.ts'
import type { Call } from './call.ts'
import { type Failure, hostFailure, linkFailure, trapFailure } from './failure.ts'
import type { HostFunction, HostTable } from './host/define.ts'
import { hostFunctions } from './host/table.ts'
import { HostError, hostError } from './host-error.ts'
import { Memories, MemoryTooSmall } from './memories.ts'
import { trapOf } from './trap.ts'

type Import = (...args: never[]) => bigint | number | undefined

/** What a running instance shows its host. */
interface Exports {
  readonly missing: WasmGlobal<number>
  readonly gas: WasmGlobal<bigint>
  readonly stop: WasmGlobal<number>
  readonly [method: string]: unknown
}

/**
 * Runs calls of one protocol version. Its imports are made once and reach the call at hand through the machine: calls
 * are synchronous, and none starts another.
 */
export class Machine {
  readonly #table: HostTable
  readonly #env: Readonly<Record<string, Import>>
  readonly #memories: Memories
  #call!: Call

  constructor(params: Params) {
    this.#memories = new Memories(params.limits)
    this.#table = hostFunctions(params)
    this.#env = Object.fromEntries(Object.entries(this.#table).map(([name, host]) => [name, this.#bind(host)]))
  }

  /** Why the code cannot be linked, or null (nearcore asks Wasmtime's linker). */
  link(code: PreparedCode): Failure | null {
    for (const { name, params, result } of code.imports) {
      const host = this.#table[name]
      if (host === undefined) return linkFailure('unknown or invalid import')
      if (host.params.join() === params.join() && host.result === result) continue
      const expected = signature(params, result)
      return linkFailure(
        `types incompatible: expected type \`${expected}\`, found type \`${signature(host.params, host.result)}\``,
      )
    }
    return null
  }

  /**
   * Runs a method of linked code to its end.
   * @returns why it failed, or null
   * @throws MemoryTooSmall at most once for the same code; what the call did until then must be undone
   */
  run(code: PreparedCode, method: string, call: Call): Failure | null {
    this.#call = call
    const memory = this.#memories.for(code)
    let exports: Exports | undefined
    try {
      const imports = { env: this.#env, [HOST_MODULE]: { memory: memory.memory } }
      exports = new webAssembly.Instance(code.module, imports).exports as unknown as Exports
      exports.missing.value = memory.missing
      call.attach(memory, exports.gas)
      if (code.startExport !== null) invoke(call, exports[code.startExport])
      invoke(call, exports[METHOD_PREFIX + method])
      return null
    } catch (error) {
      if (memory.missing > 0 && isTooSmall(error, exports)) {
        this.#memories.outgrown(code)
        throw new MemoryTooSmall()
      }
      return failureOf(error, call, exports)
    }
  }

  #bind({ run, result }: HostFunction): Import {
    const body = run as (call: Call, ...args: (bigint | number)[]) => bigint | number | undefined
    const enter = (args: (bigint | number)[]): bigint | number | undefined => {
      const call = this.#call
      call.enter()
      const value = body(call, ...args)
      call.leave()
      return value
    }
    if (result === 'i64') return (...args) => BigInt(enter(args)!)
    return (...args) => enter(args)
  }
}

function invoke(call: Call, exported: unknown): void {
  call.leave()
  ;(exported as () => void)()
  call.enter()
}

/** Whether a call on part of its memory may have ended for want of the rest. */
const isTooSmall = (error: unknown, exports: Exports | undefined): boolean =>
  error instanceof MemoryTooSmall ||
  exports?.stop.value === Stop.memory ||
  trapOf(error, exports) === 'MemoryOutOfBounds'

function failureOf(error: unknown, call: Call, exports: Exports | undefined): Failure {
  if (error instanceof HostError) return hostFailure(error)
  const trap = trapOf(error, exports)
  if (trap === null) throw error
  if (exports === undefined) return trapFailure(trap)
  try {
    call.enter() // what was burnt before the trap; more than there was if the code stopped for gas
  } catch (exhausted) {
    if (exhausted instanceof HostError) return hostFailure(exhausted)
    throw exhausted
  }
  if (exports.stop.value === Stop.stack || trap === 'StackOverflow')
    return hostFailure(hostError('MemoryAccessViolation'))
  return trapFailure(trap)
}

/** A function type as Wasmtime writes it. */
const signature = (params: readonly string[], result: string | null): string =>
  `(func${params.length === 0 ? '' : ` (param ${params.join(' ')})`}${result === null ? '' : ` (result ${result})`})`
