import type { WasmParams } from '../params/types.ts'
import type { BodyState } from './bodyState.ts'
import { EMPTY, F32, F64, I32, I64 } from './opcodes.ts'
import { INDIRECT, RETURN } from './rewrites.ts'
import { Stop } from './types.ts'
import type { Writer } from './writer.ts'

/** Indices of the globals a metered module gets after its own. */
export interface HostGlobals {
  readonly gas: number
  readonly stack: number
  readonly stop: number
  readonly callee: number
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
  readonly #code: Uint8Array
  readonly #params: WasmParams
  readonly #globals: HostGlobals
  // Scratch locals of the current body; the i64 one is always there.
  #long = 0
  #count = 0
  #f32 = 0
  #f64 = 0

  constructor(out: Writer, code: Uint8Array, params: WasmParams, globals: HostGlobals) {
    this.#out = out
    this.#code = code
    this.#params = params
    this.#globals = globals
  }

  write(shape: BodyShape, body: BodyState): void {
    const out = this.#out
    const start = out.open()
    this.#declarations(shape, body)
    const { stack, stop } = this.#globals
    const height = shape.frame + body.stack.max
    this.#bytes(0x02, EMPTY, 0x02, shape.result, 0x23)
    out.u32(stack)
    out.u8(0x42)
    out.signed(height)
    this.#bytes(0x7d, 0x22)
    out.u32(this.#long)
    this.#with(0x24, stack)
    this.#with(0x20, this.#long)
    this.#bytes(0x42, 0, 0x53, 0x04, EMPTY)
    this.#stop(Stop.stack, stop)
    out.u8(0x0b)
    this.#charge(Math.ceil(shape.frame / 8) * this.#params.regularOpCost, 0)
    this.#operators(shape, body)
    out.u8(0x0b)
    this.#with(0x23, stack)
    out.u8(0x42)
    out.signed(height)
    out.u8(0x7c)
    this.#with(0x24, stack)
    this.#bytes(0x0f, 0x0b)
    this.#stop(Stop.gas, stop)
    out.u8(0x0b)
    out.close(start)
  }

  #declarations(shape: BodyShape, { linear, rewrites }: BodyState): void {
    const out = this.#out
    const scratch = [I64]
    this.#long = shape.locals
    if (linear > 0) this.#count = shape.locals + scratch.push(I32) - 1
    if (rewrites.has(F32)) this.#f32 = shape.locals + scratch.push(F32) - 1
    if (rewrites.has(F64)) this.#f64 = shape.locals + scratch.push(F64) - 1
    out.u32(shape.groups + scratch.length)
    out.copy(this.#code, shape.groupsAt, shape.operatorsAt)
    for (const type of scratch) this.#bytes(1, type)
  }

  /** The body's own operators, with what goes between them, up to its last `end`. */
  #operators({ operatorsAt, lastEnd }: BodyShape, { gas, rewrites }: BodyState): void {
    const out = this.#out
    const code = this.#code
    let at = operatorsAt
    let point = 0
    let rewrite = 0
    while (point < gas.length || rewrite < rewrites.length) {
      const rewriteAt = rewrite < rewrites.length ? rewrites.offsets[rewrite]! : lastEnd + 1
      const pointAt = point < gas.length ? gas.offsets[point]! : lastEnd + 1
      const next = Math.min(pointAt, rewriteAt)
      out.copy(code, at, next)
      at = next
      if (pointAt <= rewriteAt) {
        if (gas.isCharged(point)) this.#point(gas.costs[point]!, gas.depths[point]!, gas.isLinear(point))
        point++
        continue
      }
      const kind = rewrites.kinds[rewrite]!
      if (kind === RETURN) {
        this.#with(0x0c, rewrites.depths[rewrite]!)
        at++
      } else if (kind === INDIRECT) {
        this.#with(0x24, this.#globals.callee)
        this.#with(0x23, this.#globals.callee)
      } else this.#canonical(kind)
      rewrite++
    }
    out.copy(code, at, lastEnd)
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
    this.#with(0x22, this.#count)
    this.#bytes(0xad, 0x42)
    out.signed(unit)
    this.#bytes(0x7e, 0x42)
    out.signed(base)
    out.u8(0x7c)
    this.#with(0x21, this.#long)
    this.#with(0x23, this.#globals.gas)
    this.#with(0x20, this.#long)
    this.#take(depth)
    this.#with(0x20, this.#count)
  }

  #charge(gas: number, depth: number): void {
    if (gas === 0) return
    this.#with(0x23, this.#globals.gas)
    this.#out.u8(0x42)
    this.#out.signed(gas)
    this.#take(depth)
  }

  /** Sets gas to the difference of two operands; below zero the rest of the limit is burnt anyway. */
  #take(depth: number): void {
    this.#out.u8(0x7d)
    this.#with(0x22, this.#long)
    this.#with(0x24, this.#globals.gas)
    this.#with(0x20, this.#long)
    this.#bytes(0x42, 0, 0x53)
    this.#with(0x0d, depth + 1)
  }

  /** Replaces a NaN on the stack by the canonical one: V8 leaves what the processor made. */
  #canonical(type: number): void {
    const local = type === F32 ? this.#f32 : this.#f64
    this.#with(0x22, local)
    this.#bytes(...(type === F32 ? NAN32 : NAN64))
    this.#with(0x20, local)
    this.#with(0x20, local)
    this.#bytes(type === F32 ? 0x5b : 0x61, 0x1b)
  }

  #stop(reason: number, stop: number): void {
    this.#bytes(0x41, reason)
    this.#with(0x24, stop)
    this.#out.u8(0x00)
  }

  #with(opcode: number, index: number): void {
    this.#out.u8(opcode)
    this.#out.u32(index)
  }

  #bytes(...bytes: number[]): void {
    for (const byte of bytes) this.#out.u8(byte)
  }
}
