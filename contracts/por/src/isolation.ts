import { type Books, nextVersion, refuse, shift } from './books.ts'
import { edgeOf, isActive } from './edge.ts'
import { isEnd } from './ending.ts'
import type { Link } from './links.ts'
import { type Node, nodeOf, sinceOf } from './node.ts'

export interface Isolated {
  readonly account: string
  readonly node: Node
}

/**
 * Whether a link is a cut that a proof at this time slashes for: severed within W (§2; a clean leaver is cut off without
 * being slashed), and not before the proof that came last, which slashed for it.
 */
export const countsAsCut = (books: Books, { prior }: Node, { state, at }: Link, now: bigint): boolean =>
  state === 'severed' && now - at <= books.rules.window && at > (prior?.at ?? 0n)

/** Marks a node as cut off since a proof; null for one that is already, or has reconnected after that. */
export function isolate(books: Books, account: string, node: Node, at: bigint, slashes: boolean): Isolated | null {
  if (node.isolated || (node.prior && at < node.prior.until)) return null
  const fine = slashes ? (node.stake * books.rules.slash) / 10_000n : 0n
  const isolated = { since: sinceOf(books, node.prior, at), at }
  const version = nextVersion(books)
  const changed = { ...node, stake: node.stake - fine, isolated, version }
  shift(books, { stakes: -fine, treasury: fine })
  books.nodes.set(account, changed)
  return { account, node: changed }
}

/** A path of active edges to a node that nobody proved to be cut off: the node is back. */
export function reconnect(books: Books, now: bigint, account: string, path: readonly bigint[]): Node {
  const node = nodeOf(books, account)
  if (!node.isolated) refuse(`${account} is not cut off`)
  let at = account
  for (const id of path) {
    const edge = edgeOf(books, id)
    if (!isEnd(edge, at)) refuse(`edge ${id} does not go on from ${at}`)
    if (!isActive(edge, now)) refuse(`edge ${id} does not connect`)
    at = at === edge.u ? edge.v : edge.u
  }
  if (nodeOf(books, at).isolated) refuse(`${at} is cut off itself`)
  const changed = { ...node, isolated: null, prior: { ...node.isolated, until: now } }
  books.nodes.set(account, changed)
  nextVersion(books)
  return changed
}

/**
 * The present isolation of an account, or null. Who left is gone since then; who never was a node has broken no promise.
 */
export const isolationOf = (books: Books, account: string) =>
  books.nodes.get(account)?.isolated ?? books.gone.get(account)
