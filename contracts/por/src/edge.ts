import { type Books, type Caller, nextVersion, type Payout, refuse, shift } from './books.ts'
import { checkRoom, dropLink, linksOf, putLink } from './links.ts'
import { type Node, nodeOf, touch } from './node.ts'
import { checkParams, type Params } from './terms.ts'

/** An edge that is not settled: u opened it, v confirmed it. Where it goes, only its id is used up. */
export interface Edge {
  readonly u: string
  readonly v: string
  readonly status: 'pending' | 'active' | 'closing' | 'severed'
  /** Block time in nanoseconds from which it connects, once confirmed. */
  readonly activeFrom: bigint | null
  /** Of a closing one: when its notice is over. Of a severed one: when it was cut. */
  readonly endedAt: bigint | null
  readonly depositU: bigint
  readonly depositV: bigint
  /** The best voucher of each payer so far: number, and what it paid in all. */
  readonly seqU: bigint
  readonly paidU: bigint
  readonly seqV: bigint
  readonly paidV: bigint
}

const MILLI = 10n ** 21n
/** Paid by the opener for the edge's rows, and by each end for its link; the test of storage shows that they suffice. */
export const EDGE_STORAGE: bigint = 18n * MILLI
export const LINK_STORAGE: bigint = 4n * MILLI

/** What an opener and a confirmer attach beyond their deposits. */
export const openingCost = ({ rules }: Books): bigint => rules.penalty + EDGE_STORAGE + LINK_STORAGE
export const confirmingCost = ({ rules }: Books): bigint => rules.penalty + LINK_STORAGE

/** @throws Error for an id that no edge has, or whose edge is settled */
export const edgeOf = (books: Books, id: bigint): Edge => books.edges.get(`${id}`) ?? refuse(`there is no edge ${id}`)

function checkStake({ rules }: Books, account: string, { stake }: Node): void {
  if (stake < rules.minStake) refuse(`${account} has less than the least stake of ${rules.minStake} yoctoNEAR`)
}

/** Offers an edge to a peer. Nothing of the peer's is touched before it confirms. */
export function open(books: Books, { by, attached }: Caller, peer: string, params: Params): { id: bigint; edge: Edge } {
  if (peer === by) refuse('an edge has two ends')
  checkStake(books, by, nodeOf(books, by))
  nodeOf(books, peer)
  checkRoom(linksOf(books, by), by, peer, ['pending', 'active'])
  const cost = openingCost(books)
  if (attached < cost) refuse(`attach at least ${cost} yoctoNEAR for bond and storage`)
  const id = books.nextEdge
  const edge: Edge = {
    u: by,
    v: peer,
    status: 'pending',
    activeFrom: null,
    endedAt: null,
    depositU: attached - cost,
    depositV: 0n,
    seqU: 0n,
    paidU: 0n,
    seqV: 0n,
    paidV: 0n,
  }
  const terms = { params: checkParams(params), revision: 0, next: null }
  shift(books, { deposits: edge.depositU, bonds: books.rules.penalty, storage: EDGE_STORAGE + LINK_STORAGE })
  books.nextEdge = id + 1n
  books.edges.set(`${id}`, edge)
  books.terms.set(`${id}`, terms)
  putLink(books, by, { id, peer, state: 'pending', at: 0n })
  nextVersion(books)
  return { id, edge }
}

/** The peer agrees: the edge connects once the activation delay is over. The caller has compared the terms. */
export function confirm(books: Books, { by, attached, now }: Caller, id: bigint): Edge {
  const pending = edgeOf(books, id)
  if (by !== pending.v) refuse(`only ${pending.v} may confirm`)
  if (pending.status !== 'pending') refuse('the edge is confirmed already')
  checkStake(books, by, nodeOf(books, by))
  checkRoom(linksOf(books, by), by, pending.u, ['active'])
  const cost = confirmingCost(books)
  if (attached < cost) refuse(`attach at least ${cost} yoctoNEAR for bond and storage`)
  const at = now + books.rules.activation
  const edge: Edge = { ...pending, status: 'active', activeFrom: at, depositV: attached - cost }
  shift(books, { deposits: edge.depositV, bonds: books.rules.penalty, storage: LINK_STORAGE })
  books.edges.set(`${id}`, edge)
  relink(books, id, edge, 'active', at)
  return edge
}

/** The opener takes an offer back that nobody confirmed. */
export function cancel(books: Books, { by }: Caller, id: bigint): { edge: Edge; payouts: Payout[] } {
  const edge = edgeOf(books, id)
  if (by !== edge.u) refuse('only who opened the edge may cancel it')
  if (edge.status !== 'pending') refuse('the edge is confirmed')
  const { penalty } = books.rules
  const storage = EDGE_STORAGE + LINK_STORAGE
  shift(books, { deposits: -edge.depositU, bonds: -penalty, storage: -storage })
  forget(books, id)
  dropLink(books, by, id)
  nextVersion(books)
  return { edge, payouts: [{ account: by, amount: edge.depositU + penalty + storage }] }
}

/** An end adds to its side. */
export function deposit(books: Books, { by, attached }: Caller, id: bigint): Edge {
  const found = edgeOf(books, id)
  const mayDeposit = by === found.u || (by === found.v && found.status !== 'pending')
  if (!mayDeposit) refuse('only an end of the edge may deposit')
  if (found.status !== 'pending' && found.status !== 'active') refuse('the edge is ending')
  if (attached === 0n) refuse('attach the deposit')
  const edge =
    by === found.u
      ? { ...found, depositU: found.depositU + attached }
      : { ...found, depositV: found.depositV + attached }
  shift(books, { deposits: attached })
  books.edges.set(`${id}`, edge)
  nextVersion(books)
  return edge
}

/** Writes what an edge is to both its ends now, under one new version. */
export function relink(books: Books, id: bigint, { u, v }: Edge, state: 'active' | 'closing' | 'severed', at: bigint) {
  putLink(books, u, { id, peer: v, state, at })
  putLink(books, v, { id, peer: u, state, at })
  const version = nextVersion(books)
  touch(books, u, version)
  touch(books, v, version)
}

/** Takes an edge off its ends, which may leave then. Returns what each paid for that place. */
export function unlink(books: Books, id: bigint, { u, v }: Pick<Edge, 'u' | 'v'>): bigint {
  dropLink(books, u, id)
  dropLink(books, v, id)
  shift(books, { storage: -2n * LINK_STORAGE })
  return LINK_STORAGE
}

/** Takes an edge off the books, but for its links. */
export function forget(books: Books, id: bigint): void {
  books.edges.remove(`${id}`)
  books.terms.remove(`${id}`)
}

export const isEnd = ({ u, v }: Edge, account: string): boolean => account === u || account === v

/** Whether an edge connects at a time. */
export const isActive = ({ status, activeFrom }: Edge, now: bigint): boolean =>
  status === 'active' && activeFrom !== null && activeFrom <= now
