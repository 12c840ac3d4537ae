import type { WasmMemory } from '../wasm/index.ts'
import { hostError } from './host-error.ts'
import { type CallMemory, MemoryTooSmall } from './memories.ts'

/** The contract's memory. Charging is the caller's, and comes before the bounds check, as in nearcore. */
export class GuestMemory {
  readonly #memory: WasmMemory
  readonly #whole: boolean
  #bytes: Uint8Array

  constructor({ memory, missing }: CallMemory) {
    this.#memory = memory
    this.#whole = missing === 0
    this.#bytes = new Uint8Array(memory.buffer)
  }

  /** A view, valid until the contract runs again. @throws HostError `MemoryAccessViolation`; {@link MemoryTooSmall} */
  read(pointer: number, length: number): Uint8Array {
    const bytes = this.#current(pointer + length)
    return bytes.subarray(pointer, pointer + length)
  }

  /** @throws HostError `MemoryAccessViolation`; {@link MemoryTooSmall} */
  write(pointer: number, value: Uint8Array): void {
    this.#current(pointer + value.length).set(value, pointer)
  }

  #current(end: number): Uint8Array {
    // growing detaches the old buffer, which leaves views of no length
    if (this.#bytes.length === 0) this.#bytes = new Uint8Array(this.#memory.buffer)
    if (end > this.#bytes.length) throw this.#whole ? hostError('MemoryAccessViolation') : new MemoryTooSmall()
    return this.#bytes
  }
}
