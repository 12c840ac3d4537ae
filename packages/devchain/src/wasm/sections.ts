import type { WasmParams } from '../params/types.ts'
import { type FunctionType, type Module, valueType } from './module.ts'
import { EMPTY, F32, F64, FUNCREF, I32, I64 } from './opcodes.ts'
import { type Reader, Refusal } from './reader.ts'

// One function per section. The order of checks is nearcore's (`prepare_v3.rs`), so that code with several faults is
// refused for the same one: the validator sees a whole section before NEAR's own limits do.

const MAX_FUNCTION_PARAMS = 1000
const MAX_SEGMENTS = 100_000

export function typeSection(reader: Reader, module: Module, { limits }: WasmParams): void {
  const start = reader.at
  const count = reader.u32()
  if (count > limits.max_types_per_contract) throw new Refusal('TooManyTypes', start, 'too many types')
  for (let i = 0; i < count; i++) module.types.push(functionType(reader))
}

function functionType(reader: Reader): FunctionType {
  if (reader.u8() !== 0x60) reader.fail('not a function type', reader.at - 1)
  const params = new Uint8Array(counted(reader, MAX_FUNCTION_PARAMS, 'parameters'))
  for (let i = 0; i < params.length; i++) params[i] = valueType(reader)
  const results = counted(reader, 1, 'results')
  return { params, result: results === 0 ? EMPTY : valueType(reader) }
}

export function importSection(reader: Reader, module: Module, { limits }: WasmParams): void {
  const imports: { at: number; module: string; name: string; kind: number; type: number }[] = []
  const count = reader.u32()
  let memories = 0
  for (let i = 0; i < count; i++) {
    const at = reader.at
    const from = reader.name()
    const name = reader.name()
    const kind = reader.u8()
    let type = 0
    if (kind === 0) {
      type = reader.u32()
      if (type >= module.types.length) reader.fail('unknown type')
    } else if (kind === 1) tableType(reader)
    else if (kind === 2) {
      memoryType(reader)
      if (++memories > 1) reader.fail('multiple memories')
    } else if (kind === 3) globalType(reader)
    else reader.fail('invalid import kind', reader.at - 1)
    imports.push({ at, module: from, name, kind, type })
  }
  reader.finish('import section')
  for (const { at, module: from, name, kind, type } of imports) {
    if (from !== 'env') throw new Refusal('Instantiate', at, `import from module ${JSON.stringify(from)}`)
    if (kind === 2) throw new Refusal('Memory', at, 'import of a memory')
    if (kind !== 0) throw new Refusal('Instantiate', at, 'import of a table or global')
    if (module.functions.length >= limits.max_functions_number_per_contract)
      throw new Refusal('TooManyFunctions', at, 'too many functions')
    module.importNames.push(name)
    addFunction(module, type)
  }
}

export function functionSection(reader: Reader, module: Module): void {
  const count = reader.u32()
  for (let i = 0; i < count; i++) {
    const type = reader.u32()
    if (type >= module.types.length) reader.fail('unknown type')
    addFunction(module, type)
  }
}

function addFunction(module: Module, type: number): void {
  module.functionTypes.push(type)
  module.functions.push(module.types[type]!)
}

export function tableSection(reader: Reader, module: Module, { limits }: WasmParams): void {
  const start = reader.at
  const count = reader.u32()
  for (let i = 0; i < count; i++) module.tables.push(tableType(reader))
  reader.finish('table section')
  if (count > limits.max_tables_per_contract) throw new Refusal('TooManyTables', start, 'too many tables')
  if (module.tables.some(({ initial }) => initial > limits.max_elements_per_contract_table))
    throw new Refusal('TooManyTableElements', start, 'too many table elements')
}

function tableType(reader: Reader): { initial: number; max: number | undefined } {
  referenceType(reader)
  return limitsOf(reader, 0xffff_ffff)
}

function referenceType(reader: Reader): void {
  if (reader.u8() !== FUNCREF) reader.fail('invalid reference type', reader.at - 1)
}

function limitsOf(reader: Reader, most: number): { initial: number; max: number | undefined } {
  const start = reader.at
  const flags = reader.u8()
  if (flags > 1) reader.fail('invalid limits', start)
  const initial = reader.u32()
  const max = flags === 1 ? reader.u32() : undefined
  if (initial > most || (max !== undefined && (max > most || initial > max))) reader.fail('limits out of range', start)
  return { initial, max }
}

function memoryType(reader: Reader): void {
  limitsOf(reader, 65_536)
}

