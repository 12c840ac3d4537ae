// A neighbour that does not do its part (specification §3, "On silence"): no ack, no settlement, no result by the hard
// deadline. The first two the policy judges; the third always costs the edge.
import { giveUp } from './answers.ts'
import { type Core, note } from './core.ts'
import { sever } from './cuts.ts'
import { due } from './deadlines.ts'
import type { Edge } from './edges.ts'
import { arm, forward, lastChance } from './forward.ts'
import { type Hop, rateOf } from './hops.ts'
import type { Trouble } from './types.ts'

/** What a hop's timer is for. */
export function hopDue(core: Core, hop: Hop, now: number): void {
  if (hop.state === 'serving') {
    giveUp(core, hop, now)
    return
  }
  if (now >= hop.cutAt) {
    sever(core, hop.to!, now, 'deadline')
    return
  }
  switch (hop.state) {
    case 'queued':
      // The budget is spent in the queue (paper §3.2).
      if (now > lastChance(core, hop)) {
        sever(core, hop.to!, now, 'congestion')
        return
      }
      forward(core, hop, now)
      return
    case 'forwarded':
      stall(core, hop, 'no-ack', now)
      return
    case 'waiting':
      hop.state = 'late'
      note(core, 'late', hop.to, hop)
      arm(core, hop, now)
      return
    case 'stalled':
      review(core, hop, hop.cause, now)
      return
  }
}

/** Something is wrong at the next node: from here on it is the policy's to say when to give up. */
export function stall(core: Core, hop: Hop, cause: Trouble['cause'], now: number): void {
  if (hop.state === 'stalled' && hop.cause === cause) return
  hop.state = 'stalled'
  hop.cause = cause
  note(core, 'stalled', hop.to, hop, { why: cause })
  review(core, hop, cause, now)
}

/** What waiting for a request has cost this node so far, upstream, beyond what came in for it. */
export function outOfPocketOf(hop: Hop, now: number): bigint {
  const paid = due(rateOf(hop), { ...hop.due, lateAt: hop.paidFrom }, now)
  return hop.from === null || paid < hop.got ? 0n : paid - hop.got
}

/** Asks the policy whether to go on waiting for a request, or to cut the edge. */
export function review(core: Core, hop: Hop, cause: Trouble['cause'], now: number): void {
  const edge = hop.to
  if (edge === null || edge.isCut) return
  const outOfPocket = outOfPocketOf(hop, now)
  const trouble: Trouble = {
    edgeId: edge.id,
    requestHash: hop.hash,
    cause,
    lateness: now - hop.lateAt,
    outOfPocket,
    profit: edge.profit.at(now),
  }
  if (outOfPocket > core.config.waitCap || core.config.patience(trouble) === 'sever') {
    sever(core, edge, now, cause)
    return
  }
  if (hop.state !== 'stalled') return
  hop.retryAt = now + (core.graph.edge(edge.id)?.params.sync ?? core.config.guard)
  arm(core, hop, now)
}

/**
 * A proof that the graph does not bear out yet: this node's view of it may be behind, so it has a settlement's time to
 * catch up before the policy is asked.
 */
export function doubt(core: Core, hop: Hop, now: number): void {
  hop.state = 'stalled'
  hop.cause = 'bad-proof'
  hop.retryAt = now + core.graph.edge(hop.to!.id)!.params.sync
  note(core, 'stalled', hop.to, hop, { why: 'bad-proof' })
  arm(core, hop, now)
}

/** The neighbour's settlement is missing. */
export function miss(core: Core, edge: Edge, now: number): void {
  if (edge.acked === 0) return
  core.timers.set(edge.watch, now + core.graph.edge(edge.id)!.params.sync + core.config.guard)
  for (const hop of edge.outbound.values()) {
    if (edge.isCut) return
    if (hop.isAcked) stall(core, hop, 'missed-sync', now)
  }
}
