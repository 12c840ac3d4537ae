// A request on its way through this node (specification §3): one record from acceptance until it can be forgotten.
import type { PorRequest, Signed } from '@dcml/protocol/por'
import type { Deadlines } from './deadlines.ts'
import type { Edge } from './edges.ts'
import { type Timer, timer } from './timers.ts'
import type { Outcome, Trouble } from './types.ts'

/**
 * `queued` waits for the next node to take it; `forwarded` for its ack; `waiting` for the result; `late` the same,
 * with the budget over; `stalled` for a neighbour that is silent, lying or behind with its fees; `serving` for the
 * local service.
 */
export type HopState = 'queued' | 'forwarded' | 'waiting' | 'late' | 'stalled' | 'serving' | 'resolved'

export interface Hop {
  readonly hash: Uint8Array
  /** The hash as a key. */
  readonly name: string
  readonly request: Signed<PorRequest>
  /** Edge it came over; null for this node's own. */
  readonly from: Edge | null
  /** Edge it goes on over; null where this node answers. */
  readonly to: Edge | null
  /** Edges from `to` on. */
  readonly path: readonly bigint[]
  readonly payload: Uint8Array
  /** What came with it, and what goes on with it. */
  readonly fee: bigint
  readonly onwardFee: bigint
  /** Towards `from`. */
  readonly due: Deadlines
  readonly arrivedAt: number
  /** τ towards `to`, and when `to` is cut, or the local service given up. */
  readonly soft: number
  readonly cutAt: number
  /** Towards `to`, from when it was last sent. */
  lateAt: number
  /** From when it was first sent. */
  firstLateAt: number
  state: HopState
  /** Why it is stalled. */
  cause: Trouble['cause']
  /** When to send it again, or to ask the policy again. */
  retryAt: number
  /** When its ack is missed however often the session of `to` came and went. */
  ackBy: number
  /** Whether `to` acknowledged it ever: from then on it owes late fees. */
  isAcked: boolean
  /** Whether its fee may be paid or not: taken up again after a crash. */
  isUnsure: boolean
  /** Late fees to `from` are paid from and up to here. */
  paidFrom: number
  paidUntil: number
  /** Late fees that came from `to`. */
  got: bigint
  readonly timer: Timer
}

/** A request that ended, kept until its deadline for a neighbour that asks again. */
export interface Done {
  readonly hash: Uint8Array
  readonly name: string
  readonly from: Edge | null
  readonly outcome: Outcome
  readonly until: number
  readonly timer: Timer
}

export type NewHop = Pick<
  Hop,
  'hash' | 'name' | 'request' | 'from' | 'to' | 'path' | 'payload' | 'fee' | 'onwardFee' | 'due' | 'soft' | 'cutAt'
>

/** @param run what to do when its timer falls due */
export function newHop(about: NewHop, now: number, run: (hop: Hop, now: number) => void): Hop {
  const hop: Hop = {
    hash: about.hash,
    name: about.name,
    request: about.request,
    from: about.from,
    to: about.to,
    path: about.path,
    payload: about.payload,
    fee: about.fee,
    onwardFee: about.onwardFee,
    due: about.due,
    soft: about.soft,
    cutAt: about.cutAt,
    arrivedAt: now,
    lateAt: now + about.soft,
    firstLateAt: now + about.soft,
    state: about.to === null ? 'serving' : 'queued',
    cause: 'late',
    retryAt: now,
    ackBy: now,
    isAcked: false,
    isUnsure: false,
    paidFrom: about.due.lateAt,
    paidUntil: about.due.lateAt,
    got: 0n,
    timer: timer((at) => run(hop, at)),
  }
  return hop
}

/** Deadlines towards `to`. */
export const onward = (hop: Hop): Deadlines => ({ lateAt: hop.lateAt, resolveBy: hop.cutAt })

/** ρ of its request. */
export const rateOf = (hop: Hop): bigint => hop.request.body.lateRate

/** What is held back for the late fees that `from` may still be owed. */
export const reserveOf = (hop: Hop): bigint => rateOf(hop) * BigInt(Math.max(0, hop.due.resolveBy - hop.paidUntil))

/** ρ · (X − τ): the most that `to` may come to owe for it. */
export const exposure = (hop: Hop): bigint => {
  const hold = hop.cutAt - hop.arrivedAt - hop.soft
  return hold > 0 ? rateOf(hop) * BigInt(hold) : 0n
}