export function memorySection(reader: Reader, module: Module): void {
  module.memories = counted(reader, 1, 'memories')
  if (module.memories === 1) memoryType(reader)
}

function globalType(reader: Reader): { type: number; mutable: boolean } {
  const type = valueType(reader)
  const mutable = reader.u8()
  if (mutable > 1) reader.fail('malformed mutability', reader.at - 1)
  return { type, mutable: mutable === 1 }
}

export function globalSection(reader: Reader, module: Module): void {
  const count = reader.u32()
  for (let i = 0; i < count; i++) {
    const global = globalType(reader)
    constant(reader, module, global.type)
    module.globals.push(global)
  }
}

/** A constant expression. Globals can not occur in one: only imported ones may, and NEAR has none. */
function constant(reader: Reader, module: Module, expected: number): void {
  const start = reader.at
  const opcode = reader.u8()
  let type = 0
  if (opcode === 0x41) {
    type = I32
    reader.skipS32()
  } else if (opcode === 0x42) {
    type = I64
    reader.skipS64()
  } else if (opcode === 0x43) {
    type = F32
    reader.skip(4)
  } else if (opcode === 0x44) {
    type = F64
    reader.skip(8)
  } else if (opcode === 0xd0) {
    type = FUNCREF
    referenceType(reader)
  } else if (opcode === 0xd2) {
    type = FUNCREF
    declareFunction(reader, module)
  }
  if (type !== expected || reader.u8() !== 0x0b) reader.fail('constant expression of the right type required', start)
}

function declareFunction(reader: Reader, module: Module): void {
  const index = reader.u32()
  if (index >= module.functions.length) reader.fail('unknown function')
  module.declared.add(index)
}

export function exportSection(reader: Reader, module: Module): void {
  const names = new Set<string>()
  const count = reader.u32()
  for (let i = 0; i < count; i++) {
    const name = reader.name()
    const kind = reader.u8()
    const index = reader.u32()
    const { functions, tables, memories, globals } = module
    const known = [functions.length, tables.length, memories, globals.length][kind]
    if (known === undefined || index >= known) reader.fail('unknown export')
    if (names.has(name)) reader.fail('duplicate export name')
    names.add(name)
    if (kind === 0) module.declared.add(index)
    module.exports.push({ name, kind, index })
  }
}

export function startSection(reader: Reader, module: Module): void {
  const index = reader.u32()
  const type = module.functions[index] ?? reader.fail('unknown function')
  if (type.params.length > 0 || type.result !== EMPTY) reader.fail('invalid start function type')
  module.start = index
}

export function elementSection(reader: Reader, module: Module): void {
  module.elements = counted(reader, MAX_SEGMENTS, 'element segments')
  for (let i = 0; i < module.elements; i++) {
    // Bits: 1 passive or declared, 2 explicit table or declared, 4 expressions (specification §5.5.12).
    const flags = reader.u32()
    if (flags > 7) reader.fail('malformed element segment flags')
    if ((flags & 1) === 0) {
      const table = (flags & 2) === 0 ? 0 : reader.u32()
      if (table >= module.tables.length) reader.fail('unknown table')
      constant(reader, module, I32)
    }
    if ((flags & 3) !== 0) {
      if ((flags & 4) !== 0) referenceType(reader)
      else if (reader.u8() !== 0) reader.fail('malformed element kind', reader.at - 1)
    }
    const items = reader.u32()
    for (let j = 0; j < items; j++) {
      if ((flags & 4) !== 0) constant(reader, module, FUNCREF)
      else declareFunction(reader, module)
    }
  }
}

export function dataCountSection(reader: Reader, module: Module): void {
  module.dataCount = counted(reader, MAX_SEGMENTS, 'data segments')
}

export function dataSection(reader: Reader, module: Module): void {
  const count = counted(reader, MAX_SEGMENTS, 'data segments')
  if (module.dataCount !== undefined && module.dataCount !== count) reader.fail('data count differs from data section')
  for (let i = 0; i < count; i++) {
    const flags = reader.u32()
    if (flags > 2) reader.fail('malformed data segment flags')
    if (flags !== 1) {
      const memory = flags === 2 ? reader.u32() : 0
      if (memory >= module.memories) reader.fail('unknown memory')
      constant(reader, module, I32)
    }
    reader.skip(reader.u32())
  }
}

function counted(reader: Reader, most: number, what: string): number {
  const start = reader.at
  const count = reader.u32()
  if (count > most) reader.fail(`too many ${what}`, start)
  return count
}
