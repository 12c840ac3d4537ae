import type { CryptoHash } from '@dcml/light-client'
import type { Params } from '../params/types.ts'
import type { PreparedCode } from '../wasm/index.ts'
import { type PreparedContract, prepareContract } from '../wasm/index.ts'
import type { Failure } from './failure.ts'
import { compilationFailure } from './failure.ts'
import { Machine } from './machine.ts'

/** Compiled contracts kept per version; the least recently used goes first. */
const CAPACITY = 128

/** Code ready to run, or why it never will be. */
export type Loaded =
  | { readonly code: PreparedCode; readonly unlinked: Failure | null }
  | { readonly code: null; readonly refused: Failure }

/** Contracts of one protocol version, by the hash of their code, and the machine that runs them. */
export class ContractCache {
  readonly machine: Machine
  readonly #params: Params
  readonly #loaded = new Map<CryptoHash, Loaded>()

  constructor(params: Params) {
    this.#params = params
    this.machine = new Machine(params)
  }

  load(hash: CryptoHash, code: Uint8Array): Loaded {
    const found = this.#loaded.get(hash)
    const loaded = found ?? this.#prepare(prepareContract(code, this.#params.wasm))
    if (found !== undefined) this.#loaded.delete(hash)
    this.#loaded.set(hash, loaded)
    if (this.#loaded.size > CAPACITY) this.#loaded.delete(this.#loaded.keys().next().value!)
    return loaded
  }

  #prepare(prepared: PreparedContract): Loaded {
    if (!prepared.ok) return { code: null, refused: compilationFailure(prepared.error) }
    return { code: prepared, unlinked: this.machine.link(prepared) }
  }
}

const caches = new WeakMap<Params, ContractCache>()

/** The process's cache for a version. */
export function cacheFor(params: Params): ContractCache {
  const found = caches.get(params)
  if (found !== undefined) return found
  const cache = new ContractCache(params)
  caches.set(params, cache)
  return cache
}
