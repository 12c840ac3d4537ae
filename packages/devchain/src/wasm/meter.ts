import type { WasmParams } from '../params/types.ts'
import type { BodyState } from './bodyState.ts'
import { EMPTY, F32, F64, I32, I64 } from './opcodes.ts'
import { INDIRECT, MEMORY_GROW, MEMORY_SIZE, RETURN } from './rewrites.ts'
import { Stop } from './types.ts'
import { Writer } from './writer.ts'

/** Indices of the globals a metered module gets after its own. */
export interface HostGlobals {
  readonly gas: number
  readonly stack: number
  readonly stop: number
  readonly callee: number
  readonly missing: number
}

/** Where a body lies in the code, and what its declarations say. */
export interface BodyShape {
  /** Groups of locals, and their bytes: [groupsAt, operatorsAt). */
  readonly groups: number
  readonly groupsAt: number
  readonly operatorsAt: number
  /** Offset of the last `end`. */
  readonly lastEnd: number
  /** Parameters and locals. */
  readonly locals: number
  /** Type byte or EMPTY. */
  readonly result: number
  /** Bytes of parameters, locals and the frame itself. */
  readonly frame: number
}

// Canonical NaNs: positive, quiet, without payload.
const NAN32 = [0x43, 0, 0, 0xc0, 0x7f]
const NAN64 = [0x44, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f]

/**
 * Writes one metered function body:
 *
 *     block                     ;; left with br_if when gas runs out
 *       block (result)          ;; what `return` leaves
 *         take the frame from the stack counter, or stop
 *         charge for the frame
 *         ... the body, charging gas at its points ...
 *       end
 *       give the frame back
 *       return
 *     end
 *     stop for gas
 */
export class Meter {
  readonly #out: Writer
  readonly #params: WasmParams
  readonly #globals: HostGlobals
  /** Between the amount and the depth of a charge, for the current body. */
  #takeGas: Uint8Array = new Uint8Array(0)
  readonly #readGas: Uint8Array
  // Scratch locals of the current body; the i64 one is always there.
  #long = 0
  #count = 0
  #f32 = 0
  #f64 = 0

