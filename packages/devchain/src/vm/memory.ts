import type { WasmMemory } from '../wasm/index.ts'
import { hostError } from './host-error.ts'

/** The contract's memory. Charging is the caller's, and comes before the bounds check, as in nearcore. */
export class GuestMemory {
  readonly #memory: WasmMemory
  #bytes: Uint8Array

  constructor(memory: WasmMemory) {
    this.#memory = memory
    this.#bytes = new Uint8Array(memory.buffer)
  }

  /** A view, valid until the contract runs again. @throws HostError `MemoryAccessViolation` */
  read(pointer: number, length: number): Uint8Array {
    const bytes = this.#current(pointer + length)
    return bytes.subarray(pointer, pointer + length)
  }

  /** @throws HostError `MemoryAccessViolation` */
  write(pointer: number, value: Uint8Array): void {
    this.#current(pointer + value.length).set(value, pointer)
  }

  #current(end: number): Uint8Array {
    // growing detaches the old buffer, which leaves views of no length
    if (this.#bytes.length === 0) this.#bytes = new Uint8Array(this.#memory.buffer)
    if (end > this.#bytes.length) throw hostError('MemoryAccessViolation')
    return this.#bytes
  }
}
