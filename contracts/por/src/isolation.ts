import { type Books, nextVersion, refuse, shift } from './books.ts'
import { type Edge, edgeOf, isActive, isEnd } from './edge.ts'
import type { Link } from './links.ts'
import { type Isolation, type Node, nodeOf, sinceOf } from './node.ts'

/** A node that was declared cut off, or is back. */
export interface Changed {
  readonly account: string
  readonly node: Node
}

/**
 * Whether a link is a cut that a proof at this time slashes for: severed within W (§2; a clean leaver is cut off without
 * being slashed), and not before the proof that came last, which slashed for it.
 */
export const countsAsCut = (books: Books, { isolated, prior }: Node, { state, at }: Link, now: bigint): boolean =>
  state === 'severed' && now - at <= books.rules.window && at > ((isolated ?? prior)?.at ?? 0n)

/** Marks a node as cut off since a proof; null for one that is already, or has reconnected after that. */
export function isolate(books: Books, account: string, node: Node, at: bigint, slashes: boolean): Changed | null {
  if (node.isolated || (node.prior && at < node.prior.until)) return null
  const fine = slashes ? (node.stake * books.rules.slash) / 10_000n : 0n
  const isolated = { since: sinceOf(books, node.prior, at), at }
  const version = nextVersion(books)
  const changed = { ...node, stake: node.stake - fine, isolated, version }
  shift(books, { stakes: -fine, treasury: fine })
  books.nodes.set(account, changed)
  return { account, node: changed }
}

/**
 * From when a mark can be taken off: other contracts shall have time to ask for it, also where an edge that connects the
 * node again was under way already.
 */
const staysUntil = ({ rules }: Books, { at }: Isolation): bigint => at + rules.activation

/** A path of active edges to a node that nobody proved to be cut off: the node is back. */
export function reconnect(books: Books, now: bigint, account: string, path: readonly bigint[]): Changed {
  const node = nodeOf(books, account)
  if (!node.isolated) refuse(`${account} is not cut off`)
  const until = staysUntil(books, node.isolated)
  if (now < until) refuse(`the mark stays until ${until}`)
  let at = account
  for (const id of path) {
    const edge = edgeOf(books, id)
    if (!isEnd(edge, at)) refuse(`edge ${id} does not go on from ${at}`)
    if (!isActive(edge, now)) refuse(`edge ${id} does not connect`)
    at = at === edge.u ? edge.v : edge.u
  }
  if (nodeOf(books, at).isolated) refuse(`${at} is cut off itself`)
  return unmark(books, now, account, node, node.isolated)
}

function unmark(books: Books, now: bigint, account: string, node: Node, isolated: Isolation): Changed {
  const changed = { ...node, isolated: null, prior: { ...isolated, until: now } }
  books.nodes.set(account, changed)
  nextVersion(books)
  return { account, node: changed }
}

/**
 * An edge that ends shows that it was there: the one end of it that is marked was back. Or a mark that nobody took off in
 * time would keep a node from being proven cut off again, and from paying for the edge.
 */
export function comeBack(books: Books, edge: Edge, now: bigint): Changed | null {
  if (!isActive(edge, now)) return null
  const { u, v } = edge
  const [ofU, ofV] = [nodeOf(books, u), nodeOf(books, v)]
  const { isolated } = ofU.isolated ? ofU : ofV
  if (!isolated || (ofU.isolated && ofV.isolated) || now < staysUntil(books, isolated)) return null
  return ofU.isolated ? unmark(books, now, u, ofU, isolated) : unmark(books, now, v, ofV, isolated)
}

/**
 * The present isolation of an account, or null. Who left is gone since then; who never was a node has broken no promise.
 */
export const isolationOf = (books: Books, account: string) =>
  books.nodes.get(account)?.isolated ?? books.gone.get(account)
