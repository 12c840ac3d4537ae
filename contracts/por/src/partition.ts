import { type Books, refuse } from './books.ts'
import { edgeOf, isActive, isEnd } from './edge.ts'
import { countsAsCut, type Isolated, isolate } from './isolation.ts'
import { connects, type Link, linksOf } from './links.ts'
import { type Node, nodeOf } from './node.ts'

/** That nobody in `cut` is in a part of the graph with most stake. Node n+1 of `witness` hangs by edge n on one before. */
export interface Certificate {
  readonly cut: readonly string[]
  readonly witness: readonly string[]
  readonly tree: readonly bigint[]
}

/** Most nodes that one call can declare cut off: each is told whole, and a call has 16,384 bytes of log. */
export const MAX_CUT = 24
/** Most nodes that one call can name as witnesses: more than its gas allows for. */
export const MAX_WITNESS = 512

/** Refuses a witness that hangs on none of the ones before, by an edge that connects. */
export function checkHangs(
  books: Books,
  now: bigint,
  account: string,
  id: bigint,
  isBefore: (account: string) => boolean,
) {
  const edge = edgeOf(books, id)
  if (!isActive(edge, now)) refuse(`edge ${id} does not connect`)
  if (!isEnd(edge, account)) refuse(`edge ${id} does not lead to ${account}`)
  const other = edge.u === account ? edge.v : edge.u
  if (!isBefore(other)) refuse(`edge ${id} hangs on no witness before ${account}`)
}

/** Stake of a connected set of nodes. */
function weigh(books: Books, now: bigint, { witness, tree }: Certificate): { stake: bigint; seen: Set<string> } {
  if (witness.length === 0) refuse('name a witness')
  if (tree.length !== witness.length - 1) refuse('the tree has one edge less than there are witnesses')
  const seen = new Set<string>()
  let stake = 0n
  witness.forEach((account, at) => {
    if (seen.has(account)) refuse(`${account} is named twice`)
    if (at > 0) checkHangs(books, now, account, tree[at - 1] as bigint, (other) => seen.has(other))
    stake += nodeOf(books, account).stake
    seen.add(account)
  })
  return { stake, seen }
}

interface Member {
  readonly node: Node
  readonly links: readonly Link[]
  /** Number of its connected part within the cut. */
  part: number | null
}

/**
 * Judges a certificate at this time and declares the cut nodes so. Each connected part answers for its own cuts alone:
 * how a reporter groups the parts makes no difference to anyone.
 * @returns those that were not known to be cut off
 */
export function reportPartition(books: Books, now: bigint, certificate: Certificate): Isolated[] {
  const { cut } = certificate
  if (cut.length === 0 || cut.length > MAX_CUT) refuse(`name 1 to ${MAX_CUT} nodes that are cut off`)
  const { stake, seen } = weigh(books, now, certificate)
  const members = new Map<string, Member>()
  let weight = 0n
  for (const account of cut) {
    if (seen.has(account)) refuse(`${account} is a witness`)
    if (members.has(account)) refuse(`${account} is named twice`)
    const node = nodeOf(books, account)
    members.set(account, { node, links: linksOf(books, account), part: null })
    weight += node.stake
  }
  checkClosed(members, now)
  if (stake <= weight) refuse(`the witnesses have ${stake} yoctoNEAR at stake, no more than the ${weight} of the cut`)
  const slashed = slashedParts(books, members, now)
  const isolated: Isolated[] = []
  for (const [account, { node, part }] of members) {
    const done = isolate(books, account, node, now, slashed.has(part))
    if (done) isolated.push(done)
  }
  return isolated
}

function checkClosed(members: ReadonlyMap<string, Member>, now: bigint): void {
  for (const [account, { links }] of members)
    for (const link of links)
      if (connects(link, now) && !members.has(link.peer)) refuse(`edge ${link.id} connects ${account} to ${link.peer}`)
}

/** Numbers the connected parts, and tells which of them an edge to outside was severed from. */
function slashedParts(books: Books, members: ReadonlyMap<string, Member>, now: bigint): Set<number | null> {
  let parts = 0
  for (const member of members.values()) {
    if (member.part !== null) continue
    const reached = [member]
    member.part = parts
    for (const { links } of reached)
      for (const link of links) {
        const next = connects(link, now) && members.get(link.peer)
        if (!next || next.part !== null) continue
        next.part = parts
        reached.push(next)
      }
    parts += 1
  }
  const slashed = new Set<number | null>()
  for (const { node, links, part } of members.values())
    if (links.some((link) => countsAsCut(books, node, link, now) && members.get(link.peer)?.part !== part))
      slashed.add(part)
  return slashed
}
