import type { WasmParams } from '../params/types.ts'
import type { BodyState } from './bodyState.ts'
import { lebLength, signedLebLength } from './leb.ts'
import type { BodyShape } from './meter.ts'
import type { Module } from './module.ts'
import { EMPTY } from './opcodes.ts'
import { RETURN } from './rewrites.ts'

// NEAR limits the size of its own instrumented module, which is not ours. This adds up what nearcore 2.13 would write
// (`instrument_v3.rs` through wasm_encoder), to within a few bytes: re-encoded element segments and integers that are not
// in their shortest form count as they are.

/** An overflow check: wide operator, eqz, if, else, call, unreachable, end. */
const CHECKED = 10

const get = (index: number) => 1 + lebLength(index)
const constant = (value: number) => 1 + signedLebLength(value)

function chargeSize(gasGlobal: number, gas: number): number {
  return 3 * get(gasGlobal) + 3 * constant(gas) + 9
}

function linearChargeSize(gasGlobal: number, local: number, base: number, unit: number): number {
  const ends = 2 * get(local + 1) + 3 * get(local) + 3 * get(gasGlobal)
  return ends + constant(unit) + constant(base) + 2 * CHECKED + 14
}

/** Bytes of one instrumented body, its length included. */
export function bodySize(shape: BodyShape, body: BodyState, params: WasmParams, gasGlobal: number): number {
  const { regularOpCost, linearOpBaseCost, linearOpUnitCost } = params
  const { gas, rewrites } = body
  const height = shape.frame + body.stack.max
  const moveStack = 2 * get(gasGlobal + 1) + constant(height) + CHECKED + 4
  const frameGas = Math.ceil(shape.frame / 8) * regularOpCost

  let size = lebLength(shape.groups + 2) + (shape.operatorsAt - shape.groupsAt) + 4
  size += 2 + moveStack + (frameGas === 0 ? 0 : chargeSize(gasGlobal, frameGas))
  size += shape.lastEnd - shape.operatorsAt + body.indexGrowth
  for (let i = 0; i < gas.length; i++) {
    if (!gas.isCharged(i)) continue
    const cost = gas.costs[i]! * regularOpCost
    size += gas.isLinear(i)
      ? linearChargeSize(gasGlobal, shape.locals, cost + linearOpBaseCost, linearOpUnitCost)
      : chargeSize(gasGlobal, cost)
  }
  for (let i = 0; i < rewrites.length; i++) if (rewrites.kinds[i] === RETURN) size += moveStack
  size += 1 + moveStack + 1
  return lebLength(size) + size
}

/** Bytes of the whole instrumented module, given those of its bodies. */
export function moduleSize(module: Module, functions: number, bodies: number, { limits }: WasmParams): number {
  const { types, importNames, globals, exports, start, functionTypes } = module
  const instrumented = functions > 0
  const importing = importNames.length > 0 || instrumented
  const global = globals.length > 0 || instrumented

  let size = 8 + section(6) // magic, version, memory
  size += list(
    types.map(({ params, result }) => 4 + params.length - (result === EMPTY ? 1 : 0)).concat(importing ? [3, 4] : []),
  )
  const imported = importNames.map((name, i) => 5 + named(name) + lebLength(functionTypes[i]!))
  const injected = ['finite_wasm_gas_exhausted', 'finite_wasm_stack_exhausted', 'finite_wasm_gas']
  size += list(imported.concat(importing ? injected.map((name) => 10 + named(name) + lebLength(types.length)) : []))
  size += list(functionTypes.slice(importNames.length).map(lebLength))
  const initial = module.sections.get(6)
  const own = initial === undefined ? 0 : initial[1] - initial[0] - lebLength(globals.length)
  if (global) size += section(lebLength(globals.length + 2) + own + 5 + 3 + constant(limits.max_stack_height))
  const exported = exports
    .filter(({ kind }) => kind !== 2)
    .map(({ name, kind, index }) => 2 + named(name) + lebLength(kind === 0 ? index + 3 : index))
  exported.push(named('memory') + 2)
  if (global) exported.push(named('remaining_gas') + 1 + lebLength(globals.length))
  if (start !== undefined) exported.push(named('start') + 1 + lebLength(start + 3))
  size += list(exported)
  for (const id of [4, 9, 11, 12]) {
    const payload = module.sections.get(id)
    if (payload !== undefined) size += section(payload[1] - payload[0])
  }
  return size + (instrumented ? section(lebLength(functions) + bodies) : 0)
}

const utf8 = new TextEncoder()

function named(name: string): number {
  const { length } = utf8.encode(name)
  return lebLength(length) + length
}

function section(payload: number): number {
  return 1 + lebLength(payload) + payload
}

function list(items: readonly number[]): number {
  return items.length === 0 ? 0 : section(items.reduce((sum, size) => sum + size, lebLength(items.length)))
}
