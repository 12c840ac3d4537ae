// Requests that begin here: a neighbour's, taken up or refused, and this node's own.
import { equalBytes } from '@dcml/protocol'
import { requestHash } from '@dcml/protocol/por'
import { type MessageBody, REFUSALS, type Refusal } from '../wire/messages.ts'
import { type Candidate, isAffordable, isAuthentic, isPriced, takes, walk } from './accept.ts'
import { serve } from './answers.ts'
import { arrivalsOf, type Core, note } from './core.ts'
import { show } from './cuts.ts'
import { cost, cutTime, deadlinesOf, onwardSoft, ownBudget } from './deadlines.ts'
import { type Edge, edgeOf, windowOf } from './edges.ts'
import { forward, roomAt } from './forward.ts'
import { type Hop, newHop, reserveOf } from './hops.ts'
import { nameOf } from './name.ts'
import { brokenAt, forget, resolve, tell } from './results.ts'
import { hopDue } from './silence.ts'
import { acceptedOf } from './snapshot.ts'
import { startTicks } from './sync.ts'
import type { Ask } from './types.ts'
import { takeVoucher } from './vouchers.ts'

type RequestMessage = MessageBody<'request'>

export function onRequest(core: Core, from: Edge, message: RequestMessage, now: number): void {
  const hash = requestHash(message.request.body)
  const name = nameOf(hash)
  if (isAgain(core, from, message, hash, name)) return
  const cut = core.certs.get(from.id)
  if (cut !== undefined) {
    show(core, from, hash, cut)
    return
  }
  const fault = from.open.has(name) ? 'duplicate' : from.bucket.take(now) ? null : 'rate'
  const refusal = fault ?? takeUp(core, from, message, hash, name, now)
  if (refusal === null) return
  note(core, 'refused', from, null, { requestHash: hash, why: refusal })
  const reason = REFUSALS.indexOf(refusal)
  core.out.push({
    kind: 'send',
    edgeId: from.id,
    message: { type: 'refuse', requestHash: hash, edgeId: from.id, reason },
  })
}

/** A request that this node has: it is acknowledged again, or told again how it ended. */
function isAgain(core: Core, from: Edge, { path, voucher }: RequestMessage, hash: Uint8Array, name: string): boolean {
  const open = from.open.get(name)
  const done = from.done.get(name)
  if (voucher !== null && (open ?? done) !== undefined) takeVoucher(core, from, voucher)
  if (open !== undefined && path.length === open.path.length && path.every((id, at) => id === open.path[at])) {
    acknowledge(core, from, hash)
    return true
  }
  if (done === undefined) return false
  const { outcome } = done
  // A cut answers whatever goes over that edge; what goes over others is another try.
  if (outcome.kind === 'response' || (outcome.kind === 'broken' && path.includes(outcome.edgeId))) {
    tell(core, from, done, false)
    return true
  }
  forget(core, done)
  return false
}

const acknowledge = (core: Core, from: Edge, hash: Uint8Array): void => {
  const message = { type: 'ack', requestHash: hash, edgeId: from.id, window: windowOf(core, from) } as const
  core.out.push({ kind: 'send', edgeId: from.id, message })
}

