import type { Channel } from './channel.ts'
import type { Provider } from './provider.ts'

/** Records under string keys: a table of the contract, or a `Map` in tests. */
export interface Rows<T> {
  get(key: string): T | null
  has(key: string): boolean
  set(key: string, value: T): void
  remove(key: string): boolean
}

/**
 * Everything the contract's balance is there for, in yoctoNEAR. Their sum never exceeds what came in less what went out:
 * `test/ledger.test.ts` holds it equal to the yocto.
 */
export interface Totals {
  /** Of the channels that are open or closing. */
  readonly deposited: bigint
  /** Of all providers, free and locked. */
  readonly collateral: bigint
  /** What a transfer failed to deliver. */
  readonly owed: bigint
  /** Of forced closures under way. */
  readonly fees: bigint
  /** What providers, sessions and channels paid for their place in storage; comes back with it. */
  readonly storage: bigint
}

/** All the money of the contract. The functions over it check everything before they write anything. */
export interface Books {
  totals: Totals
  readonly providers: Rows<Provider>
  /** Session keys that providers answer for, under `sessionAt`. */
  readonly sessions: Rows<boolean>
  readonly channels: Rows<Channel>
  readonly owed: Rows<bigint>
}

/** Who calls, with how much, when. */
export interface Caller {
  readonly by: string
  /** Attached, in yoctoNEAR. */
  readonly attached: bigint
  /** Block time in nanoseconds. */
  readonly now: bigint
}

/** Money that leaves the books now. Where the transfer fails, `bookOwed` takes it back in. */
export interface Payout {
  readonly account: string
  readonly amount: bigint
}

export const NOTHING: Totals = { deposited: 0n, collateral: 0n, owed: 0n, fees: 0n, storage: 0n }

/** Adds to and takes from the totals. @throws Error before a total would fall below zero */
export function shift(books: Books, by: Partial<Totals>): void {
  const totals: Record<string, bigint> = { ...books.totals }
  for (const [name, amount] of Object.entries(by)) {
    const sum = (totals[name] as bigint) + amount
    if (sum < 0n) throw new Error(`the books hold less ${name} than that`)
    totals[name] = sum
  }
  books.totals = totals as unknown as Totals
}

/** @throws Error always: the call changes nothing and its deposit goes back */
export function refuse(why: string): never {
  throw new Error(why)
}
