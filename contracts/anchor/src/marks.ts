/** What the contract knows of one enclave. */
export interface Row {
  /** The last start that claimed the mark, in ms since 1970: a later one ends it. */
  readonly term: bigint
  /** Number and SHA-256 (hex) of the enclave's last state; 0 and zeros before the first. */
  readonly counter: bigint
  readonly digest: string
}

/** Rows under device keys in hex: a table of the contract, or a `Map` in tests. */
export interface Rows {
  get(key: string): Row | null
  set(key: string, row: Row): void
}

/** A term may lie so far ahead of the chain's clock, in ms: else a wrong clock would lock its own enclave out. */
export const AHEAD_MS = 120_000n
/** What the first claim pays for its row, in yoctoNEAR: 0.005 NEAR. Nothing is ever forgotten, so it does not come back. */
export const STORAGE = 5n * 10n ** 21n

/**
 * An enclave has started. From now on this start alone may advance the mark: what an earlier one signed and nobody sent
 * is void.
 * @param now ms since 1970, by the chain's clock @param attached yoctoNEAR
 * @throws Error where the term is not later than the last, or ahead of the clock, or the storage is not paid
 */
export function claim(rows: Rows, { key, term }: { key: string; term: bigint }, now: bigint, attached: bigint): Row {
  const before = rows.get(key)
  const due = before === null ? STORAGE : 0n
  if (attached !== due) throw new Error(`attach exactly ${due} yoctoNEAR`)
  if (term > now + AHEAD_MS) throw new Error(`term ${term} lies ahead of the chain's clock, ${now}`)
  if (before !== null && term <= before.term) throw new Error(`term ${term} is not later than ${before.term}`)
  const row = { term, counter: before?.counter ?? 0n, digest: before?.digest ?? '0'.repeat(64) }
  rows.set(key, row)
  return row
}

/**
 * The enclave has written its next state.
 * @throws Error where another start has claimed the mark, or the counter is not one more than the last
 */
export function advance(rows: Rows, key: string, next: Row): void {
  const before = rows.get(key)
  if (before === null) throw new Error('nobody has claimed this mark')
  if (next.term !== before.term) throw new Error(`the mark was claimed in term ${before.term}`)
  if (next.counter !== before.counter + 1n) throw new Error(`the counter is ${before.counter}`)
  rows.set(key, next)
}
