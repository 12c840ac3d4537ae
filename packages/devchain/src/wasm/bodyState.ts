import { GasPoints } from './gasPoints.ts'
import { lebLength } from './leb.ts'
import type { Module } from './module.ts'
import { SIZE_OF } from './opcodes.ts'
import { OperandTypes } from './operandTypes.ts'
import { Reader } from './reader.ts'
import { Rewrites } from './rewrites.ts'
import { StackHeight } from './stackHeight.ts'

/** What is known of a function body while its operators go by. */
export class BodyState {
  readonly module: Module
  readonly gas = new GasPoints()
  readonly stack = new StackHeight()
  readonly types: OperandTypes
  readonly rewrites = new Rewrites()
  reader = new Reader(new Uint8Array(0))
  /** Types of parameters and locals. */
  locals: Uint8Array = new Uint8Array(0)
  /** Blocks, loops and ifs. */
  blocks = 0
  /** Bulk and grow operators. */
  linear = 0
  /** Bytes that function indices grow by when raised by three, as nearcore's instrumentation does. */
  indexGrowth = 0

  constructor(module: Module) {
    this.module = module
    this.types = new OperandTypes(this.reader)
  }

  start(reader: Reader, locals: Uint8Array, result: number): void {
    this.reader = reader
    this.locals = locals
    this.types.start(reader, result)
    this.gas.start()
    this.stack.start()
    this.rewrites.start()
    this.blocks = this.linear = this.indexGrowth = 0
  }

  produce(type: number): void {
    this.types.push(type)
    this.stack.push(SIZE_OF[type]!)
  }

  /** Pops operands, the topmost first. */
  consume(first: number, second?: number, third?: number): void {
    this.types.pop(first)
    this.stack.pop(1)
    if (second !== undefined) this.consume(second, third)
  }

  /** A bulk or grow operator, charged by its count. */
  chargeByCount(): void {
    this.linear++
    this.gas.linear()
  }

  /** After an operator that never falls through. */
  leave(): void {
    this.types.unreachable()
    this.stack.stop()
    this.gas.leave()
  }

  functionIndex(): number {
    const { reader } = this
    const start = reader.at
    const index = reader.u32()
    if (index >= this.module.functions.length) reader.fail('unknown function', start)
    this.indexGrowth += lebLength(index + 3) - (reader.at - start)
    return index
  }

  dataIndex(): void {
    if (this.reader.u32() >= (this.module.dataCount ?? 0)) this.reader.fail('unknown data segment')
  }

  elementIndex(): void {
    if (this.reader.u32() >= this.module.elements) this.reader.fail('unknown element segment')
  }

  tableIndex(): void {
    if (this.reader.u32() >= this.module.tables.length) this.reader.fail('unknown table')
  }

  memoryIndex(): void {
    if (this.reader.u32() !== 0) this.reader.fail('unknown memory')
    this.needMemory()
  }

  needMemory(): void {
    if (this.module.memories === 0) this.reader.fail('unknown memory')
  }
}
