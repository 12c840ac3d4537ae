// Surviving a crash (specification §3, "Crash recovery"): what was kept, read back in order, and what is under way
// taken up again. A node that was away past a deadline cuts, as any other would.
import { requestHash } from '@dcml/protocol/por'
import { walk } from './accept.ts'
import { restoreAnswer, serve } from './answers.ts'
import type { Core } from './core.ts'
import { cost, cutTime, roundTrip } from './deadlines.ts'
import { edgeOf } from './edges.ts'
import { forward } from './forward.ts'
import { newHop } from './hops.ts'
import { nameOf } from './name.ts'
import { open } from './requests.ts'
import { brokenAt, remember, resolve } from './results.ts'
import { hopDue } from './silence.ts'
import { startTicks } from './sync.ts'
import type { Kept } from './types.ts'

type Accepted = Extract<Kept, { kind: 'accepted' }>
type Resolved = Extract<Kept, { kind: 'resolved' }>

/** How long an ended request is remembered whose record does not say, in ms. */
const MEMORY = 60_000

const placeOf = (hash: Uint8Array, from: bigint | null): string => `${from ?? ''} ${nameOf(hash)}`

/**
 * Reads back the money and the cuts.
 * @returns what takes up the requests, once the time is known
 */
export function restore(core: Core, kept: readonly Kept[]): (now: number) => void {
  const accepted = new Map<string, Accepted>()
  const resolved = new Map<string, Resolved>()
  for (const record of kept)
    switch (record.kind) {
      case 'sent':
      case 'received':
        restoreVoucher(core, record)
        break
      case 'accepted':
        accepted.set(placeOf(requestHash(record.request.body), record.from), record)
        restoreCharge(core, record)
        break
      case 'resolved':
        accepted.delete(placeOf(record.requestHash, record.from))
        resolved.set(placeOf(record.requestHash, record.from), record)
        break
      case 'forgotten':
        accepted.delete(placeOf(record.requestHash, record.from))
        resolved.delete(placeOf(record.requestHash, record.from))
        break
      case 'cut':
        restoreCut(core, record)
    }
  return (now) => {
    for (const cert of core.certs.values()) core.out.push({ kind: 'submit', cert })
    for (const record of resolved.values()) restoreDone(core, record, now)
    for (const record of accepted.values()) resume(core, record, now)
  }
}

function restoreVoucher(core: Core, record: Extract<Kept, { kind: 'sent' | 'received' }>): void {
  const edge = edgeOf(core, record.voucher.body.edgeId)
  if (edge === null) return
  const { ledger } = edge
  const { total } = record.voucher.body
  if (record.kind === 'received') {
    ledger.received = record.voucher
    ledger.charged = record.charged ?? total
    return
  }
  ledger.paid = record.voucher
  ledger.owed = total
  edge.lateUntil = Math.max(edge.lateUntil, record.lateUntil ?? 0)
}

/** A request that was accepted was charged. */
function restoreCharge(core: Core, { from, fee }: Accepted): void {
  const edge = from === null ? null : edgeOf(core, from)
  if (edge !== null) edge.ledger.charged += fee
}

function restoreCut(core: Core, { cert }: Extract<Kept, { kind: 'cut' }>): void {
  const { edgeId } = cert.body
  const status = core.graph.edge(edgeId)?.status
  if (status !== 'severed' && status !== 'settled') core.certs.set(edgeId, cert)
  const edge = edgeOf(core, edgeId)
  if (edge !== null) edge.isCut = true
}

function restoreDone(core: Core, { requestHash: hash, from, outcome, until = 0 }: Resolved, now: number): void {
  const edge = from === null ? null : edgeOf(core, from)
  if (from !== null && edge === null) return
  const done = remember(core, {
    hash,
    name: nameOf(hash),
    from: edge,
    outcome,
    until: until === 0 ? now + MEMORY : until,
  })
  if (edge !== null && outcome.kind === 'response') restoreAnswer(core, done, outcome)
}

/** Takes up a request that was under way. */
function resume(core: Core, record: Accepted, now: number): void {
  const { request, path, payload, fee, lateAt, resolveBy } = record
  const from = record.from === null ? null : edgeOf(core, record.from)
  if (record.from !== null && (from === null || from.isCut)) return
  const hash = requestHash(request.body)
  const inbound = from === null ? null : core.graph.edge(from.id)!.params
  const latency = inbound?.latency ?? 0
  const route = walk(core, path, request.body.recipient, from?.peer ?? null)
  const to = route.kind === 'gone' || path[0] === undefined ? null : edgeOf(core, path[0])
  // An edge of this node's own that the graph does not know yet: there is nothing to do it with.
  if (route.kind !== 'gone' && path.length > 0 && to === null) return
  const rest = path.flatMap((id) => core.graph.edge(id)?.params ?? [])
  const soft = roundTrip(rest, request.body.service)
  const onwardFee = inbound === null ? fee : fee - cost(inbound, payload.length, request.body.maxResponse)
  const cutAt = inbound === null ? resolveBy : cutTime(resolveBy, latency, core.config.guard)
  const about = {
    ...{ hash, name: nameOf(hash), request, from, to, path, payload, fee, onwardFee: to === null ? 0n : onwardFee },
    ...{ due: { lateAt, resolveBy }, soft, cutAt },
  }
  const hop = newHop(about, now, (item, at) => hopDue(core, item, at))
  if (from !== null) hop.paidFrom = hop.paidUntil = Math.max(lateAt, from.lateUntil)
  open(core, hop)
  if (from !== null) startTicks(core, from, now)
  if (route.kind === 'gone') {
    resolve(core, hop, brokenAt(core, route.edgeId), now)
    return
  }
  if (to === null) {
    serve(core, hop, now)
    return
  }
  // Its fee may be paid already: the neighbour says if not.
  hop.isUnsure = true
  forward(core, hop, now)
}
