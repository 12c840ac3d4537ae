// Settlements (specification §3, "How the penalty accrues and flows back"): every Δ, while anything is under way on an
// edge, whoever owes results says so, and pays for those that are late.

import { toHex } from '@dcml/protocol'
import { MAX_LATE, type MessageBody } from '../wire/messages.ts'
import { type Core, note } from './core.ts'
import { sever } from './cuts.ts'
import { due, tolerance } from './deadlines.ts'
import { type Edge, windowOf } from './edges.ts'
import { arm, pump, seeRoom } from './forward.ts'
import { type Hop, onward, rateOf } from './hops.ts'
import { review, stall } from './silence.ts'
import { payUp, takeVoucher } from './vouchers.ts'

/** When this node settles next on an edge: Δ from now, or at the edge's own phase. */
export function nextTick(core: Core, edge: Edge, now: number): number {
  const { sync } = core.graph.edge(edge.id)!.params
  const phase = core.config.phase?.(edge.id)
  if (phase === undefined) return now + sync
  return now + sync - ((((now - phase) % sync) + sync) % sync)
}

/** Begins to settle where something is under way. */
export function startTicks(core: Core, edge: Edge, now: number): void {
  if (edge.tick.slot < 0) core.timers.set(edge.tick, nextTick(core, edge, now))
}

/** Owes the neighbour upstream what a request is late by until `t`. @returns how much that is */
export function owe(core: Core, hop: Hop, t: number, now: number): bigint {
  const from = hop.from!
  const amount = due(rateOf(hop), { lateAt: hop.paidUntil, resolveBy: hop.due.resolveBy }, t)
  if (amount === 0n) return 0n
  hop.paidUntil = Math.min(t, hop.due.resolveBy)
  hop.paid += amount
  hop.reserve -= amount
  from.ledger.reserved -= amount
  from.ledger.owed += amount
  hop.to?.profit.add(-amount, now)
  note(core, 'paid-late', from, hop, { amount })
  return amount
}

/** Books late fees that the next node paid. */
export function creditLate(core: Core, edge: Edge, hop: Hop, amount: bigint, now: number): void {
  const credited = edge.ledger.creditLate(amount)
  if (credited === 0n) return
  core.credited.add(edge)
  hop.got += credited
  edge.profit.add(credited, now)
  if (hop.from === null) core.out.push({ kind: 'late', requestHash: hop.hash, amount: credited })
}

/** Settles with a neighbour. */
export function tick(core: Core, edge: Edge, now: number): void {
  for (const hop of [...edge.open.values()].filter((hop) => isTrouble(hop, now)))
    if (hop.state !== 'resolved') review(core, hop, hop.state === 'stalled' ? hop.cause : 'late', now)
  if (edge.open.size === 0) return
  const late = []
  for (const hop of edge.open.values()) {
    const lateness = Math.max(0, Math.min(now, hop.due.resolveBy) - hop.paidUntil)
    const amount = lateness === 0 ? 0n : owe(core, hop, now, now)
    if (amount > 0n) late.push({ requestHash: hop.hash, lateness, amount })
  }
  const next = nextTick(core, edge, now)
  edge.ticks += 1
  // A list that is full has a sequel, if an empty one.
  for (let at = 0; at <= late.length; at += MAX_LATE) {
    const part = late.slice(at, at + MAX_LATE)
    const voucher = at === 0 ? payUp(core, edge, now) : null
    const window = windowOf(core, edge)
    if (edge.session === 'ready')
      core.out.push({
        kind: 'send',
        edgeId: edge.id,
        message: { type: 'sync', edgeId: edge.id, tick: edge.ticks, next: next - now, late: part, voucher, window },
      })
  }
  core.timers.set(edge.tick, next)
}

/** Whether to ask the policy before paying for it again: the next node is at fault, has no room, or is away. */
const isTrouble = ({ state, to, due: { lateAt } }: Hop, now: number): boolean =>
  state === 'stalled' || (now > lateAt && (state === 'queued' || (state === 'forwarded' && to?.session !== 'ready')))

/** Takes the neighbour's settlement. */
export function onSync(core: Core, edge: Edge, message: MessageBody<'sync'>, now: number): void {
  const { params } = core.graph.edge(edge.id)!
  if (message.voucher !== null) takeVoucher(core, edge, message.voucher)
  seeRoom(edge, message.window)
  if (edge.acked > 0) core.timers.set(edge.watch, now + params.sync + core.config.guard)
  for (const { requestHash, amount } of message.late) {
    const hop = edge.outbound.get(toHex(requestHash))
    if (hop !== undefined) creditLate(core, edge, hop, amount, now)
  }
  if (message.late.length < MAX_LATE) audit(core, edge, now)
  pump(core, edge, now)
}

/** Compares what came with what is due by this node's clock. */
function audit(core: Core, edge: Edge, now: number): void {
  const { latency } = core.graph.edge(edge.id)!.params
  // What came beyond the charges goes to old debts.
  if (edge.ledger.debt > 0n) {
    edge.ledger.debt -= edge.ledger.creditLate(edge.ledger.debt)
    core.credited.add(edge)
  }
  let debt = edge.ledger.debt
  for (const hop of edge.outbound.values()) {
    if (!hop.isAcked) continue
    const rate = rateOf(hop)
    const short = due(rate, onward(hop), now) - hop.got - tolerance(rate, latency, core.config.guard)
    if (short > 0n) debt += short
    if (short > 0n) stall(core, hop, 'underpaid', now)
    else if (hop.state === 'stalled' && (hop.cause === 'missed-sync' || hop.cause === 'underpaid'))
      recover(core, hop, now)
    if (edge.isCut) return
  }
  if (debt > core.config.debtLimit) sever(core, edge, now, 'debt')
}

/** The next node does its part again. */
function recover(core: Core, hop: Hop, now: number): void {
  hop.state = now >= hop.lateAt ? 'late' : 'waiting'
  arm(core, hop, now)
}
