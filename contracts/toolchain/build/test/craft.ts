import { concat, name, u32, vector } from '../src/wasm/bytes.ts'
import { SECTION, type Section, writeSections } from '../src/wasm/sections.ts'

const I32 = 0x7f

/** One function: parameters and locals are all i32. */
export interface Crafted {
  readonly params?: number
  readonly locals?: number
  /** Instructions without the closing end. */
  readonly code?: readonly number[]
}

/** Parts of a module to write; all may be absent. */
export interface Parts {
  readonly functions?: readonly Crafted[]
  readonly extraTypes?: number
  readonly results?: number
  readonly imports?: readonly [module: string, name: string][]
  readonly tables?: readonly number[]
  readonly pages?: number
  readonly start?: boolean
  readonly padding?: number
}

/** Writes a module to measure. The first type is that of a function with nothing. */
export function craft(parts: Parts): Uint8Array {
  const { functions = [], extraTypes = 0, results = 0, imports = [], tables = [], pages, start, padding = 0 } = parts
  const widths = [...new Set([0, ...functions.map(({ params = 0 }) => params)])]
  const type = (params: number, resultCount: number) =>
    concat([[0x60], vector(Array(params).fill([I32])), vector(Array(resultCount).fill([I32]))])
  const types = [...widths.map((params) => type(params, 0)), ...Array(extraTypes).fill(type(1, 0))]
  if (results > 0) types.push(type(0, results))
  const bodies = functions.map(({ locals = 0, code = [] }) => {
    const body = concat([locals > 0 ? [1, ...u32(locals), I32] : [0], Uint8Array.from(code), [0x0b]])
    return concat([u32(body.length), body])
  })
  const sections: (Section | false)[] = [
    { id: SECTION.type, body: vector(types) },
    { id: SECTION.import, body: vector(imports.map(([module, of]) => concat([name(module), name(of), [0, 0]]))) },
    { id: SECTION.function, body: vector(functions.map(({ params = 0 }) => u32(widths.indexOf(params)))) },
    { id: SECTION.table, body: vector(tables.map((size) => [0x70, 0, ...u32(size)])) },
    pages !== undefined && { id: SECTION.memory, body: vector([[0, ...u32(pages)]]) },
    start === true && { id: SECTION.start, body: Uint8Array.from(u32(imports.length)) },
    { id: SECTION.code, body: vector(bodies) },
    padding > 0 && { id: SECTION.custom, body: concat([name('padding'), new Uint8Array(padding)]) },
  ]
  return writeSections(sections.filter((section) => section !== false))
}
