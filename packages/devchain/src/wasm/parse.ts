import type { WasmParams } from '../params/types.ts'
import { codeSection, type MeteredCode } from './codeSection.ts'
import { hostGlobals } from './encode.ts'
import { emptyModule, type Module } from './module.ts'
import { Reader, Refusal } from './reader.ts'
import {
  dataCountSection,
  dataSection,
  elementSection,
  exportSection,
  functionSection,
  globalSection,
  importSection,
  memorySection,
  startSection,
  tableSection,
  typeSection,
} from './sections.ts'

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]

const CUSTOM = 0
const CODE = 10
const DATA = 11
const SECTIONS: Record<number, (reader: Reader, module: Module, params: WasmParams) => void> = {
  1: typeSection,
  2: importSection,
  3: functionSection,
  4: tableSection,
  5: memorySection,
  6: globalSection,
  7: exportSection,
  8: startSection,
  9: elementSection,
  11: dataSection,
  12: dataCountSection,
}
/** Sections in their order; the data count stands before the code. */
const ORDER = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, CODE, DATA]

export interface Parsed {
  readonly module: Module
  /** Absent where the module defines no functions. */
  readonly code: MeteredCode | undefined
}

/**
 * Reads a module in one pass: strict, validated, its function bodies metered on the way.
 * @throws Refusal with the error nearcore gives
 */
export function parseModule(bytes: Uint8Array, params: WasmParams): Parsed {
  const reader = new Reader(bytes)
  const module = emptyModule(bytes)
  for (const byte of HEADER) if (reader.u8() !== byte) reader.fail('not a WebAssembly module of version 1')
  let code: MeteredCode | undefined
  let last = -1
  while (reader.at < bytes.length) {
    const id = reader.u8()
    const length = reader.u32()
    if (id === CODE && length > bytes.length - reader.at) truncatedCode(reader, module, params)
    const payload = reader.sub(length)
    if (id === CUSTOM) {
      payload.name()
      continue
    }
    const rank = ORDER.indexOf(id)
    if (rank <= last) reader.fail('unknown section, or out of order', payload.at)
    last = rank
    module.sections.set(id, [payload.at, payload.end])
    if (id === CODE) code = codeSection(payload, module, params, hostGlobals(module))
    else SECTIONS[id]!(payload, module, params)
    payload.finish('section')
  }
  if (code === undefined && module.functions.length > module.importNames.length) reader.fail('no code section')
  if (module.dataCount !== undefined && module.dataCount > 0 && !module.sections.has(DATA))
    reader.fail('no data section')
  return { module, code }
}

/** nearcore reads code as a stream: it counts the functions before it misses the rest. */
function truncatedCode(reader: Reader, module: Module, { limits }: WasmParams): never {
  const at = reader.at
  if (reader.u32() > limits.max_functions_number_per_contract - module.importNames.length)
    throw new Refusal('TooManyFunctions', at, 'too many functions')
  return reader.fail('unexpected end', at)
}
