import type { WasmParams } from '../params/types.ts'
import { prepareContract } from './prepare.ts'
import type { PreparedContract } from './types.ts'

// A compiled 450 KB contract takes about 2 MB with what V8 compiles lazily.
const DEFAULT_CAPACITY = 128

/**
 * Prepared contracts by code hash, the least recently used dropped first. Failures are kept as well, as nearcore keeps
 * them: code is prepared once, however often it is called.
 */
export class ContractCache {
  readonly #params: WasmParams
  readonly #capacity: number
  readonly #contracts = new Map<string, PreparedContract>()

  constructor(params: WasmParams, capacity: number = DEFAULT_CAPACITY) {
    this.#params = params
    this.#capacity = capacity
  }

  /** The contract of a code hash (base58 or anything else that names the code); `code` is asked for only when needed. */
  get(codeHash: string, code: () => Uint8Array): PreparedContract {
    const known = this.#contracts.get(codeHash)
    const contract = known ?? prepareContract(code(), this.#params)
    // A Map keeps its order of insertion: what is used moves to the end.
    if (known !== undefined) this.#contracts.delete(codeHash)
    else if (this.#contracts.size >= this.#capacity) this.#contracts.delete(this.#contracts.keys().next().value!)
    this.#contracts.set(codeHash, contract)
    return contract
  }

  get size(): number {
    return this.#contracts.size
  }
}
