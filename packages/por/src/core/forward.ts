// Handing a request to the next node: at once, or when there is room there; on credit, or with a voucher.
import { type MessageBody, REFUSALS } from '../wire/messages.ts'
import { type Core, note } from './core.ts'
import { sever } from './cuts.ts'
import { ackTime } from './deadlines.ts'
import type { Edge } from './edges.ts'
import { exposure, type Hop } from './hops.ts'
import { finish } from './results.ts'
import { stall } from './silence.ts'
import { payUp } from './vouchers.ts'

/** Last moment at which the next node can still take it, with a guard for every node after this one. */
export const lastChance = (core: Core, hop: Hop): number =>
  hop.cutAt - hop.soft - hop.path.length * core.config.guard - 1

/** Sets its timer to what comes next. */
export function arm(core: Core, hop: Hop, now: number): void {
  const { cutAt, lateAt, retryAt } = hop
  const next = (): number => {
    switch (hop.state) {
      case 'queued':
        return Math.min(retryAt > now ? retryAt : cutAt, lastChance(core, hop) + 1)
      case 'forwarded':
        return retryAt
      case 'waiting':
        return lateAt
      case 'stalled':
        // A relay asks its policy when it pays; a requester, now and then; and both when a proof stays doubtful.
        return hop.from === null || hop.cause === 'bad-proof' ? retryAt : cutAt
      default:
        return cutAt
    }
  }
  core.timers.set(hop.timer, Math.min(next(), cutAt))
}

export const roomAt = (core: Core, edge: Edge): boolean =>
  edge.outbound.size < (core.graph.edge(edge.id)?.params.maxInflight ?? 0) &&
  // What a neighbour with nothing of ours said about its room is out of date.
  (edge.window > 0 || edge.outbound.size === 0)

/** Sends it on, or queues it. Its fee is reserved already. */
export function forward(core: Core, hop: Hop, now: number): void {
  const edge = hop.to!
  if (!roomAt(core, edge) || now > lastChance(core, hop)) {
    hop.state = 'queued'
    edge.queue.set(hop.name, hop)
    arm(core, hop, now)
    return
  }
  const { params } = core.graph.edge(edge.id)!
  const { guard } = core.config
  edge.queue.delete(hop.name)
  edge.outbound.set(hop.name, hop)
  edge.window -= 1
  edge.ledger.reserved -= hop.onwardFee
  if (!hop.isUnsure) edge.ledger.owed += hop.onwardFee
  edge.ledger.exposed += exposure(hop)
  hop.state = 'forwarded'
  hop.firstLateAt = now + hop.soft
  hop.ackBy = now + ackTime(params.latency, guard, hop.soft) + params.sync + guard
  post(core, hop, now)
}

/** Takes back what `forward` did. */
export function withdraw(hop: Hop): void {
  const edge = hop.to!
  if (edge.queue.delete(hop.name)) edge.ledger.reserved -= hop.onwardFee
  if (!edge.outbound.delete(hop.name)) return
  edge.window += 1
  edge.ledger.exposed -= exposure(hop)
  if (hop.isAcked) edge.acked -= 1
}

/**
 * Sends a request that this edge has. The neighbour's clock begins with the ack: until then each sending counts anew,
 * afterwards it is told what is left.
 */
export function post(core: Core, hop: Hop, now: number): void {
  const edge = hop.to!
  const { latency } = core.graph.edge(edge.id)!.params
  const { guard } = core.config
  const isReady = edge.session === 'ready'
  if (!hop.isAcked) {
    hop.lateAt = now + hop.soft
    hop.retryAt = Math.min(hop.ackBy, now + (isReady ? ackTime(latency, guard, hop.soft) : backTime(core, hop)))
    if (hop.state === 'forwarded') arm(core, hop, now)
  }
  if (!isReady) return
  core.out.push({
    kind: 'send',
    edgeId: edge.id,
    message: {
      type: 'request',
      request: hop.request,
      edgeId: edge.id,
      path: hop.path.slice(1),
      soft: Math.max(0, hop.lateAt - now),
      hard: Math.max(0, hop.cutAt - now),
      fee: hop.onwardFee,
      payload: hop.payload,
      voucher: payment(core, edge, now),
    },
  })
}

