// How edges end (specification §4): cut at once with a penalty, or with notice and none; then vouchers, then payout.
import {
  type CloseOffer,
  closeOffer,
  type EdgeUpdate,
  edgeUpdate,
  type PorVoucher,
  porVoucher,
  requireSigned,
  type SeverCert,
  type Signed,
  severCert,
} from '@dcml/protocol/por'
import { type EdgeRecord, type Ledger, refuse } from './ledger.ts'

/** Which end of an edge signed with a key. */
function signerOf(ledger: Ledger, edge: EdgeRecord, key: Uint8Array): 0 | 1 {
  const ends = [edge.facts.u, edge.facts.v].map((account) => ledger.node(account))
  const side = ends.findIndex((node) => node?.key.every((byte, at) => byte === key[at]))
  if (side === -1) throw refuse('por_stranger', `The signer is no end of edge ${edge.facts.id}.`, 'An end must sign.')
  return side as 0 | 1
}

/** Cuts an edge; one that has ended already stays as it is. @param by who submits, for the bounty */
export function sever(ledger: Ledger, cert: Signed<SeverCert>, by: string): void {
  const edge = ledger.requireEdge(cert.body.edgeId)
  const { subject } = cert.body.domain
  signerOf(ledger, edge, subject)
  requireSigned(severCert, cert, ledger.chain, subject, ledger.verify)
  if (edge.facts.status !== 'active' && edge.facts.status !== 'closing') return
  const { penalty, bounty } = ledger.rules
  const half = penalty / 2n
  edge.bonds[0] -= half
  edge.bonds[1] -= half
  edge.escrow = 2n * half - bounty
  edge.endedAt = ledger.now
  edge.wasCut = true
  ledger.credit(by, bounty)
  ledger.change(edge, { status: 'severed' })
}

export function startClose(ledger: Ledger, id: bigint, by: string): void {
  const edge = ledger.requireEdge(id, 'active')
  ledger.side(edge, by)
  edge.endedAt = ledger.now
  ledger.change(edge, { status: 'closing' })
}

/** Keeps the higher of the payer's vouchers. */
export function submitVoucher(ledger: Ledger, voucher: Signed<PorVoucher>): void {
  const edge = ledger.requireEdge(voucher.body.edgeId, 'closing', 'severed')
  const { domain, seq, total } = voucher.body
  const side = signerOf(ledger, edge, domain.subject)
  requireSigned(porVoucher, voucher, ledger.chain, domain.subject, ledger.verify)
  if (total <= edge.paid[side] || seq <= edge.seq[side]) return
  edge.paid[side] = total
  edge.seq[side] = seq
}

/** What the two ends get: vouchers applied to deposits, clamped, so that it never fails and never pays more than there is. */
export function balances({ facts, paid }: Pick<EdgeRecord, 'facts' | 'paid'>): [bigint, bigint] {
  const total = facts.depositU + facts.depositV
  const claim = facts.depositU - paid[0] + paid[1]
  if (claim < 0n) return [0n, total]
  return claim > total ? [total, 0n] : [claim, total - claim]
}

export function settle(ledger: Ledger, id: bigint): void {
  const edge = ledger.requireEdge(id, 'closing', 'severed')
  const notice = edge.wasCut ? 0 : ledger.rules.closeNotice
  if (ledger.now < edge.endedAt + notice + ledger.rules.challenge)
    throw refuse('por_too_early', `Vouchers of edge ${id} may still come.`, 'Wait until the challenge is over.')
  payOut(ledger, edge, balances(edge))
}

export function cooperativeClose(ledger: Ledger, byU: Signed<CloseOffer>, byV: Signed<CloseOffer>): void {
  const { edgeId, balanceU, balanceV, notBefore } = byU.body
  const edge = ledger.requireEdge(edgeId, 'closing')
  const { u, v, depositU, depositV } = edge.facts
  for (const [offer, account] of [
    [byU, u],
    [byV, v],
  ] as const) {
    requireSigned(closeOffer, offer, ledger.chain, ledger.requireNode(account).facts.key, ledger.verify)
    const { body } = offer
    if (
      body.edgeId !== edgeId ||
      body.balanceU !== balanceU ||
      body.balanceV !== balanceV ||
      body.notBefore !== notBefore
    )
      throw refuse('por_mismatch', 'The two offers differ.', 'Both ends sign the same balances.')
  }
  if (balanceU + balanceV !== depositU + depositV)
    throw refuse('por_amount', 'The balances are not what was deposited.', 'Share out exactly the deposits.')
  if (ledger.now < edge.endedAt + ledger.rules.closeNotice || ledger.height < notBefore)
    throw refuse('por_too_early', `Edge ${edgeId} still has its notice.`, 'Wait until the notice is over.')
  payOut(ledger, edge, [balanceU, balanceV])
}

export function updateEdge(ledger: Ledger, byU: Signed<EdgeUpdate>, byV: Signed<EdgeUpdate>): void {
  const { edgeId, revision, params, effectiveFrom } = byU.body
  const edge = ledger.requireEdge(edgeId, 'active')
  const { u, v } = edge.facts
  for (const [update, account] of [
    [byU, u],
    [byV, v],
  ] as const)
    requireSigned(edgeUpdate, update, ledger.chain, ledger.requireNode(account).facts.key, ledger.verify)
  const names = Object.keys(params) as (keyof typeof params)[]
  const isSame =
    byV.body.edgeId === edgeId && byV.body.revision === revision && byV.body.effectiveFrom === effectiveFrom
  if (!isSame || names.some((name) => byV.body.params[name] !== params[name]))
    throw refuse('por_mismatch', 'The two updates differ.', 'Both ends sign the same parameters.')
  if (revision <= edge.revision) throw refuse('por_stale', 'A later update holds.', 'Count revisions upwards.')
  if (ledger.height < effectiveFrom)
    throw refuse('por_too_early', 'The update does not hold yet.', 'Wait for its height.')
  edge.revision = revision
  ledger.change(edge, { params })
}

/** Once the window of reimbursement is over: the penalties to the treasury, what is left of the bonds to the ends. */
export function releaseEscrow(ledger: Ledger, id: bigint): void {
  const edge = ledger.requireEdge(id, 'severed', 'settled')
  if (!edge.wasCut || ledger.now < edge.endedAt + ledger.rules.reimbursement)
    throw refuse('por_too_early', `The penalties of edge ${id} may still be reimbursed.`, 'Wait for the window to end.')
  ledger.treasury += edge.escrow
  edge.escrow = 0n
  returnBonds(ledger, edge)
}

function payOut(ledger: Ledger, edge: EdgeRecord, [ofU, ofV]: readonly [bigint, bigint]): void {
  ledger.credit(edge.facts.u, ofU)
  ledger.credit(edge.facts.v, ofV)
  if (!edge.wasCut) returnBonds(ledger, edge)
  ledger.change(edge, { status: 'settled', depositU: 0n, depositV: 0n })
}

function returnBonds(ledger: Ledger, edge: EdgeRecord): void {
  ledger.credit(edge.facts.u, edge.bonds[0])
  ledger.credit(edge.facts.v, edge.bonds[1])
  edge.bonds.fill(0n)
}
