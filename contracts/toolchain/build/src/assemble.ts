import type { Snapshot } from './snapshot.ts'
import { concat, name, signed, u32, vector, WasmError } from './wasm/bytes.ts'
import { dataSegments } from './wasm/data.ts'
import { type Module, readModule } from './wasm/module.ts'
import { SECTION, sectionReader, withSection, writeSections } from './wasm/sections.ts'

/** Makes the contract: the parser-free runtime, started from the snapshot, with one export for each method. */
export function assemble(runtime: Uint8Array, snapshot: Snapshot): Uint8Array {
  const module = readModule(runtime)
  const kept = module.imports.filter(({ name }) => snapshot.imports.includes(name))
  const dropped = module.imports.filter(({ name }) => !snapshot.imports.includes(name))
  const entry = entries(module, snapshot.methods)

  let sections = module.sections.filter(({ id }) => id !== SECTION.custom)
  const set = (id: number, body: Uint8Array | undefined) => {
    sections = withSection(sections, id, body)
  }
  set(SECTION.import, vector(kept.map((i) => concat([name(i.module), name(i.name), [0], u32(i.type)]))))
  // a dropped import becomes a function that traps, in front of the module's own: all other indices stay
  set(
    SECTION.function,
    vector([
      ...dropped.map(({ type }) => u32(type)),
      ...module.functions.map(u32),
      ...snapshot.methods.map(() => u32(entry.type)),
    ]),
  )
  const unreachable = [3, 0, 0x00, 0x0b]
  set(SECTION.code, vector([...dropped.map(() => unreachable), ...bodies(module), ...entry.bodies]))
  set(SECTION.element, elements(module, [...kept, ...dropped]))
  set(SECTION.memory, concat([[1, 0], u32(snapshot.memory.length / 65_536)]))
  set(SECTION.export, exports(module, snapshot.methods))
  set(SECTION.data, dataSegments(snapshot.memory))
  set(SECTION.dataCount, undefined)
  return writeSections(sections)
}

/** Bodies of the entry functions: `invoke(position)`. */
function entries({ types, exports }: Module, methods: readonly string[]): { type: number; bodies: Uint8Array[] } {
  const type = types.findIndex(({ params, results }) => params.length + results.length === 0)
  const invoke = exports.find(({ name }) => name === 'invoke')
  if (type < 0 || !invoke) throw new WasmError('the runtime lacks invoke, or the type of an entry function')
  const bodies = methods.map((_, position) => {
    const code = [0, 0x41, ...signed(BigInt(position)), 0x10, ...u32(invoke.index), 0x0b]
    return concat([u32(code.length), code])
  })
  return { type, bodies }
}

/** The runtime's own bodies, untouched, as entries of the code section. */
const bodies = ({ bodies }: Module): Uint8Array[] =>
  bodies.map(({ size, code }) => concat([u32(size), code.bytes.subarray(code.end - size, code.end)]))

function exports(module: Module, methods: readonly string[]): Uint8Array {
  const memory = module.exports.find(({ kind }) => kind === 2)
  const first = module.imports.length + module.functions.length
  const entry = (text: string, kind: number, index: number) => concat([name(text), [kind], u32(index)])
  return vector([
    ...(memory ? [entry(memory.name, 2, memory.index)] : []),
    ...methods.map((method, position) => entry(method, 0, first + position)),
  ])
}

/** The table's content with imports at their new indices. Element segments of function indices only (§5.5.12). */
function elements(module: Module, order: readonly { name: string }[]): Uint8Array {
  const moved = module.imports.map(({ name }) => order.findIndex((other) => other.name === name))
  const reader = sectionReader(module.sections, SECTION.element)
  return vector(
    reader.vector(() => {
      if (reader.u32() !== 0) throw new WasmError('the runtime has an element segment of an unexpected kind')
      if (reader.byte() !== 0x41) throw new WasmError('an element segment starts at no constant')
      const offset = reader.signed(32)
      if (reader.byte() !== 0x0b) throw new WasmError('an element segment starts at no constant')
      const indices = reader.vector(() => reader.u32())
      return concat([[0, 0x41, ...signed(offset), 0x0b], vector(indices.map((index) => u32(moved[index] ?? index)))])
    }),
  )
}
