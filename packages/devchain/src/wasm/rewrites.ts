import { doubled } from './doubled.ts'

/** A `return`, which becomes a branch to where the stack counter is restored. */
export const RETURN = 0
/** A call through the table, whose index the host may need to tell a null entry from one of another type. */
export const INDIRECT = 1
/** A `memory.size`, which counts the pages that are missing, and a `memory.grow`, which stops where there are any. */
export const MEMORY_SIZE = 2
export const MEMORY_GROW = 3

/** Operators of one body that do not stay as they are, by offset; reused from body to body. */
export class Rewrites {
  length = 0
  offsets = new Int32Array(256)
  /** One of the kinds above, or the type byte of a float to canonicalise. */
  kinds = new Uint8Array(256)
  depths = new Int32Array(256)

  start(): void {
    this.length = 0
  }

  return(offset: number, depth: number): void {
    this.#push(offset, RETURN, depth)
  }

  indirectCall(offset: number): void {
    this.#push(offset, INDIRECT, 0)
  }

  memorySize(offset: number): void {
    this.#push(offset, MEMORY_SIZE, 0)
  }

  memoryGrow(offset: number): void {
    this.#push(offset, MEMORY_GROW, 0)
  }

  canonical(offset: number, type: number): void {
    this.#push(offset, type, 0)
  }

  /** Whether floats of this type are canonicalised. */
  has(type: number): boolean {
    return this.kinds.subarray(0, this.length).includes(type)
  }

  #push(offset: number, kind: number, depth: number): void {
    if (this.length === this.kinds.length) {
      this.offsets = doubled(this.offsets)
      this.kinds = doubled(this.kinds)
      this.depths = doubled(this.depths)
    }
    this.offsets[this.length] = offset
    this.kinds[this.length] = kind
    this.depths[this.length++] = depth
  }
}
