import { type Books, type Caller, nextVersion, type Payout, refuse, shift } from './books.ts'

/** A time without connection. */
export interface Isolation {
  /** What downtime counts from: a proof soon after a reconnection goes back to the one before. */
  readonly since: bigint
  /** When it was proven, or when the node left; 0 for one that left and came back. */
  readonly at: bigint
}

/** A node of the network, under its account. */
export interface Node {
  /** Ed25519 node key in lower-case hex. */
  readonly key: string
  readonly endpoint: string
  readonly seat: number
  readonly stake: bigint
  /** When stake was last added. */
  readonly stakedAt: bigint
  /** The graph's version when its edges last changed or its stake last fell. */
  readonly version: bigint
  readonly isolated: Isolation | null
  /** The isolation before, and when it ended. */
  readonly prior: (Isolation & { readonly until: bigint }) | null
}

/** What is left of a node that left. */
export interface Gone extends Isolation {
  /** Whether it was proven to be cut off: then it is so still when it comes back. */
  readonly proven: boolean
}

const MILLI = 10n ** 21n
/** Paid for the rows of a node, and kept of that when it leaves; the test of storage shows that they suffice. */
export const NODE_STORAGE: bigint = 10n * MILLI
export const GONE_STORAGE: bigint = 2n * MILLI

/** Letters, digits and what host:port needs: nothing that JSON spells longer than it is. */
const ENDPOINT = /^[\w.:[\]-]*$/

/** @throws Error for an account that is no node */
export const nodeOf = (books: Books, account: string): Node =>
  books.nodes.get(account) ?? refuse(`${account} is not a node`)

export function checkEndpoint(endpoint: string): string {
  if (!ENDPOINT.test(endpoint)) refuse('an endpoint is host:port')
  return endpoint
}

/** Makes the caller a node; what it attached beyond the storage is its stake. One key, one node. */
export function register(books: Books, { by, attached, now }: Caller, key: string, endpoint: string): Node {
  if (books.nodes.has(by)) refuse('you are a node already')
  if (books.keys.has(key)) refuse('another node has this key')
  const gone = books.gone.get(by)
  const storage = NODE_STORAGE - (gone ? GONE_STORAGE : 0n)
  const least = storage + books.rules.minStake
  if (attached < least) refuse(`attach at least ${least} yoctoNEAR for stake and storage`)
  const node = {
    key,
    endpoint: checkEndpoint(endpoint),
    seat: books.nextSeat,
    stake: attached - storage,
    stakedAt: now,
    version: nextVersion(books),
    // only a path takes off what a proof put on
    isolated: gone?.proven ? { since: gone.since, at: gone.at } : null,
    // leaving was no proof: nobody is slashed or reimbursed for it
    prior: gone && !gone.proven ? { since: gone.since, at: 0n, until: now } : null,
  }
  shift(books, { storage, stakes: node.stake })
  books.nextSeat += 1
  books.nodes.set(by, node)
  books.keys.set(key, by)
  books.seats.set(`${node.seat}`, by)
  books.gone.remove(by)
  return node
}

export function update(books: Books, { by }: Caller, endpoint: string): Node {
  const node = { ...nodeOf(books, by), endpoint: checkEndpoint(endpoint) }
  books.nodes.set(by, node)
  nextVersion(books)
  return node
}

export function addStake(books: Books, { by, attached, now }: Caller): Node {
  const found = nodeOf(books, by)
  if (attached === 0n) refuse('attach the stake')
  const node = { ...found, stake: found.stake + attached, stakedAt: now }
  shift(books, { stakes: attached })
  books.nodes.set(by, node)
  nextVersion(books)
  return node
}

/**
 * Ends the caller's registration. Stake stays for W after it was added: whoever decides by its weight who is cut off
 * (§2) shall not be able to borrow that weight for a moment. Who is cut off may leave, or a report whenever its last edge
 * is gone would keep a node in for ever.
 */
export function withdraw(books: Books, { by, now }: Caller): { gone: Gone; payouts: Payout[] } {
  const { key, seat, stake, stakedAt, isolated, prior } = nodeOf(books, by)
  if (books.links.has(by)) refuse('you have edges, or penalties in escrow')
  if (now < stakedAt + books.rules.window) refuse(`stake can be withdrawn from ${stakedAt + books.rules.window} on`)
  const since = isolated ? isolated.since : sinceOf(books, prior, now)
  const gone = { since, at: now, proven: isolated !== null }
  const returned = NODE_STORAGE - GONE_STORAGE
  shift(books, { stakes: -stake, storage: -returned })
  books.nodes.remove(by)
  books.keys.remove(key)
  books.seats.remove(`${seat}`)
  books.gone.set(by, gone)
  nextVersion(books)
  return { gone, payouts: [{ account: by, amount: stake + returned }] }
}

/** A reconnection that did not last W was none: downtime goes on from before it. */
export const sinceOf = (books: Books, prior: Node['prior'], at: bigint): bigint =>
  prior && at - prior.until <= books.rules.window ? prior.since : at

/** Notes that edges of a node changed, so that proofs under way see it. */
export function touch(books: Books, account: string, version: bigint): Node {
  const node = { ...nodeOf(books, account), version }
  books.nodes.set(account, node)
  return node
}
