// What comes back (specification §3, "On a response", "On a broken-edge proof"): checked before it goes on, so that
// nobody upstream can be blamed for it; booked by this node's own clock.

import { DcmlError, equalBytes } from '@dcml/protocol'
import { porResponse, requireSigned } from '@dcml/protocol/por'
import { sha256 } from '@noble/hashes/sha2.js'
import { MAX_HOPS, type Message, type MessageBody } from '../wire/messages.ts'
import { isGone } from './accept.ts'
import { arrivalsOf, type Core, note } from './core.ts'
import { cutOff, isCutBy, publish, sever } from './cuts.ts'
import { due, tolerance } from './deadlines.ts'
import { clamp } from './edge-ledger.ts'
import type { Edge } from './edges.ts'
import { pump, withdraw } from './forward.ts'
import { type Done, type Hop, onward, rateOf, reserveOf } from './hops.ts'
import { doubt, outOfPocketOf, review, stall } from './silence.ts'
import { resolvedOf } from './snapshot.ts'
import { creditLate, owe } from './sync.ts'
import { timer } from './timers.ts'
import type { Outcome } from './types.ts'
import { payUp, takeVoucher } from './vouchers.ts'

export function onResponse(core: Core, edge: Edge, message: MessageBody<'response'>, name: string, now: number): void {
  if (message.voucher !== null) takeVoucher(core, edge, message.voucher)
  const hop = edge.outbound.get(name)
  if (hop === undefined) return
  if (!isAnswer(core, hop, message)) {
    stall(core, hop, 'bad-response', now)
    return
  }
  const { response, payload, holds } = message
  resolve(core, hop, { kind: 'response', response, payload, holds }, now)
}

/** Whether the recipient signed these bytes as its answer to this request. */
function isAnswer(core: Core, hop: Hop, { response, payload }: MessageBody<'response'>): boolean {
  const { body } = hop.request
  if (payload.length > body.maxResponse || response.body.payloadLength !== payload.length) return false
  if (!equalBytes(response.body.payloadHash, sha256(payload))) return false
  try {
    requireSigned(porResponse, response, core.config.chain, body.recipientKey, core.verify)
    return true
  } catch (error) {
    if (DcmlError.isInstance(error)) return false
    throw error
  }
}

export function onBroken(core: Core, edge: Edge, message: MessageBody<'broken'>, name: string, now: number): void {
  if (message.voucher !== null) takeVoucher(core, edge, message.voucher)
  const hop = edge.outbound.get(name)
  const { brokenEdge: edgeId, cert, holds } = message
  if (cert !== null && cert.body.edgeId === edgeId && (hop?.path.includes(edgeId) ?? false) && isCutBy(core, cert)) {
    publish(core, cert)
    resolve(core, hop!, { kind: 'broken', edgeId, cert, holds }, now)
    if (edgeId === edge.id) cutOff(core, edge, cert, now)
    return
  }
  if (hop === undefined) return
  if (cert !== null || !hop.path.includes(edgeId)) stall(core, hop, 'bad-proof', now)
  else if (isGone(core, edgeId)) resolve(core, hop, { ...brokenAt(core, edgeId), holds }, now)
  else if (hop.state !== 'stalled' || hop.cause !== 'bad-proof') doubt(core, hop, now)
}

type End = Exclude<Outcome, { kind: 'refused' }>

/** That an edge is gone, by its endpoint's word where this node has it. */
export const brokenAt = (core: Core, edgeId: bigint): End => ({
  kind: 'broken',
  edgeId,
  cert: core.certs.get(edgeId) ?? null,
  holds: [],
})

/**
 * Ends a request: its late fees both ways, its place at the next node, and what `from` is told.
 * @param isHeard whether the next node said so, and so had its chance to pay; not where this node learnt it first
 */
export function resolve(core: Core, hop: Hop, outcome: End, now: number, isHeard = true): void {
  const { from, to } = hop
  // Ending one request may cut an edge, and with it end others that are about to be.
  if (hop.state === 'resolved') return
  const isUnderpaid = isHeard && to !== null && collect(core, to, hop, now)
  if (to !== null) withdraw(hop)
  if (to !== null && to.acked === 0) core.timers.clear(to.watch)
  const latency = from === null ? 0 : (core.graph.edge(from.id)?.params.latency ?? 0)
  // It is paid until it arrives; from then on nothing is owed (paper §5.3).
  const paid = from === null ? 0n : owe(core, hop, now + latency, now)
  const holds = [...outcome.holds, Math.min(now - hop.arrivedAt, 0xffffffff)].slice(0, MAX_HOPS)
  const done = end(core, hop, { ...outcome, holds }, now)
  if (from !== null && !from.isCut) tell(core, from, done, paid > 0n)
  if (to === null || to.isCut) return
  if (isUnderpaid) review(core, hop, 'underpaid', now)
  else if (isHeard && isLoss(core, to, hop, now)) review(core, hop, 'late', now)
  const { debtLimit, waitCap } = core.config
  if (to.ledger.debt > debtLimit || to.jitter.at(now) > waitCap) sever(core, to, now, 'debt')
  pump(core, to, now)
}

