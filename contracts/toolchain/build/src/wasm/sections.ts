import { concat, Reader, u32, WasmError } from './bytes.ts'

/** Section ids of the binary format (§5.5.2). */
export const SECTION = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
} as const

/** A section by id, its content unread. */
export interface Section {
  readonly id: number
  readonly body: Uint8Array
}

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]

/** Order in a module: by id, but the data count stands before the code (§5.5.16). */
const place = (id: number): number => (id === SECTION.dataCount ? SECTION.code - 0.5 : id)

/**
 * Splits a module into its sections.
 * @throws WasmError for a wrong header, an unknown section, one out of order or cut short
 */
export function readSections(module: Uint8Array): Section[] {
  if (HEADER.some((byte, at) => module[at] !== byte)) throw new WasmError('not a WebAssembly module of version 1')
  const reader = new Reader(module, HEADER.length)
  const sections: Section[] = []
  let last = 0
  while (!reader.done) {
    const id = reader.byte()
    if (id > SECTION.dataCount) throw new WasmError(`unknown section ${id}`)
    const body = reader.take(reader.u32())
    if (id !== SECTION.custom) {
      if (place(id) <= last) throw new WasmError(`section ${id} stands in the wrong place`)
      last = place(id)
    }
    sections.push({ id, body })
  }
  return sections
}

/** Joins sections to a module. */
export const writeSections = (sections: readonly Section[]): Uint8Array =>
  concat([HEADER, ...sections.flatMap(({ id, body }) => [[id], u32(body.length), body])])

/** A reader over the section's content; empty where there is none. */
export const sectionReader = (sections: readonly Section[], id: number): Reader =>
  new Reader(sections.find((section) => section.id === id)?.body ?? new Uint8Array([0]))

/**
 * The sections with one content replaced, put in, or taken out (undefined), in the module's order.
 */
export function withSection(sections: readonly Section[], id: number, body: Uint8Array | undefined): Section[] {
  const others = sections.filter((section) => section.id !== id)
  if (body === undefined) return others
  const before = others.filter((section) => section.id !== SECTION.custom && place(section.id) < place(id))
  const at = before.length === 0 ? 0 : others.indexOf(before.at(-1) as Section) + 1
  return others.toSpliced(at, 0, { id, body })
}
