import type { LimitName } from '../params/types.ts'
import { hostError } from './host-error.ts'

/** nearcore counts eight bytes for each register's own size. */
const OVERHEAD = 8

/** Blobs a contract keeps on the host's side, by a number of its choosing. Charging is the caller's. */
export class Registers {
  readonly #limits: Readonly<Record<LimitName, number>>
  readonly #values = new Map<bigint, Uint8Array>()
  #usage = 0

  constructor(limits: Readonly<Record<LimitName, number>>) {
    this.#limits = limits
  }

  get(register: bigint): Uint8Array | undefined {
    return this.#values.get(register)
  }

  /**
   * Keeps `value` itself, not a copy.
   * @throws HostError `MemoryAccessViolation` past a limit. At the limit of their number not even an existing register
   * can be written again: nearcore's error, and by now its protocol.
   */
  set(register: bigint, value: Uint8Array): void {
    const old = this.#values.get(register)
    const usage = this.#usage - (old === undefined ? 0 : old.length + OVERHEAD) + value.length + OVERHEAD
    if (
      value.length > this.#limits.max_register_size ||
      this.#values.size >= this.#limits.max_number_registers ||
      usage > this.#limits.registers_memory_limit
    )
      throw hostError('MemoryAccessViolation')
    this.#values.set(register, value)
    this.#usage = usage
  }
}