  constructor(out: Writer, params: WasmParams, globals: HostGlobals) {
    this.#out = out
    this.#params = params
    this.#globals = globals
    this.#readGas = encoded((writer) => {
      writer.indexed(0x23, globals.gas)
      writer.u8(0x42)
    })
  }

  write(shape: BodyShape, body: BodyState): void {
    const out = this.#out
    const start = out.open()
    const height = shape.frame + body.stack.max
    this.#declarations(shape, body)
    out.all(0x02, EMPTY, 0x02, shape.result)
    this.#enter(height)
    this.#charge(Math.ceil(shape.frame / 8) * this.#params.regularOpCost, 0)
    this.#operators(shape, body)
    out.u8(0x0b)
    this.#moveStack(height, 0x7c)
    out.indexed(0x24, this.#globals.stack)
    out.all(0x0f, 0x0b)
    this.#stop(Stop.gas)
    out.u8(0x0b)
    out.close(start)
  }

  /** Takes a frame from the stack counter, or stops. */
  #enter(height: number): void {
    const out = this.#out
    this.#moveStack(height, 0x7d)
    out.indexed(0x22, this.#long)
    out.indexed(0x24, this.#globals.stack)
    out.indexed(0x20, this.#long)
    out.all(0x42, 0, 0x53, 0x04, EMPTY)
    this.#stop(Stop.stack)
    out.u8(0x0b)
  }

  /** The stack counter plus (0x7C) or minus (0x7D) a height, on the stack. */
  #moveStack(height: number, operator: number): void {
    const out = this.#out
    out.indexed(0x23, this.#globals.stack)
    out.u8(0x42)
    out.signed(height)
    out.u8(operator)
  }

  #declarations(shape: BodyShape, { linear, rewrites }: BodyState): void {
    const out = this.#out
    const scratch = [I64]
    this.#long = shape.locals
    // Below zero the rest of the limit is burnt anyway, so gas may be taken before it is checked.
    this.#takeGas = encoded((writer) => {
      writer.u8(0x7d)
      writer.indexed(0x22, shape.locals)
      writer.indexed(0x24, this.#globals.gas)
      writer.indexed(0x20, shape.locals)
      writer.all(0x42, 0, 0x53, 0x0d)
    })
    if (linear > 0) this.#count = shape.locals + scratch.push(I32) - 1
    if (rewrites.has(F32)) this.#f32 = shape.locals + scratch.push(F32) - 1
    if (rewrites.has(F64)) this.#f64 = shape.locals + scratch.push(F64) - 1
    out.u32(shape.groups + scratch.length)
    out.copy(shape.groupsAt, shape.operatorsAt)
    for (const type of scratch) out.all(1, type)
  }

  /** The body's own operators, with what goes between them, up to its last `end`. */
  #operators({ operatorsAt, lastEnd }: BodyShape, { gas, rewrites }: BodyState): void {
    const out = this.#out
    let at = operatorsAt
    let point = 0
    let rewrite = 0
    while (point < gas.length || rewrite < rewrites.length) {
      const rewriteAt = rewrite < rewrites.length ? rewrites.offsets[rewrite]! : lastEnd + 1
      const pointAt = point < gas.length ? gas.offsets[point]! : lastEnd + 1
      const next = Math.min(pointAt, rewriteAt)
      out.copy(at, next)
      at = next
      if (pointAt <= rewriteAt) {
        if (gas.isCharged(point)) this.#point(gas.costs[point]!, gas.depths[point]!, gas.isLinear(point))
        point++
        continue
      }
      const kind = rewrites.kinds[rewrite]!
      if (kind === RETURN) {
        out.indexed(0x0c, rewrites.depths[rewrite]!)
        at++
      } else if (kind === INDIRECT) {
        out.indexed(0x24, this.#globals.callee)
        out.indexed(0x23, this.#globals.callee)
      } else if (kind === MEMORY_SIZE) {
        out.copy(at, at + 2)
        at += 2
        out.indexed(0x23, this.#globals.missing)
        out.u8(0x6a)
      } else if (kind === MEMORY_GROW) {
        out.indexed(0x23, this.#globals.missing)
        out.all(0x04, EMPTY)
        this.#stop(Stop.memory)
        out.u8(0x0b)
      } else this.#canonical(kind)
      rewrite++
    }
    out.copy(at, lastEnd)
  }

  #point(operators: number, depth: number, linear: boolean): void {
    const { regularOpCost, linearOpBaseCost, linearOpUnitCost } = this.#params
    const constant = operators * regularOpCost
    if (linear) this.#chargeByCount(constant + linearOpBaseCost, linearOpUnitCost, depth)
    else this.#charge(constant, depth)
  }

  /** Charges by the count on top of the stack, and leaves it there. */
  #chargeByCount(base: number, unit: number, depth: number): void {
    const out = this.#out
    out.indexed(0x22, this.#count)
    out.all(0xad, 0x42)
    out.signed(unit)
    out.all(0x7e, 0x42)
    out.signed(base)
    out.u8(0x7c)
    out.indexed(0x21, this.#long)
    out.indexed(0x23, this.#globals.gas)
    out.indexed(0x20, this.#long)
    out.set(this.#takeGas)
    out.u32(depth + 1)
    out.indexed(0x20, this.#count)
  }

  #charge(gas: number, depth: number): void {
    if (gas === 0) return
    const out = this.#out
    out.set(this.#readGas)
    out.signed(gas)
    out.set(this.#takeGas)
    out.u32(depth + 1)
  }

  /** Replaces a NaN on the stack by the canonical one: V8 leaves what the processor made. */
  #canonical(type: number): void {
    const out = this.#out
    const local = type === F32 ? this.#f32 : this.#f64
    out.indexed(0x22, local)
    out.all(...(type === F32 ? NAN32 : NAN64))
    out.indexed(0x20, local)
    out.indexed(0x20, local)
    out.all(type === F32 ? 0x5b : 0x61, 0x1b)
  }

  #stop(reason: number): void {
    const out = this.#out
    out.all(0x41, reason)
    out.indexed(0x24, this.#globals.stop)
    out.u8(0x00)
  }
}

function encoded(write: (writer: Writer) => void): Uint8Array {
  const writer = new Writer(16)
  write(writer)
  return writer.bytes.subarray(0, writer.at)
}
