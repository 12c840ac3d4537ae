import { doubled } from './doubled.ts'
import { ANY, EMPTY, FUNCREF, I32 } from './opcodes.ts'
import type { Reader } from './reader.ts'

export const FUNCTION = 0
export const BLOCK = 1
export const LOOP = 2
export const IF = 3
export const ELSE = 4

/** Type checking of one body: the algorithm of the WebAssembly specification's appendix. */
export class OperandTypes {
  /** Blocks open around the current operator, 0 in the function's own. */
  depth = 0
  #reader: Reader
  #types = new Uint8Array(1024)
  #height = 0
  /** Of the innermost block: where its operands start, and whether they are polymorphic. */
  #floor = 0
  #open = false
  #kinds = new Uint8Array(256)
  #results = new Uint8Array(256)
  #floors = new Int32Array(256)
  #opens = new Uint8Array(256)

  constructor(reader: Reader) {
    this.#reader = reader
  }

  start(reader: Reader, result: number): void {
    this.#reader = reader
    this.#height = this.#floor = this.depth = 0
    this.#open = false
    this.#kinds[0] = FUNCTION
    this.#results[0] = result
  }

  push(type: number): void {
    if (this.#height === this.#types.length) this.#types = doubled(this.#types)
    this.#types[this.#height++] = type
  }

  /** Pops an operand of a type and says which it was; ANY takes what comes, and comes where code is unreachable. */
  pop(expected: number): number {
    if (this.#height === this.#floor) {
      if (this.#open) return ANY
      return this.#reader.fail('type mismatch: nothing on the stack')
    }
    const actual = this.#types[--this.#height]!
    if (actual !== expected && actual !== ANY && expected !== ANY) this.#reader.fail('type mismatch')
    return actual
  }

  popReference(): void {
    const type = this.pop(ANY)
    if (type !== FUNCREF && type !== ANY) this.#reader.fail('type mismatch: reference expected')
  }

  /** `select` without a type: two equal numbers. Returns their type. */
  select(): number {
    this.pop(I32)
    const second = this.pop(ANY)
    const first = this.pop(second)
    if (first === FUNCREF || second === FUNCREF) this.#reader.fail('type mismatch: select of references')
    const type = first === ANY ? second : first
    this.push(type)
    return type
  }

  enter(kind: number, result: number): void {
    this.#opens[this.depth] = this.#open ? 1 : 0
    if (++this.depth === this.#kinds.length) {
      this.#kinds = doubled(this.#kinds)
      this.#results = doubled(this.#results)
      this.#floors = doubled(this.#floors)
      this.#opens = doubled(this.#opens)
    }
    this.#kinds[this.depth] = kind
    this.#results[this.depth] = result
    this.#floors[this.depth] = this.#floor = this.#height
    this.#open = false
  }

  else(): number {
    if (this.#kinds[this.depth] !== IF) this.#reader.fail('else without if')
    const result = this.#popResult()
    this.#kinds[this.depth] = ELSE
    this.#open = false
    return result
  }

  /** Ends the innermost block and pushes its result, which it returns; false for the function's own end. */
  end(): number {
    const kind = this.#kinds[this.depth]
    const result = this.#popResult()
    if (kind === IF && result !== EMPTY) this.#reader.fail('type mismatch: if without else has a result')
    if (kind === FUNCTION) return EMPTY
    this.depth--
    this.#floor = this.depth === 0 ? 0 : this.#floors[this.depth]!
    this.#open = this.#opens[this.depth] === 1
    if (result !== EMPTY) this.push(result)
    return result
  }

  /** What a branch to the block `label` levels out carries. */
  label(label: number): number {
    if (label > this.depth) this.#reader.fail('unknown label')
    const frame = this.depth - label
    return this.#kinds[frame] === LOOP ? EMPTY : this.#results[frame]!
  }

  functionResult(): number {
    return this.#results[0]!
  }

  popIf(type: number): void {
    if (type !== EMPTY) this.pop(type)
  }

  pushIf(type: number): void {
    if (type !== EMPTY) this.push(type)
  }

  unreachable(): void {
    this.#height = this.#floor
    this.#open = true
  }

  #popResult(): number {
    const result = this.#results[this.depth]!
    this.popIf(result)
    if (this.#height !== this.#floor) this.#reader.fail('type mismatch: values remaining at the end of a block')
    return result
  }
}
