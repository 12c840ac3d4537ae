import {
  bytesToHex,
  chainId,
  currentAccountId,
  ed25519Verify,
  hexToBytes,
  type Outcome,
  promise,
  sha256,
  tgas,
  type Values,
} from '@dcml/contract-build/contract'
import { type Books, type Payout, refuse } from './books.ts'
import { type Edge, edgeOf } from './edge.ts'
import type { Settled } from './ending.ts'
import type { Released } from './escrow.ts'
import { emit } from './events.ts'
import type { Isolated } from './isolation.ts'
import { nodeOf } from './node.ts'
import { bookOwed } from './owed.ts'
import type { Por } from './por.ts'
import type { cert, close, update, voucher } from './schemas.ts'
import { closeBytes, type Here, paramsBytes, severBytes, updateBytes, voucherBytes } from './signed.ts'
import { booksOf } from './tables.ts'
import { type Terms, termsOf } from './terms.ts'
import { paramsOf, tellEdge, tellNode } from './views.ts'

/** Enough for a callback that books two amounts. */
const PAID_GAS = tgas(8)

const here = (): Here => ({ networkId: chainId(), contract: currentAccountId() })

/** Whether a node's key signed; `bytes` are what it would have signed with that key. */
function isSigned(books: Books, account: string, signature: Uint8Array, bytes: (key: Uint8Array) => Uint8Array) {
  const key = hexToBytes(nodeOf(books, account).key)
  return ed25519Verify(signature, bytes(key), key)
}

export const voucherIsGenuine = (books: Books, args: Values<typeof voucher>) => () => {
  const facts = { edgeId: args.edge_id, seq: args.seq, total: args.total }
  return isSigned(books, args.by, args.signature, (key) => voucherBytes(here(), key, facts))
}

export const certIsGenuine = (books: Books, args: Values<typeof cert>) => () =>
  isSigned(books, args.by, args.signature, (key) => severBytes(here(), key, args.edge_id))

export const updateOf = (args: Values<typeof update>) => ({
  edgeId: args.edge_id,
  revision: args.revision,
  params: paramsOf(args.params),
  effectiveFrom: args.effective_from,
})

export const updateIsGenuine =
  (books: Books, args: Values<typeof update>) =>
  ({ u, v }: Edge) => {
    const bytes = (key: Uint8Array) => updateBytes(here(), key, updateOf(args))
    return isSigned(books, u, args.signature_u, bytes) && isSigned(books, v, args.signature_v, bytes)
  }

export const offerOf = (args: Values<typeof close>) => ({
  balanceU: args.balance_u,
  balanceV: args.balance_v,
  notBefore: args.not_before,
})

export const offerIsGenuine =
  (books: Books, args: Values<typeof close>) =>
  ({ u, v }: Edge) => {
    const bytes = (key: Uint8Array) => closeBytes(here(), key, { edgeId: args.edge_id, ...offerOf(args) })
    return isSigned(books, u, args.signature_u, bytes) && isSigned(books, v, args.signature_v, bytes)
  }

/** @throws Error unless the terms of a pending edge are those that the peer means to confirm */
export function checkHash(books: Books, id: bigint, height: bigint, hash: string): void {
  edgeOf(books, id)
  if (bytesToHex(sha256(paramsBytes(termsOf(books, id, height).params))) !== hash)
    refuse('the edge has other terms than those')
}

/** Sends one amount or two. They travel apart: one that fails does not hold up the other, and is booked as owed. */
export function pay(contract: Por, payouts: readonly Payout[]): void {
  const [first, second] = payouts.map(({ account, amount }) => promise(account).transfer(amount))
  if (!first) return
  if (second) first.and(second).then(contract.paid_two, { payouts: [...payouts] }, { gas: PAID_GAS })
  else first.then(contract.paid, { payouts: [...payouts] }, { gas: PAID_GAS })
}

export function bookFailed(contract: Por, payouts: readonly Payout[], sent: readonly Outcome<undefined>[]): void {
  payouts.forEach((payout, at) => {
    if (!sent[at]?.ok) emit('owed', { ...payout, total: bookOwed(booksOf(contract), payout) })
  })
}

type EdgeCause = Parameters<typeof emit<'edge_changed'>>[1]['cause']

export function edgeChanged(id: bigint, edge: Edge, terms: Terms, cause: EdgeCause): void {
  const isOver = cause === 'settled' || cause === 'closed' || cause === 'cancelled'
  emit('edge_changed', { cause, edge: tellEdge(id, edge, terms, isOver ? 'settled' : edge.status) })
}

export function settled(contract: Por, id: bigint, done: Settled, terms: Terms, cause: 'settled' | 'closed'): void {
  const { edge, balanceU, balanceV, payouts } = done
  edgeChanged(id, edge, terms, cause)
  emit('edge_paid', { edge_id: id, u: edge.u, v: edge.v, balance_u: balanceU, balance_v: balanceV })
  pay(contract, payouts)
}

export function released(contract: Por, id: bigint, done: Released, cause: 'claimed' | 'released'): void {
  const { toU, toV, toTreasury, payouts } = done
  emit('penalty_ended', { edge_id: id, cause, to_u: toU, to_v: toV, to_treasury: toTreasury })
  pay(contract, payouts)
}

export function isolated(nodes: readonly Isolated[]): void {
  for (const { account, node } of nodes) emit('node_changed', { cause: 'isolated', node: tellNode(account, node) })
}
