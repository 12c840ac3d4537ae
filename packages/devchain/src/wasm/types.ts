import type { WasmModule } from './host.ts'

/** A value's type; `funcref` is the only reference NEAR takes. */
export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'funcref'

/** A function the contract wants from module `env`; whether it exists is known when it is linked. */
export interface ImportedFunction {
  readonly name: string
  readonly params: readonly ValueType[]
  readonly result: ValueType | null
}

/** Why nearcore refuses to prepare code (nearcore `PrepareError`), by its serde names. */
export type PrepareError =
  | 'Serialization'
  | 'Deserialization'
  | 'Instantiate'
  | 'Memory'
  | 'TooManyFunctions'
  | 'TooManyLocals'
  | 'TooManyTables'
  | 'TooManyTableElements'
  | 'TooManyTypes'
  | 'FunctionBodyTooLarge'
  | 'TooManyParamsPerFunction'
  | 'TooManyParamsPerContract'
  | 'OperandStackTooLarge'
  | 'TooManyBlocksPerFunction'
  | 'TooManyBlocksPerContract'
  | 'InstrumentedCodeTooLarge'

/** nearcore's `FunctionCallError` of a contract that does not compile, in its serde shape. Such a call burns no gas. */
export interface ContractError {
  readonly CompilationError:
    | { readonly PrepareError: PrepareError }
    | { readonly WasmtimeCompileError: { readonly msg: string } }
}

/** Module of the one import a metered module has beside the contract's own: its memory. */
export const HOST_MODULE = 'host'

/** Names under which a metered module exports what the host needs. No contract export can have them: see {@link METHOD_PREFIX}. */
export interface MeteredExports {
  /** The imported memory. */
  readonly memoryExport: 'memory'
  /**
   * Mutable i32: pages the memory has less than the contract is told; 0 at first. Where it is not 0, code that wants to
   * grow stops itself ({@link Stop}).
   */
  readonly missingGlobal: 'missing'
  /** Mutable i64: remaining gas. The host sets it before a call, reads it on entry to each import, writes it back on return. */
  readonly gasGlobal: 'gas'
  /** Mutable i64: remaining stack bytes by NEAR's accounting; starts at the limit, restored by every return. */
  readonly stackGlobal: 'stack'
  /** Mutable i32: why the code stopped itself, one of {@link Stop}; 0 while it runs or when something else trapped. */
  readonly stopGlobal: 'stop'
  /** The start function, to be called once gas is set; null where the contract has none. */
  readonly startExport: 'start' | null
}

/** Contract code ready to be instantiated any number of times. */
export interface PreparedCode extends MeteredExports {
  readonly ok: true
  readonly module: WasmModule
  /** Exported functions `() -> ()`: what can be called. `exports[METHOD_PREFIX + name]`. */
  readonly methods: ReadonlySet<string>
  /** Exported functions of another type: calling one is `MethodInvalidSignature`, not `MethodNotFound`. */
  readonly mistypedMethods: ReadonlySet<string>
  /** In the order of the module; all from `env`. */
  readonly imports: readonly ImportedFunction[]
  /** Bytes of the original code, which the loading fee counts. */
  readonly codeLength: number
}

export type PreparedContract = PreparedCode | { readonly ok: false; readonly error: ContractError }

/** Put before each exported method, so that no contract can export the host's own names. nearcore does the same. */
export const METHOD_PREFIX = '\0'

/** Values of the stop global. */
export const Stop = {
  none: 0,
  /** Gas ran out: the call burns its whole limit (`GasExceeded` or `GasLimitExceeded`). */
  gas: 1,
  /** The stack limit was reached: NEAR reports `MemoryAccessViolation`. */
  stack: 2,
  /** The contract wants to grow a memory that misses pages: the host must run it on all of them. */
  memory: 3,
} as const

/**
 * The table, where the contract has one, and (mutable i32) the index its last indirect call took: V8 has one reason for
 * a call of a null entry and for one of another type, NEAR has two.
 */
export const TABLE_EXPORT = 'table'
export const CALLEE_EXPORT = 'callee'
