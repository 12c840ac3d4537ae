import { Buffer } from 'node:buffer'
import type { StateUpdate, StateWrite, Trie } from './types.ts'

/** Writes by key; the key as latin-1 text, which sorts as its bytes do. */
type Writes = Map<string, StateWrite>

const textOf = (key: Uint8Array): string => Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')
const byText = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1)

/** A chunk's changes over `trie` (nearcore `core/store/src/trie/update.rs`). */
export const createStateUpdate = (trie: Trie): StateUpdate => new Update(trie)

class Update implements StateUpdate {
  readonly #trie: Trie
  readonly #committed: Writes = new Map()
  #prospective: Writes = new Map()

  constructor(trie: Trie) {
    this.#trie = trie
  }

  #written(key: Uint8Array): StateWrite | undefined {
    const text = textOf(key)
    return this.#prospective.get(text) ?? this.#committed.get(text)
  }

  get(key: Uint8Array) {
    const written = this.#written(key)
    return written ? written.value : this.#trie.get(key)
  }

  set(key: Uint8Array, value: Uint8Array): void {
    this.#prospective.set(textOf(key), { key, value })
  }

  remove(key: Uint8Array): void {
    this.#prospective.set(textOf(key), { key, value: undefined })
  }

  nodesTouched(key: Uint8Array): number {
    return this.#written(key) ? 0 : this.#trie.nodesOnPath(key)
  }

  *entries(prefix: Uint8Array): Iterable<readonly [Uint8Array, Uint8Array]> {
    const start = textOf(prefix)
    const overlay = [...new Map([...this.#committed, ...this.#prospective])]
      .filter(([text]) => text.startsWith(start))
      .sort(byText)
    let next = 0
    for (const entry of this.#trie.entries(prefix)) {
      const text = textOf(entry[0])
      for (; next < overlay.length && (overlay[next] as [string, StateWrite])[0] < text; next++) {
        const { key, value } = (overlay[next] as [string, StateWrite])[1]
        if (value) yield [key, value]
      }
      if (overlay[next]?.[0] !== text) yield entry
    }
    for (; next < overlay.length; next++) {
      const { key, value } = (overlay[next] as [string, StateWrite])[1]
      if (value) yield [key, value]
    }
  }

  commit(): readonly StateWrite[] {
    const sorted = [...this.#prospective].sort(byText)
    for (const [text, write] of sorted) this.#committed.set(text, write)
    this.#prospective = new Map()
    return sorted.map(([, write]) => write)
  }

  rollback(): void {
    this.#prospective = new Map()
  }

  savepoint(): () => void {
    const before = new Map(this.#prospective)
    return () => {
      this.#prospective = before
    }
  }

  *changes() {
    for (const [, { key, value }] of [...this.#committed].sort(byText)) {
      yield { key, before: this.#trie.get(key), after: value }
    }
  }

  finalize(): Trie {
    let trie = this.#trie
    for (const { key, value } of this.#committed.values()) trie = value ? trie.set(key, value) : trie.delete(key)
    return trie
  }
}
