import { concat, Reader, signed, u32, vector } from '../src/wasm/bytes.ts'
import { OP, readInstruction } from '../src/wasm/instructions.ts'
import { readModule } from '../src/wasm/module.ts'
import { SECTION, sectionReader, withSection, writeSections } from '../src/wasm/sections.ts'

const I64 = 0x7e
const FREE: readonly number[] = [OP.block, OP.else, OP.end]
const ENDS: readonly number[] = [OP.loop, OP.if, OP.else, OP.end, OP.br, OP.brIf, OP.brTable, OP.return, OP.unreachable]

/**
 * The module as NEAR would run it: memory of 1,024 pages whatever it asks for, and an exported `$executed` that counts
 * instructions by nearcore's rule (block, else and end are free). Function entry fees are left out.
 */
export function metered(wasm: Uint8Array): Uint8Array<ArrayBuffer> {
  const module = readModule(wasm)
  const counter = module.globals
  const bodies = module.bodies.map(({ code, size }) => {
    const body = concat([code.bytes.subarray(code.end - size, code.at), ...counted(code, counter)])
    return concat([u32(body.length), body])
  })
  const globals = sectionReader(module.sections, SECTION.global)
  globals.u32()
  const exports = sectionReader(module.sections, SECTION.export)
  const count = exports.u32()
  let { sections } = module
  const set = (id: number, body: Uint8Array) => {
    sections = withSection(sections, id, body)
  }
  set(SECTION.code, vector(bodies))
  set(SECTION.memory, Uint8Array.from([1, 1, ...u32(1024), ...u32(2048)]))
  set(SECTION.global, concat([u32(counter + 1), globals.take(globals.end - globals.at), [I64, 1, 0x42, 0, 0x0b]]))
  const name = new TextEncoder().encode('$executed')
  const entry = concat([u32(name.length), name, [3], u32(counter)])
  set(SECTION.export, concat([u32(count + 1), exports.take(exports.end - exports.at), entry]))
  return writeSections(sections) as Uint8Array<ArrayBuffer>
}

/** The instructions with each straight run preceded by code that adds its length to the counter. */
function counted(code: Reader, counter: number): Uint8Array[] {
  const reader = new Reader(code.bytes, code.at, code.end)
  const out: Uint8Array[] = []
  let start = reader.at
  let length = 0
  while (!reader.done) {
    const { opcode } = readInstruction(reader)
    if (!FREE.includes(opcode)) length++
    if (!ENDS.includes(opcode)) continue
    const add = [0x23, ...u32(counter), 0x42, ...signed(BigInt(length)), 0x7c, 0x24, ...u32(counter)]
    out.push(concat([length > 0 ? add : [], code.bytes.subarray(start, reader.at)]))
    start = reader.at
    length = 0
  }
  return out
}
