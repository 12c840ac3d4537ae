// A node that was suspended finds its timers long overdue (§6 A18). What its neighbours said meanwhile is still to be
// read, so the time it slept is not held against them; its own debts and hard deadlines stand.
import type { Core } from './core.ts'
import { arm } from './forward.ts'

/** Forgives the neighbours the time since the first timer should have run, where that is more than a guard. */
export function forgive(core: Core, now: number): void {
  const { guard } = core.config
  const since = core.timers.next
  if (since === null || now - since <= guard) return
  for (const edge of core.edges.values()) {
    if (edge.watch.slot >= 0) core.timers.set(edge.watch, Math.max(edge.watch.at, now + guard))
    for (const hop of edge.outbound.values()) {
      const late = hop.lateAt
      if (late < now) hop.lateAt = Math.min(now, late + now - since)
      hop.firstLateAt += hop.lateAt - late
      if (hop.state === 'forwarded') {
        hop.ackBy = Math.max(hop.ackBy, now + guard)
        hop.retryAt = Math.max(hop.retryAt, now + guard)
      }
      arm(core, hop, now)
    }
  }
}
