// Settlements (specification §3, "How the penalty accrues and flows back"): every Δ, while anything is under way on an
// edge, whoever owes results says so, and pays for those that are late.

import { MAX_LATE, type MessageBody } from '../wire/messages.ts'
import { type Core, note } from './core.ts'
import { sever } from './cuts.ts'
import { due } from './deadlines.ts'
import { clamp } from './edge-ledger.ts'
import { type Edge, windowOf } from './edges.ts'
import { arm, pump, seeRoom } from './forward.ts'
import { type Hop, rateOf } from './hops.ts'
import { nameOf } from './name.ts'
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
  const amount = accrue(hop, t, now)
  if (amount === 0n) return 0n
  const from = hop.from!
  from.ledger.pledge(amount)
  note(core, 'paid-late', from, hop, { amount })
  return amount
}

/** Moves up to when a request is paid for. @returns for how much */
function accrue(hop: Hop, t: number, now: number): bigint {
  const amount = due(rateOf(hop), { lateAt: hop.paidUntil, resolveBy: hop.due.resolveBy }, t)
  if (amount === 0n) return 0n
  hop.paidUntil = Math.min(t, hop.due.resolveBy)
  hop.to?.profit.add(-amount, now)
  return amount
}

/** Books late fees that the next node paid. */
export function creditLate(core: Core, edge: Edge, late: readonly (readonly [Hop, bigint])[], now: number): void {
  const { ledger } = edge
  const there = ledger.surplus
  let rest = there
  for (const [hop, amount] of late) {
    if (rest === 0n) break
    const credited = clamp(amount, rest)
    if (credited === 0n) continue
    rest -= credited
    hop.got += credited
    if (hop.from === null) core.out.push({ kind: 'late', requestHash: hop.hash, amount: credited })
  }
  if (rest === there) return
  ledger.charged += there - rest
  edge.profit.add(there - rest, now)
  core.credited.add(edge)
}

/** Settles with a neighbour. */
export function tick(core: Core, edge: Edge, now: number): void {
  for (const hop of edge.open.values())
    if (isTrouble(hop, now)) review(core, hop, hop.state === 'stalled' ? hop.cause : 'late', now)
  if (edge.open.size === 0) return
  const late = []
  let sum = 0n
  for (const hop of edge.open.values()) {
    const since = hop.paidUntil
    const amount = now > since ? accrue(hop, now, now) : 0n
    if (amount === 0n) continue
    sum += amount
    late.push({ requestHash: hop.hash, lateness: hop.paidUntil - since, amount })
  }
  if (sum > 0n) {
    edge.ledger.pledge(sum)
    note(core, 'paid-late', edge, null, { amount: sum })
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
  const { tick, late, voucher, window } = message
  if (voucher !== null) takeVoucher(core, edge, voucher)
  const { heard } = edge
  const isSequel = tick === heard.tick && heard.isOpen
  // Heard before, and again: it says nothing new.
  if (tick <= heard.tick && !isSequel) return
  // A full list that never had its sequel is judged as it was.
  if (!isSequel && heard.isOpen) audit(core, edge, now)
  if (edge.isCut) return
  edge.heard = { tick, isOpen: late.length === MAX_LATE }
  seeRoom(edge, window)
  if (!isSequel && edge.acked > 0) core.timers.set(edge.watch, now + params.sync + core.config.guard)
  const known: [Hop, bigint][] = []
  for (const { requestHash, amount } of late) {
    const hop = edge.outbound.get(nameOf(requestHash))
    if (hop !== undefined) known.push([hop, amount])
  }
  creditLate(core, edge, known, now)
  if (!edge.heard.isOpen) audit(core, edge, now)
  pump(core, edge, now)
}

/** Compares what came with what is due by this node's clock. */
function audit(core: Core, edge: Edge, now: number): void {
  const { ledger } = edge
  const { debtLimit, guard } = core.config
  const grace = 2 * core.graph.edge(edge.id)!.params.latency + guard
  // What came beyond the charges goes to old debts.
  if (ledger.debt > 0n && ledger.surplus > 0n) {
    ledger.debt -= ledger.creditLate(ledger.debt)
    core.credited.add(edge)
  }
  let debt = ledger.debt
  for (const hop of edge.outbound.values()) {
    if (!hop.isAcked) continue
    const beyond = Math.min(now, hop.cutAt) - hop.lateAt - grace
    const short = beyond > 0 ? rateOf(hop) * BigInt(beyond) - hop.got : 0n
    if (short > 0n) {
      debt += short
      stall(core, hop, 'underpaid', now)
    } else if (hop.state === 'stalled' && (hop.cause === 'missed-sync' || hop.cause === 'underpaid'))
      recover(core, hop, now)
    if (edge.isCut) return
  }
  if (debt > debtLimit) sever(core, edge, now, 'debt')
}

/** The next node does its part again. */
function recover(core: Core, hop: Hop, now: number): void {
  hop.state = now >= hop.lateAt ? 'late' : 'waiting'
  arm(core, hop, now)
}
