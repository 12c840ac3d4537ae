import { EMPTY, SIZE_OF } from './opcodes.ts'
import type { Reader } from './reader.ts'

export interface FunctionType {
  /** Type bytes. */
  readonly params: Uint8Array
  /** Type byte, or EMPTY. */
  readonly result: number
}

export interface Export {
  readonly name: string
  /** 0 function, 1 table, 2 memory, 3 global. */
  readonly kind: number
  readonly index: number
}

export interface Table {
  readonly initial: number
  readonly max: number | undefined
}

/** What is known of a module, filled in section by section. */
export interface Module {
  readonly code: Uint8Array
  /** Payloads of the sections that were there, by id: [start, end). */
  readonly sections: Map<number, readonly [start: number, end: number]>
  types: FunctionType[]
  importNames: string[]
  /** Of every function, imported ones first. */
  functions: FunctionType[]
  /** Type indices of every function. */
  functionTypes: number[]
  tables: Table[]
  memories: number
  /** Type bytes and whether mutable. */
  globals: { readonly type: number; readonly mutable: boolean }[]
  exports: Export[]
  start: number | undefined
  elements: number
  dataCount: number | undefined
  /** Functions that `ref.func` may name. */
  declared: Set<number>
}

export function emptyModule(code: Uint8Array): Module {
  return {
    code,
    sections: new Map(),
    types: [],
    importNames: [],
    functions: [],
    functionTypes: [],
    tables: [],
    memories: 0,
    globals: [],
    exports: [],
    start: undefined,
    elements: 0,
    dataCount: undefined,
    declared: new Set(),
  }
}

export function valueType(reader: Reader): number {
  const type = reader.u8()
  if (SIZE_OF[type] === 0) reader.fail('invalid value type', reader.at - 1)
  return type
}

export function blockType(reader: Reader): number {
  const type = reader.u8()
  if (type !== EMPTY && SIZE_OF[type] === 0) reader.fail('invalid block type', reader.at - 1)
  return type
}
