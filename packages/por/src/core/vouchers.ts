// Signing and taking vouchers. A voucher is kept before it is sent, and a better one is kept before it counts.
import { DcmlError } from '@dcml/protocol'
import { type PorVoucher, porVoucher, requireSigned, type Signed, sign } from '@dcml/protocol/por'
import { type Core, keyOf } from './core.ts'
import { depositsOf, type Edge } from './edges.ts'

/** A voucher for all that is owed; null where the last one says it. */
export function payUp(core: Core, edge: Edge, lateUntil?: number): Signed<PorVoucher> | null {
  const { ledger } = edge
  const total = ledger.nextTotal(depositsOf(core, edge))
  if (total === null) return null
  const seq = (ledger.paid?.body.seq ?? 0n) + 1n
  const voucher = sign(porVoucher, core.config.chain, { edgeId: edge.id, seq, total }, core.signer)
  ledger.paid = voucher
  edge.batched = 0
  core.timers.clear(edge.batch)
  if (lateUntil !== undefined) edge.lateUntil = lateUntil
  core.out.push({ kind: 'keep', record: { kind: 'sent', voucher, ...(lateUntil !== undefined && { lateUntil }) } })
  return voucher
}

/** Pays for the requests that went on credit; while the neighbour is away, what is owed waits for its return. */
export function payBatch(core: Core, edge: Edge): void {
  if (edge.session === 'ready' && payUp(core, edge) !== null) showVoucher(core, edge)
}

/** Shows the neighbour the last voucher, by itself. */
export function showVoucher(core: Core, edge: Edge): void {
  const voucher = edge.ledger.paid
  if (voucher === null) return
  core.out.push({ kind: 'send', edgeId: edge.id, message: { type: 'pay', edgeId: edge.id, voucher } })
}

/** Whether a voucher is this edge's, by that account. */
export function isVoucherOf(core: Core, edge: Edge, account: string, voucher: Signed<PorVoucher>): boolean {
  if (voucher.body.edgeId !== edge.id) return false
  try {
    requireSigned(porVoucher, voucher, core.config.chain, keyOf(core, account), core.verify)
    return true
  } catch (error) {
    if (DcmlError.isInstance(error)) return false
    throw error
  }
}

/** Takes what the neighbour paid. @returns false for a voucher that is worth nothing */
export function takeVoucher(core: Core, edge: Edge, voucher: Signed<PorVoucher>): boolean {
  const { ledger } = edge
  const last = ledger.received?.body
  // Sent again after a reconnection, or overtaken by the hello.
  if (last !== undefined && voucher.body.seq <= last.seq && voucher.body.total <= last.total) return true
  if (!ledger.isBetter(voucher.body, depositsOf(core, edge))) return false
  if (!isVoucherOf(core, edge, edge.peer, voucher)) return false
  ledger.received = voucher
  keepReceived(core, edge)
  return true
}

/** Keeps what the neighbour paid, and how much of it was for something: the rest it may still spend after a crash. */
export function keepReceived(core: Core, { ledger: { received: voucher, charged } }: Edge): void {
  if (voucher !== null) core.out.push({ kind: 'keep', record: { kind: 'received', voucher, charged } })
}
