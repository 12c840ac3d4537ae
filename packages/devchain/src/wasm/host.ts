// Node's types do not describe WebAssembly; this is the slice of it that running contracts needs.

declare const compiled: unique symbol

/** A compiled module (`WebAssembly.Module`). */
export interface WasmModule {
  readonly [compiled]: true
}

/** A mutable i32 (number) or i64 (bigint) global. */
export interface WasmGlobal<Value extends number | bigint> {
  value: Value
}

export interface WasmMemory {
  readonly buffer: ArrayBuffer
  grow(pages: number): number
}

export interface WasmTable {
  readonly length: number
  get(index: number): unknown
}

export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>
}

export type WasmImports = Readonly<Record<string, Readonly<Record<string, unknown>>>>

interface Host {
  readonly Memory: new (limits: { readonly initial: number; readonly maximum: number }) => WasmMemory
  readonly Module: new (bytes: Uint8Array) => WasmModule
  readonly Instance: new (module: WasmModule, imports: WasmImports) => WasmInstance
  readonly CompileError: new (message?: string) => Error
  readonly RuntimeError: new (message?: string) => Error
  readonly validate: (bytes: Uint8Array) => boolean
}

export const webAssembly = (globalThis as unknown as { WebAssembly: Host }).WebAssembly
