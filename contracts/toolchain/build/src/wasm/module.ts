import { Reader, WasmError } from './bytes.ts'
import { readSections, SECTION, type Section, sectionReader } from './sections.ts'

/** Parameter and result types as their bytes: 0x7f i32, 0x7e i64, 0x7d f32, 0x7c f64, 0x70 funcref, 0x6f externref. */
export interface FunctionType {
  readonly params: readonly number[]
  readonly results: readonly number[]
}

/** An imported function. */
export interface Import {
  readonly module: string
  readonly name: string
  readonly type: number
}

/** One function body: how many locals of which type, and the instructions. */
export interface Body {
  /** Bytes of the whole entry, as the protocol counts it. */
  readonly size: number
  readonly locals: readonly { readonly count: number; readonly type: number }[]
  readonly code: Reader
}

/** What a build or a limit check asks about a module. */
export interface Module {
  readonly sections: readonly Section[]
  readonly types: readonly FunctionType[]
  readonly imports: readonly Import[]
  /** Type index of each function of the module's own. */
  readonly functions: readonly number[]
  readonly tables: readonly { readonly minimum: number; readonly maximum: number | undefined }[]
  /** Smallest size of each memory in pages. */
  readonly memories: readonly number[]
  readonly globals: number
  readonly exports: readonly { readonly name: string; readonly kind: number; readonly index: number }[]
  readonly bodies: readonly Body[]
}

/**
 * Reads a module's declarations; instructions stay unread.
 * @throws WasmError for anything the format does not allow here, and for imports other than functions
 */
export function readModule(bytes: Uint8Array): Module {
  const sections = readSections(bytes)
  const each = <T>(id: number, read: (reader: Reader) => T): T[] => {
    const reader = sectionReader(sections, id)
    const found = reader.vector(() => read(reader))
    if (!reader.done) throw new WasmError(`section ${id} is longer than its content`)
    return found
  }
  const functions = each(SECTION.function, (reader) => reader.u32())
  const bodies = each(SECTION.code, readBody)
  if (functions.length !== bodies.length) throw new WasmError('functions and bodies differ in number')
  return {
    sections,
    types: each(SECTION.type, readType),
    imports: each(SECTION.import, readImport),
    functions,
    tables: each(SECTION.table, readTable),
    memories: each(SECTION.memory, (reader) => readLimits(reader).minimum),
    globals: sectionReader(sections, SECTION.global).u32(),
    exports: each(SECTION.export, (reader) => ({ name: reader.name(), kind: reader.byte(), index: reader.u32() })),
    bodies,
  }
}

function readType(reader: Reader): FunctionType {
  if (reader.byte() !== 0x60) throw new WasmError(`no function type before ${reader.at}`)
  return { params: reader.vector(() => valueType(reader)), results: reader.vector(() => valueType(reader)) }
}

function readImport(reader: Reader): Import {
  const [module, name, kind] = [reader.name(), reader.name(), reader.byte()]
  if (kind !== 0) throw new WasmError(`${module}.${name} is imported, but is no function`)
  return { module, name, type: reader.u32() }
}

function readTable(reader: Reader): { minimum: number; maximum: number | undefined } {
  valueType(reader)
  return readLimits(reader)
}

function readLimits(reader: Reader): { minimum: number; maximum: number | undefined } {
  const flags = reader.byte()
  if (flags > 1) throw new WasmError(`shared or 64-bit limits before ${reader.at}`)
  return { minimum: reader.u32(), maximum: flags === 1 ? reader.u32() : undefined }
}

function readBody(reader: Reader): Body {
  const size = reader.u32()
  const start = reader.at
  reader.take(size)
  const code = new Reader(reader.bytes, start, start + size)
  const locals = code.vector(() => ({ count: code.u32(), type: valueType(code) }))
  return { size, locals, code }
}

function valueType(reader: Reader): number {
  const type = reader.byte()
  if (![0x7f, 0x7e, 0x7d, 0x7c, 0x70, 0x6f].includes(type))
    throw new WasmError(`unknown value type before ${reader.at}`)
  return type
}
