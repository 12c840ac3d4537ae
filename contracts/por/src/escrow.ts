import { type Books, type Caller, type Payout, refuse, shift } from './books.ts'
import { type Edge, unlink } from './edge.ts'
import { putLink } from './links.ts'
import { type Node, nodeOf } from './node.ts'

/** The penalty of a severed edge. All amounts follow from the rules: each end paid π/2 and has π/2 of its bond left. */
export interface Escrow {
  readonly u: string
  readonly v: string
  readonly severedAt: bigint
}

/** Where the money of a penalty went. */
export interface Released {
  readonly escrow: Escrow
  readonly toU: bigint
  readonly toV: bigint
  readonly toTreasury: bigint
  readonly payouts: readonly Payout[]
}

/** Takes half the penalty from each bond; the bounty of it leaves at once. */
export function holdPenalty(books: Books, id: bigint, { u, v }: Edge, severedAt: bigint): void {
  const { penalty, bounty } = books.rules
  shift(books, { bonds: -penalty, escrow: penalty - bounty })
  books.escrows.set(`${id}`, { u, v, severedAt })
}

const escrowOf = (books: Books, id: bigint): Escrow =>
  books.escrows.get(`${id}`) ?? refuse(`no penalty of edge ${id} is held`)

/** Whether a node was proven to be cut off within W after the edge was severed. */
function wasCutOff(books: Books, { isolated, prior }: Node, severedAt: bigint): boolean {
  const within = (at: bigint) => at >= severedAt && at - severedAt <= books.rules.window
  return (isolated !== null && within(isolated.at)) || (prior !== null && within(prior.at))
}

/** The one end that was cut off, if the other was not. */
function guiltyOf(books: Books, { u, v, severedAt }: Escrow): string | null {
  const isU = wasCutOff(books, nodeOf(books, u), severedAt)
  const isV = wasCutOff(books, nodeOf(books, v), severedAt)
  return isU === isV ? null : isU ? u : v
}

/** The end that was cut off pays the other its half back, from its bond (§3.1). The penalty itself is the treasury's. */
export function claim(books: Books, id: bigint): Released {
  const escrow = escrowOf(books, id)
  const guilty = guiltyOf(books, escrow)
  if (guilty === null) refuse('not exactly one of the ends was cut off after this')
  return end(books, id, escrow, guilty)
}

/** Nobody was proven to be cut off within W: each end bears its half. */
export function release(books: Books, { now }: Caller, id: bigint): Released {
  const escrow = escrowOf(books, id)
  if (now <= escrow.severedAt + books.rules.window) refuse('the penalty is held until its window is over')
  if (guiltyOf(books, escrow) !== null) refuse('one end was cut off: its peer is to be reimbursed')
  return end(books, id, escrow, null)
}

function end(books: Books, id: bigint, escrow: Escrow, guilty: string | null): Released {
  const { penalty, bounty } = books.rules
  const { u, v } = escrow
  const half = penalty / 2n
  const toTreasury = penalty - bounty
  const link = paidFor(books, id, escrow)
  const shareOf = (account: string) => (guilty === null ? half : account === guilty ? 0n : penalty) + link
  const [toU, toV] = [shareOf(u), shareOf(v)]
  shift(books, { bonds: -penalty, escrow: -toTreasury, treasury: toTreasury })
  books.escrows.remove(`${id}`)
  const payouts = [
    { account: u, amount: toU },
    { account: v, amount: toV },
  ]
  return { escrow, toU, toV, toTreasury, payouts: payouts.filter(({ amount }) => amount > 0n) }
}

/**
 * Nobody is slashed any more for a cut that is paid for. But until the deposits are paid too, both ends stay: with a node
 * its key would go, and what it signed in vouchers.
 */
function paidFor(books: Books, id: bigint, escrow: Escrow): bigint {
  if (!books.edges.has(`${id}`)) return unlink(books, id, escrow)
  putLink(books, escrow.u, { id, peer: escrow.v, state: 'closing', at: 0n })
  putLink(books, escrow.v, { id, peer: escrow.u, state: 'closing', at: 0n })
  return 0n
}
