import type { WasmParams } from '../params/types.ts'
import type { MeteredCode } from './codeSection.ts'
import type { HostGlobals } from './meter.ts'
import type { Module } from './module.ts'
import { EMPTY, FUNCREF, I32, I64 } from './opcodes.ts'
import { CALLEE_EXPORT, HOST_MODULE, METHOD_PREFIX, TABLE_EXPORT } from './types.ts'
import { Writer } from './writer.ts'

const TYPE = 1
const IMPORT = 2
const FUNCTION = 3
const TABLE = 4
const GLOBAL = 6
const EXPORT = 7
const ELEMENT = 9
const CODE = 10
const DATA = 11
const DATA_COUNT = 12

/** The host's globals come after the module's own, so that no index in the code changes. */
export function hostGlobals({ globals: { length } }: Module): HostGlobals {
  return { gas: length, stack: length + 1, stop: length + 2, callee: length + 3, missing: length + 4 }
}

/**
 * Writes the metered module: an imported memory whatever was declared, a table that grows no further than NEAR lets it, the
 * host's globals, of the exports only what can be called, and the start function as an export, to run once gas is set.
 * Custom sections go.
 */
export function encodeModule(module: Module, code: MeteredCode | undefined, params: WasmParams): Uint8Array {
  const out = new Writer((code?.bodies.length ?? 0) + 4096, module.code)
  out.copy(0, 8)
  const copy = (id: number) => {
    const payload = module.sections.get(id)
    if (payload !== undefined) section(out, id, () => out.copy(payload[0], payload[1]))
  }
  copy(TYPE)
  section(out, IMPORT, () => imports(out, module, params))
  copy(FUNCTION)
  if (module.tables.length > 0) section(out, TABLE, () => tables(out, module, params))
  section(out, GLOBAL, () => globals(out, module, params))
  section(out, EXPORT, () => exports(out, module))
  copy(ELEMENT)
  copy(DATA_COUNT)
  if (code !== undefined)
    section(out, CODE, () => {
      out.u32(code.functions)
      out.set(code.bodies.bytes.subarray(code.bodies.start, code.bodies.at))
    })
  copy(DATA)
  return out.bytes.subarray(out.start, out.at)
}

function section(out: Writer, id: number, payload: () => void): void {
  out.u8(id)
  const start = out.open()
  payload()
  out.close(start)
}

/** The memory comes last, so that no function's index changes. */
function imports(out: Writer, module: Module, params: WasmParams): void {
  out.u32(module.importNames.length + 1)
  items(out, module, IMPORT)
  out.text(HOST_MODULE)
  out.text('memory')
  out.u8(2)
  limits(out, 0, params.limits.max_memory_pages)
}

/** What a section of the contract lists, without its count. */
function items(out: Writer, { sections, code }: Module, id: number): void {
  const own = sections.get(id)
  if (own !== undefined) out.copy(own[0] + countLength(code, own[0]), own[1])
}

function tables(out: Writer, module: Module, params: WasmParams): void {
  const most = params.limits.max_elements_per_contract_table
  out.u32(module.tables.length)
  for (const { initial, max } of module.tables) {
    out.u8(FUNCREF)
    limits(out, initial, Math.min(max ?? most, most))
  }
}

function limits(out: Writer, initial: number, max: number): void {
  out.u8(1)
  out.u32(initial)
  out.u32(max)
}

function globals(out: Writer, module: Module, params: WasmParams): void {
  out.u32(module.globals.length + 5)
  items(out, module, GLOBAL)
  const mutable = (type: number, initial: number) => {
    out.u8(type)
    out.u8(1)
    out.u8(type === I64 ? 0x42 : 0x41)
    out.signed(initial)
    out.u8(0x0b)
  }
  mutable(I64, 0)
  mutable(I64, params.limits.max_stack_height)
  mutable(I32, 0)
  mutable(I32, 0)
  mutable(I32, 0)
}

/** Bytes of the LEB128 at `at`. */
function countLength(code: Uint8Array, at: number): number {
  let length = 1
  while (code[at + length - 1]! >= 0x80) length++
  return length
}

function exports(out: Writer, module: Module): void {
  const { gas, stack, stop, callee, missing } = hostGlobals(module)
  const methods = module.exports.filter(({ kind, index }) => kind === 0 && isMethod(module, index))
  const list: [name: string, kind: number, index: number][] = methods.map(({ name, index }) => [
    METHOD_PREFIX + name,
    0,
    index,
  ])
  list.push(['memory', 2, 0], ['gas', 3, gas], ['stack', 3, stack], ['stop', 3, stop], ['missing', 3, missing])
  if (module.tables.length > 0) list.push([TABLE_EXPORT, 1, 0], [CALLEE_EXPORT, 3, callee])
  if (module.start !== undefined) list.push(['start', 0, module.start])
  out.u32(list.length)
  for (const [name, kind, index] of list) {
    out.text(name)
    out.u8(kind)
    out.u32(index)
  }
}

/** Whether a function is `() -> ()`, which is what can be called from outside. */
export function isMethod({ functions }: Module, index: number): boolean {
  const { params, result } = functions[index]!
  return params.length === 0 && result === EMPTY
}