/** How long a neighbour that is away has to come back: a settlement. */
export const backTime = (core: Core, { to, soft }: Hop): number =>
  Math.min(core.graph.edge(to!.id)!.params.sync + core.config.guard, soft)

/** A voucher for what is owed, or none where it may wait for the batch. */
function payment(core: Core, edge: Edge, now: number) {
  const { ledger, hasCredit } = edge
  // To a neighbour that doubts it, show the last voucher again.
  if (!hasCredit) return payUp(core, edge) ?? ledger.paid
  const { credit, batch } = core.config
  edge.batched += 1
  if (ledger.owed - ledger.paidTotal > credit || edge.batched >= batch.requests) return payUp(core, edge)
  if (edge.batch.slot < 0) core.timers.set(edge.batch, now + batch.ms)
  return null
}

/** Sends on what waited, as far as there is room. */
export function pump(core: Core, edge: Edge, now: number): void {
  for (const hop of edge.queue.values()) {
    if (!roomAt(core, edge)) return
    if (hop.retryAt <= now) forward(core, hop, now)
  }
}

/** What the neighbour says it takes, less what is on its way there. */
export function seeRoom(edge: Edge, window: number): void {
  edge.window = window - (edge.outbound.size - edge.acked)
}

export function onAck(core: Core, edge: Edge, ack: MessageBody<'ack'>, name: string, now: number): void {
  const hop = edge.outbound.get(name)
  if (hop !== undefined && !hop.isAcked) {
    hop.isAcked = true
    edge.acked += 1
    note(core, 'acked', edge, hop)
  }
  seeRoom(edge, ack.window)
  if (hop === undefined) return
  const { sync } = core.graph.edge(edge.id)!.params
  if (edge.watch.slot < 0) core.timers.set(edge.watch, now + sync + core.config.guard)
  if (hop.state !== 'forwarded' && !(hop.state === 'stalled' && hop.cause === 'no-ack')) return
  hop.state = 'waiting'
  arm(core, hop, now)
}

export function onRefuse(core: Core, edge: Edge, refuse: MessageBody<'refuse'>, name: string, now: number): void {
  const hop = edge.outbound.get(name)
  if (hop === undefined) return
  if (hop.isAcked) {
    stall(core, hop, 'no-ack', now)
    return
  }
  const reason = REFUSALS[refuse.reason] ?? 'stale'
  note(core, 'refused', edge, hop, { why: reason })
  withdraw(hop)
  const { ledger } = edge
  if (!hop.isUnsure) ledger.owed -= hop.onwardFee
  // A neighbour that gave credit, or a fee lost in a crash: it is paid now.
  const isMended = reason === 'voucher' && (edge.hasCredit || hop.isUnsure)
  // What was paid ahead, and the neighbour does not know of, is lost to it.
  if (reason === 'voucher' && !edge.hasCredit && ledger.owed < ledger.paidTotal) {
    ledger.debt += ledger.paidTotal - ledger.owed
    ledger.owed = ledger.paidTotal
  }
  if (reason === 'voucher') edge.hasCredit = hop.isUnsure = false
  if (reason === 'window') edge.window = 0
  if (hop.from === null && !isMended) finish(core, hop, { kind: 'refused', reason })
  else again(core, edge, hop, isMended, now)
  if (ledger.debt > core.config.debtLimit) sever(core, edge, now, 'debt')
}

/** Sends a refused request again: at once, or after a settlement. */
function again(core: Core, edge: Edge, hop: Hop, isMended: boolean, now: number): void {
  edge.ledger.reserved += hop.onwardFee
  const { sync } = core.graph.edge(edge.id)!.params
  hop.retryAt = isMended ? now : now + sync
  hop.state = 'queued'
  edge.queue.set(hop.name, hop)
  if (isMended) forward(core, hop, now)
  else arm(core, hop, now)
}
