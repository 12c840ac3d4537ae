import { doubled } from './doubled.ts'

/**
 * The most operand bytes a function can hold, by finite-wasm 0.6's simulation (`src/max_stack`). Its faults are part of
 * the protocol: `call_indirect` leaves its table index behind, so this is not the height of the typed stack.
 */
export class StackHeight {
  max = 0
  /** Bytes in use below each operand, so that popping any number of them is one step. */
  #below = new Int32Array(1024)
  #count = 0
  #bytes = 0
  #dead = false
  #depth = 0
  #floors = new Int32Array(256)
  #deads = new Uint8Array(256)

  start(): void {
    this.max = this.#count = this.#bytes = this.#depth = 0
    this.#dead = false
  }

  push(size: number): void {
    if (this.#dead) return
    if (this.#count === this.#below.length) this.#below = doubled(this.#below)
    this.#below[this.#count++] = this.#bytes
    this.#bytes += size
    if (this.#bytes > this.max) this.max = this.#bytes
  }

  pop(operands: number): void {
    if (this.#dead || operands === 0) return
    this.#count -= operands
    this.#bytes = this.#below[this.#count]!
  }

  enter(): void {
    if (++this.#depth === this.#floors.length) {
      this.#floors = doubled(this.#floors)
      this.#deads = doubled(this.#deads)
    }
    this.#floors[this.#depth] = this.#count
    this.#deads[this.#depth] = this.#dead ? 1 : 0
  }

  /** Ends a block; its result is pushed by the caller. */
  leave(): void {
    if (this.#depth === 0) return
    this.#dead = this.#deads[this.#depth] === 1
    this.pop(this.#count - this.#floors[this.#depth--]!)
  }

  /** What follows in this block is not reached. */
  stop(): void {
    this.#dead = true
  }
}
