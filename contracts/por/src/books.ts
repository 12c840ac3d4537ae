import type { Edge } from './edge.ts'
import type { Escrow } from './escrow.ts'
import type { Gone, Node } from './node.ts'
import type { Proof } from './proof.ts'
import type { Rules } from './rules.ts'
import type { Terms } from './terms.ts'

/** Records under string keys: a table of the contract, or a `Map` in tests. */
export interface Rows<T> {
  get(key: string): T | null
  has(key: string): boolean
  set(key: string, value: T): void
  remove(key: string): boolean
}

/** What the contract's balance is there for, in yoctoNEAR: together what came in less what went out, to the yocto. */
export interface Totals {
  readonly stakes: bigint
  /** Of the edges that are not settled. */
  readonly deposits: bigint
  /** π of each end of a confirmed edge, and of the opener of a pending one, less what was taken for penalties. */
  readonly bonds: bigint
  /** Penalties of the last W. */
  readonly escrow: bigint
  /** The treasury's, until it collects. */
  readonly treasury: bigint
  /** What a transfer failed to deliver. */
  readonly owed: bigint
  /** What rows paid for their place in storage; comes back with it. */
  readonly storage: bigint
}

/** Everything the contract knows. The functions over it check all before they write anything. */
export interface Books {
  readonly rules: Rules
  totals: Totals
  /** Ids never repeat: a signature about an edge can never be about another. */
  nextEdge: bigint
  nextSeat: number
  nextProof: bigint
  /** Counts the changes of the graph. */
  version: bigint
  readonly nodes: Rows<Node>
  /** Accounts that were nodes and left. */
  readonly gone: Rows<Gone>
  /** Whose a node key is. */
  readonly keys: Rows<string>
  /** Accounts by the order they registered in, for paging. */
  readonly seats: Rows<string>
  /** The edges of an account, written by `writeLinks`. */
  readonly links: Rows<string>
  readonly edges: Rows<Edge>
  readonly terms: Rows<Terms>
  readonly escrows: Rows<Escrow>
  readonly proofs: Rows<Proof>
  /** Nodes of a proof that is brought in chunks, under `markAt`. */
  readonly marks: Rows<string>
  readonly owed: Rows<bigint>
}

/** Who calls, with how much, when. */
export interface Caller {
  readonly by: string
  /** Attached, in yoctoNEAR. */
  readonly attached: bigint
  /** Block time in nanoseconds. */
  readonly now: bigint
  readonly height: bigint
}

/** Money that leaves the books now. Where the transfer fails, `bookOwed` takes it back in. */
export interface Payout {
  readonly account: string
  readonly amount: bigint
}

export const NOTHING: Totals = {
  stakes: 0n,
  deposits: 0n,
  bonds: 0n,
  escrow: 0n,
  treasury: 0n,
  owed: 0n,
  storage: 0n,
}

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

/** Numbers one more change of the graph. */
export function nextVersion(books: Books): bigint {
  books.version += 1n
  return books.version
}

/** @throws Error always: the call changes nothing and its deposit goes back */
export function refuse(why: string): never {
  throw new Error(why)
}