/** Takes a neighbour's request up. @returns why not, or null */
function takeUp(
  core: Core,
  from: Edge,
  message: RequestMessage,
  hash: Uint8Array,
  name: string,
  now: number,
): Refusal | null {
  const { request, path, payload, fee, soft, hard } = message
  const inbound = core.graph.edge(from.id)
  if (inbound === null || from.isCut || !takes(core, from.id, now))
    return inbound?.status === 'closing' ? 'closing' : 'stale'
  if (message.voucher !== null && !takeVoucher(core, from, message.voucher)) return 'voucher'
  if (from.ledger.unpaid + fee > core.config.credit) return 'voucher'
  const route = walk(core, path, request.body.recipient, from.peer, (id) => takes(core, id, now))
  if (route.kind === 'none') return route.why
  const to = route.kind === 'gone' || path.length === 0 ? null : edgeOf(core, path[0]!)
  const edges = route.kind === 'gone' ? [inbound] : [inbound, ...route.edges]
  const candidate: Candidate = { request, from, to, edges, budget: { soft, hard }, fee, payload }
  const isHeld = to !== null && (to.queue.has(name) || to.outbound.has(name))
  const refusal =
    isPriced(core, candidate) ?? isAffordable(core, candidate) ?? (isHeld ? 'duplicate' : isAuthentic(core, candidate))
  if (refusal !== null) return refusal
  const { latency } = inbound.params
  const due = deadlinesOf({ soft, hard }, latency, now)
  const onwardFee = to === null ? 0n : fee - cost(inbound.params, payload.length, request.body.maxResponse)
  const cutAt = cutTime(due.resolveBy, latency, core.config.guard)
  const about = {
    hash,
    name,
    request,
    from,
    to,
    path,
    payload,
    fee,
    onwardFee,
    due,
    soft: onwardSoft(soft, latency),
    cutAt,
  }
  const hop = newHop(about, now, (item, at) => hopDue(core, item, at))
  from.ledger.charged += fee
  from.profit.add(fee - onwardFee, now)
  open(core, hop)
  acknowledge(core, from, hash)
  startTicks(core, from, now)
  if (route.kind === 'gone') resolve(core, hop, brokenAt(core, route.edgeId), now)
  else if (to !== null) forward(core, hop, now)
  else serve(core, hop, now)
  return null
}

/** Keeps a request, and reserves what it may cost. */
export function open(core: Core, hop: Hop): void {
  const { from, to } = hop
  arrivalsOf(core, from).open.set(hop.name, hop)
  if (to !== null) to.ledger.reserved += hop.onwardFee
  if (from !== null) from.ledger.reserved += reserveOf(hop)
  core.out.push({ kind: 'keep', record: acceptedOf(hop) })
  note(core, 'accepted', from, hop)
}

/** This node asks. */
export function onAsk(core: Core, { request, path, payload, hold, fee }: Ask, now: number): void {
  const hash = requestHash(request.body)
  const name = nameOf(hash)
  const to = path[0] === undefined ? null : edgeOf(core, path[0])
  const route = walk(core, path, request.body.recipient, null)
  const done = core.own.done.get(name)
  if (done !== undefined) forget(core, done)
  const refuse = (reason: Refusal): void => {
    note(core, 'refused', to, null, { requestHash: hash, why: reason })
    core.out.push({ kind: 'outcome', requestHash: hash, outcome: { kind: 'refused', reason } })
  }
  if (to === null || route.kind !== 'open') {
    refuse(route.kind === 'none' ? route.why : 'stale')
    return
  }
  const { edges } = route
  const budget = ownBudget(
    edges.map((edge) => edge.params),
    request.body.service,
    hold,
  )
  const candidate: Candidate = { request, from: null, to, edges, budget, fee, payload }
  const isMine =
    request.body.requester === core.config.account && equalBytes(request.body.domain.subject, core.signer.publicKey)
  const refusal = isMine
    ? (isPriced(core, candidate) ?? isAffordable(core, candidate) ?? isAuthentic(core, candidate))
    : 'signature'
  if (refusal !== null) {
    refuse(refusal)
    return
  }
  if (core.own.open.has(name) || to.outbound.has(name) || to.queue.has(name)) {
    refuse('duplicate')
    return
  }
  if (!roomAt(core, to)) {
    refuse('window')
    return
  }
  const due = { lateAt: now + budget.soft, resolveBy: now + budget.hard }
  const about = {
    hash,
    name,
    request,
    from: null,
    to,
    path,
    payload,
    fee,
    onwardFee: fee,
    due,
    soft: budget.soft,
    cutAt: due.resolveBy,
  }
  const hop = newHop(about, now, (item, at) => hopDue(core, item, at))
  open(core, hop)
  forward(core, hop, now)
}
