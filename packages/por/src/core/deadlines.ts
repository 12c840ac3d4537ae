// When a hop is late, and when it must be resolved (paper §2, §5: a sender's budget is the one it got, less a round
// trip over the edge it came by). Durations in ms; instants on the clock of the node that computes.
import type { EdgeParams } from '@dcml/protocol/por'

/** Soft (τ) and hard (X) budget of a hop. */
export interface Budget {
  readonly soft: number
  readonly hard: number
}

/** When a hop is late and when it must be resolved. */
export interface Deadlines {
  readonly lateAt: number
  readonly resolveBy: number
}

/** What the edges of a path need for there and back, and the service at its end: τ of its first sender. */
export const roundTrip = (edges: readonly EdgeParams[], service: number): number =>
  edges.reduce((sum, { latency }) => sum + 2 * latency, service)

/** Budget of a request's author: late after `roundTrip`, resolved `hold` later. */
export const ownBudget = (edges: readonly EdgeParams[], service: number, hold: number): Budget => {
  const soft = roundTrip(edges, service)
  return { soft, hard: soft + Math.floor(hold) }
}

/**
 * Deadlines towards the neighbour that sent, whose clock began when it did: the promised latency ago.
 * @param latency of the edge it came over
 */
export const deadlinesOf = ({ soft, hard }: Budget, latency: number, arrival: number): Deadlines => ({
  lateAt: arrival - latency + soft,
  resolveBy: arrival - latency + hard,
})

/**
 * When the next hop must be resolved for its result to be back upstream a guard before the neighbour there gives up:
 * the ladder by which one silence costs one edge.
 */
export const cutTime = (resolveBy: number, latency: number, guard: number): number => resolveBy - latency - guard

/** τ for the next hop: the round trip over the edge it came by is used up. */
export const onwardSoft = (soft: number, latency: number): number => soft - 2 * latency

/** Most ms to hold a request beyond its soft budget: edges are closed with longer notice (§6 A5). */
export const MAX_HOLD = 600_000

/** Whether a budget suffices for the rest of a path, with a guard for each node on it. */
export const suffices = ({ soft, hard }: Budget, rest: number, nodes: number, guard: number): boolean =>
  soft >= rest && hard - soft > nodes * guard && hard - soft <= MAX_HOLD

/** How long a neighbour may take to acknowledge: a round trip and a guard, and never more than there is. */
export const ackTime = (latency: number, guard: number, soft: number): number => Math.min(2 * latency + guard, soft)

/** `ρ · (min(t, X) − τ)⁺`: what being late has cost until `t`. */
export function due(rate: bigint, { lateAt, resolveBy }: Deadlines, t: number): bigint {
  const late = Math.min(t, resolveBy) - lateAt
  return late > 0 ? rate * BigInt(late) : 0n
}

/** What a creditor lets pass as jitter: `ρ · (2L + g)`. */
export const tolerance = (rate: bigint, latency: number, guard: number): bigint => rate * BigInt(2 * latency + guard)

/** `C + B · (length + longest response)`: what the receiving end of an edge keeps. */
export const cost = ({ baseCost, byteCost }: EdgeParams, length: number, maxResponse: number): bigint =>
  baseCost + byteCost * BigInt(length + maxResponse)
