// What must survive, newest truth only, and the books as others see them.
import type { Core } from './core.ts'
import { depositsOf, type Edge } from './edges.ts'
import type { Done, Hop } from './hops.ts'
import type { EdgeBooks, Kept } from './types.ts'

export function snapshot(core: Core): Kept[] {
  const arrivals = [core.own, ...core.edges.values()]
  return [
    ...arrivals.flatMap(({ open }) => [...open.values()].map(acceptedOf)),
    ...arrivals.flatMap(({ done }) => [...done.values()].map(resolvedOf)),
    // After the requests, whose fees are in what was charged.
    ...[...core.edges.values()].flatMap(vouchersOf),
    ...[...core.certs.values()].map((cert): Kept => ({ kind: 'cut', cert })),
  ]
}

function vouchersOf({ ledger, lateUntil }: Edge): Kept[] {
  const kept: Kept[] = []
  if (ledger.paid !== null) kept.push({ kind: 'sent', voucher: ledger.paid, lateUntil })
  if (ledger.received !== null) kept.push({ kind: 'received', voucher: ledger.received, charged: ledger.charged })
  return kept
}

export const acceptedOf = ({ request, from, path, due: deadlines, fee, payload }: Hop): Kept => ({
  ...{ kind: 'accepted', request, from: from?.id ?? null, path, ...deadlines, fee, payload },
})

export const resolvedOf = ({ hash, from, outcome, until }: Done): Kept => ({
  ...{ kind: 'resolved', requestHash: hash, from: from?.id ?? null, outcome, until },
})

export function booksOf(core: Core, edge: Edge): EdgeBooks {
  const { ledger } = edge
  return {
    balance: ledger.balance(depositsOf(core, edge)),
    reserved: ledger.reserved,
    paid: ledger.paidTotal,
    received: ledger.receivedTotal,
    best: ledger.received,
    debt: ledger.debt,
    outbound: edge.outbound.size,
    inbound: edge.open.size,
    window: Math.max(0, edge.window),
  }
}
