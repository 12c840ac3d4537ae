import { type Books, nextVersion, refuse, shift } from './books.ts'
import { edgeOf, isActive, isEnd } from './edge.ts'
import { type Link, linksOf } from './links.ts'
import { type Isolation, type Node, nodeOf, sinceOf } from './node.ts'

/** A node that was declared cut off. */
export interface Isolated {
  readonly account: string
  readonly node: Node
}

/**
 * Whether a link is a cut that a proof at this time slashes for: severed within W (§2; a clean leaver is cut off without
 * being slashed), and not before the proof that came last, which slashed for it.
 */
export const countsAsCut = (books: Books, { isolated, prior }: Node, { state, at }: Link, now: bigint): boolean =>
  state === 'severed' && now - at <= books.rules.window && at > ((isolated ?? prior)?.at ?? 0n)

/**
 * Whether an edge of a marked node ended between the mark and another proof. So the node was back, though nobody said so:
 * or an old mark, or one made late from an old proof, would shield it from the next.
 */
const wasBack = (books: Books, account: string, { at }: Isolation, next: bigint): boolean =>
  linksOf(books, account).some(
    (link) => (link.state === 'severed' || link.state === 'closing') && link.at > at && link.at <= next,
  )

/** Marks a node as cut off since a proof; null for one that is already, or has reconnected after that. */
export function isolate(books: Books, account: string, node: Node, at: bigint, slashes: boolean): Isolated | null {
  const { isolated } = node
  if (isolated && !wasBack(books, account, isolated, at)) return null
  const prior = isolated ? { ...isolated, until: at } : node.prior
  if (prior && at < prior.until) return null
  const fine = slashes ? (node.stake * books.rules.slash) / 10_000n : 0n
  const version = nextVersion(books)
  const changed = {
    ...node,
    stake: node.stake - fine,
    isolated: { since: sinceOf(books, prior, at), at },
    prior,
    version,
  }
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
export function reconnect(books: Books, now: bigint, account: string, path: readonly bigint[]): Node {
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
