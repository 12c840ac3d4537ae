import type { LimitName } from '../params/types.ts'
import { type PreparedCode, type WasmMemory, webAssembly } from '../wasm/index.ts'
import { relaxCollection } from './heap.ts'

/** Enough for the heap of most contracts of near-sdk-js, and quick to clear: 2 MiB. */
const SMALL_PAGES = 32

/** Thrown by a call that needs pages its memory misses. It must be undone and run again, which then has all of them. */
export class MemoryTooSmall extends Error {}

/** A memory of zeros for one call. */
export interface CallMemory {
  readonly memory: WasmMemory
  /** Pages it has less than the contract is told. */
  readonly missing: number
}

/**
 * Memories for calls that run one after another. NEAR gives each call 1024 pages, most contracts touch few of them, and
 * to map and collect 64 MiB costs more than such a call itself. So code runs on a small memory that all calls share,
 * until it once proves too small for it.
 */
export class Memories {
  readonly #limits: Readonly<Record<LimitName, number>>
  readonly #tooBig = new WeakSet<PreparedCode>()
  #small: WasmMemory | undefined

  constructor(limits: Readonly<Record<LimitName, number>>) {
    this.#limits = limits
  }

  for(code: PreparedCode): CallMemory {
    const { initial_memory_pages: initial, max_memory_pages: maximum } = this.#limits
    if (this.#tooBig.has(code)) {
      relaxCollection()
      return { memory: new webAssembly.Memory({ initial, maximum }), missing: 0 }
    }
    if (this.#small === undefined) this.#small = new webAssembly.Memory({ initial: SMALL_PAGES, maximum: SMALL_PAGES })
    else new Uint8Array(this.#small.buffer).fill(0)
    return { memory: this.#small, missing: initial - SMALL_PAGES }
  }

  /** From now on `code` gets all pages. */
  outgrown(code: PreparedCode): void {
    this.#tooBig.add(code)
  }
}
