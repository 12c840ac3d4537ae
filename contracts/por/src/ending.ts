import { type Books, type Caller, nextVersion, type Payout, refuse, shift } from './books.ts'
import { EDGE_STORAGE, type Edge, edgeOf, forget, isActive, isEnd, LINK_STORAGE, relink, unlink } from './edge.ts'
import { holdPenalty } from './escrow.ts'
import { dropLink } from './links.ts'
import { touch } from './node.ts'

/** How an edge ended: what each side got of the deposits, and what is paid now. */
export interface Settled {
  readonly edge: Edge
  readonly balanceU: bigint
  readonly balanceV: bigint
  readonly payouts: readonly Payout[]
}

/** An end announces the closure. Until the notice is over, requests under way have to be served, or the edge is cut. */
export function startClose(books: Books, { by, now }: Caller, id: bigint): Edge {
  const found = edgeOf(books, id)
  if (!isEnd(found, by)) refuse('only an end of the edge may close it')
  if (found.status !== 'active') refuse('only an active edge can be closed')
  const edge: Edge = { ...found, status: 'closing', endedAt: now + books.rules.notice }
  books.edges.set(`${id}`, edge)
  relink(books, id, edge, 'closing', isActive(found, now) ? now : 0n)
  return edge
}

/** Both ends agreed on their balances: paid once the notice is over, without waiting for vouchers. */
export function cooperativeClose(
  books: Books,
  { now, height }: Caller,
  id: bigint,
  { balanceU, balanceV, notBefore }: { balanceU: bigint; balanceV: bigint; notBefore: bigint },
  areGenuine: (edge: Edge) => boolean,
): Settled {
  const edge = edgeOf(books, id)
  if (edge.status !== 'closing') refuse('nobody announced the closure of this edge')
  if (now < (edge.endedAt as bigint)) refuse('the notice is not over')
  if (height < notBefore) refuse(`not before block ${notBefore}`)
  const deposits = edge.depositU + edge.depositV
  if (balanceU + balanceV !== deposits) refuse(`the balances do not add up to the deposits of ${deposits}`)
  if (!areGenuine(edge)) refuse('the signatures are not those of both ends')
  return endClosing(books, id, edge, balanceU)
}

/**
 * Carries out the cut that an end signed (§3): half the penalty is taken from each bond, a bounty of it goes to whoever
 * came with the word. Null where the edge was severed or over before, which changes nothing.
 */
export function sever(
  books: Books,
  { by, now }: Caller,
  id: bigint,
  end: string,
  isGenuine: () => boolean,
): { edge: Edge; payouts: Payout[] } | null {
  const found = books.edges.get(`${id}`)
  if (!found) {
    if (id === 0n || id >= books.nextEdge) refuse(`there is no edge ${id}`)
    return null
  }
  if (found.status === 'severed') return null
  // no request outlives the notice, so that there is nothing left to break
  if (found.status === 'closing' && now >= (found.endedAt as bigint)) return null
  if (found.status === 'pending') refuse('nobody confirmed this edge')
  if (!isEnd(found, end)) refuse(`${end} is no end of this edge`)
  if (!isGenuine()) refuse('the signature is not its node key’s')
  const edge: Edge = { ...found, status: 'severed', endedAt: now }
  books.edges.set(`${id}`, edge)
  relink(books, id, edge, 'severed', now)
  holdPenalty(books, id, edge, now)
  const { bounty } = books.rules
  return { edge, payouts: bounty > 0n ? [{ account: by, amount: bounty }] : [] }
}

/** A payer's word for what it paid on an edge that ends. Only more counts; null changes nothing. */
export function submitVoucher(
  books: Books,
  id: bigint,
  { payer, seq, total }: { payer: string; seq: bigint; total: bigint },
  isGenuine: () => boolean,
): Edge | null {
  const found = edgeOf(books, id)
  if (found.status !== 'closing' && found.status !== 'severed') refuse('the edge is not ending')
  if (!isEnd(found, payer)) refuse(`${payer} is no end of this edge`)
  const isU = payer === found.u
  if (total <= (isU ? found.paidU : found.paidV)) return null
  if (!isGenuine()) refuse('the signature is not its node key’s')
  const higher = (of: bigint) => (seq > of ? seq : of)
  const edge = isU
    ? { ...found, seqU: higher(found.seqU), paidU: total }
    : { ...found, seqV: higher(found.seqV), paidV: total }
  books.edges.set(`${id}`, edge)
  nextVersion(books)
  return edge
}

/** What u gets of the deposits by the vouchers so far; v gets the rest. No voucher can move more than there is. */
export function balanceOfU({ depositU, depositV, paidU, paidV }: Edge): bigint {
  const balance = depositU - paidU + paidV
  const deposits = depositU + depositV
  if (balance < 0n) return 0n
  if (balance > deposits) return deposits
  return balance
}

/** When an edge that ends can be settled, in nanoseconds. */
export const settlesAt = ({ rules }: Books, { endedAt }: Edge): bigint => (endedAt as bigint) + rules.challenge

/** Pays the deposits out, once the time for vouchers is over. Nothing in the edge can make it fail. */
export function settle(books: Books, { now }: Caller, id: bigint): Settled {
  const edge = edgeOf(books, id)
  if (edge.status !== 'closing' && edge.status !== 'severed') refuse('the edge is not ending')
  if (now < settlesAt(books, edge)) refuse(`the time for vouchers is not over before ${settlesAt(books, edge)}`)
  const balanceU = balanceOfU(edge)
  return edge.status === 'closing' ? endClosing(books, id, edge, balanceU) : endSevered(books, id, edge, balanceU)
}

/** Everything comes back. */
function endClosing(books: Books, id: bigint, edge: Edge, balanceU: bigint): Settled {
  const { u, v } = edge
  const { penalty } = books.rules
  const balanceV = edge.depositU + edge.depositV - balanceU
  shift(books, {
    deposits: -(balanceU + balanceV),
    bonds: -2n * penalty,
    storage: -(EDGE_STORAGE + 2n * LINK_STORAGE),
  })
  forget(books, id)
  const version = nextVersion(books)
  for (const end of [u, v]) {
    dropLink(books, end, id)
    touch(books, end, version)
  }
  const payouts = [
    { account: u, amount: balanceU + penalty + EDGE_STORAGE + LINK_STORAGE },
    { account: v, amount: balanceV + penalty + LINK_STORAGE },
  ]
  return { edge, balanceU, balanceV, payouts }
}

/** The deposits come back; what is left of the bonds waits with the penalty. The links go with the last of the two. */
function endSevered(books: Books, id: bigint, edge: Edge, balanceU: bigint): Settled {
  const balanceV = edge.depositU + edge.depositV - balanceU
  const link = books.escrows.has(`${id}`) ? 0n : unlink(books, id, edge)
  shift(books, { deposits: -(balanceU + balanceV), storage: -EDGE_STORAGE })
  forget(books, id)
  nextVersion(books)
  const payouts = [
    { account: edge.u, amount: balanceU + EDGE_STORAGE + link },
    { account: edge.v, amount: balanceV + link },
  ]
  return { edge, balanceU, balanceV, payouts: payouts.filter(({ amount }) => amount > 0n) }
}