/** Books what the next node paid for being late. @returns whether it stayed behind by more than a guard */
function collect(core: Core, to: Edge, hop: Hop, now: number): boolean {
  if (!hop.isAcked || to.isCut) return false
  const owed = due(rateOf(hop), onward(hop), now)
  if (owed > hop.got) creditLate(core, to, [[hop, owed - hop.got]], now)
  const short = owed - hop.got
  const { latency } = core.graph.edge(to.id)!.params
  const jitter = tolerance(rateOf(hop), latency, core.config.guard)
  if (short > jitter) to.ledger.debt += short - jitter
  if (short > 0n) to.jitter.add(clamp(short, jitter), now)
  return short > tolerance(rateOf(hop), 0, core.config.guard)
}

/** Whether a result that was in time by the next node's clock, begun anew with each session, cost more than jitter does. */
function isLoss(core: Core, to: Edge, hop: Hop, now: number): boolean {
  const { latency } = core.graph.edge(to.id)!.params
  const jitter = 2 * latency + core.config.guard
  return hop.lateAt - hop.firstLateAt > jitter && outOfPocketOf(hop, now) > rateOf(hop) * BigInt(jitter)
}

/** Moves a request to the ended ones. */
export function end(core: Core, hop: Hop, outcome: Outcome, now: number): Done {
  const { hash, name, from } = hop
  const until = Math.max(hop.due.resolveBy, now) + core.config.guard
  release(core, hop)
  const done = remember(core, { hash, name, from, outcome, until })
  core.out.push({ kind: 'keep', record: resolvedOf(done) })
  note(core, 'resolved', hop.to, hop, { why: outcome.kind })
  if (from === null) core.out.push({ kind: 'outcome', requestHash: hash, outcome })
  return done
}

/** What one takes beside its payload, and what all of a neighbour's may take, in bytes. */
const ENTRY = 1024
const CACHE = 256 * 1024 * 1024

const sizeOf = ({ outcome }: Done): number => ENTRY + (outcome.kind === 'response' ? outcome.payload.length : 0)

/** Keeps an ended request for its neighbour to ask about, until its deadline. */
export function remember(core: Core, about: Omit<Done, 'timer'>): Done {
  const done: Done = { ...about, timer: timer(() => forget(core, done)) }
  const arrivals = arrivalsOf(core, about.from)
  arrivals.done.set(about.name, done)
  arrivals.doneBytes += sizeOf(done)
  core.timers.set(done.timer, about.until)
  for (const oldest of arrivals.done.values()) {
    if (oldest === done || arrivals.doneBytes <= (core.config.cache ?? CACHE)) break
    forget(core, oldest)
    disown(core, oldest.name)
  }
  return done
}

/** What this node itself said weighs as much. */
function disown(core: Core, name: string): void {
  const serving = core.served.get(name)
  if (serving === undefined || serving.answer === null) return
  core.timers.clear(serving.timer)
  core.served.delete(name)
}

export function forget(core: Core, done: Done): void {
  core.timers.clear(done.timer)
  const arrivals = arrivalsOf(core, done.from)
  if (arrivals.done.delete(done.name)) arrivals.doneBytes -= sizeOf(done)
  forgotten(core, done)
}

const forgotten = (core: Core, { hash, from }: Pick<Done, 'hash' | 'from'>): void => {
  core.out.push({ kind: 'keep', record: { kind: 'forgotten', requestHash: hash, from: from?.id ?? null } })
}

/** Takes it out of the open ones, and gives back its reserve. */
function release(core: Core, hop: Hop): void {
  const { from, name } = hop
  core.timers.clear(hop.timer)
  hop.state = 'resolved'
  const arrivals = arrivalsOf(core, from)
  arrivals.open.delete(name)
  if (from === null) return
  from.ledger.reserved -= reserveOf(hop)
  if (from.open.size === 0) core.timers.clear(from.tick)
}

/** Lets go of a request that nobody upstream waits for any more. */
export function drop(core: Core, hop: Hop): void {
  if (hop.state === 'resolved') return
  release(core, hop)
  forgotten(core, hop)
}

/** Refused before an ack: nothing of it remains. */
export function finish(core: Core, hop: Hop, outcome: Extract<Outcome, { kind: 'refused' }>): void {
  drop(core, hop)
  core.out.push({ kind: 'outcome', requestHash: hop.hash, outcome })
}

/** Tells the neighbour that sent it how a request ended. */
export function tell(core: Core, from: Edge, { hash, outcome }: Done, isPaying: boolean): void {
  const voucher = isPaying ? payUp(core, from) : null
  if (from.session !== 'ready' || outcome.kind === 'refused') return
  const { holds } = outcome
  const message: Message =
    outcome.kind === 'response'
      ? {
          type: 'response',
          edgeId: from.id,
          response: outcome.response,
          payload: outcome.payload,
          voucher,
          holds: [...holds],
        }
      : {
          type: 'broken',
          requestHash: hash,
          edgeId: from.id,
          brokenEdge: outcome.edgeId,
          cert: outcome.cert,
          voucher,
          holds: [...holds],
        }
  core.out.push({ kind: 'send', edgeId: from.id, message })
}
