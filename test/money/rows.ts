import type { Rows } from '../../contracts/model/src/books.ts'

/** A table of the contract, in memory. */
export class MapRows<T> extends Map<string, T> implements Rows<T> {
  // biome-ignore lint/suspicious/noExplicitAny: a table has null where a map has undefined
  override get(key: string): any {
    return super.get(key) ?? null
  }
  remove(key: string): boolean {
    return this.delete(key)
  }
}

export const sum = (of: Iterable<bigint>): bigint => [...of].reduce((total, one) => total + one, 0n)
