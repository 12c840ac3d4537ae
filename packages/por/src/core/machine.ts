// A node of Proof of Response: inputs in, effects out (paper §3). What arrives at an instant comes before what falls due
// then, so that what arrives on time is on time: only `wake` runs the timers of its own millisecond.
import type { Message } from '../wire/messages.ts'
import { answer, onUnanswered } from './answers.ts'
import type { Core } from './core.ts'
import { onGraph, sever } from './cuts.ts'
import { type Edge, edgeOf } from './edges.ts'
import { onAck, onRefuse } from './forward.ts'
import { nameOf } from './name.ts'
import { offer, onOffer } from './offers.ts'
import { forgive } from './pause.ts'
import { onAsk, onRequest } from './requests.ts'
import { restore } from './restore.ts'
import { onBroken, onResponse } from './results.ts'
import { dropSession, onConnected, onDisconnected, onHello } from './session.ts'
import { booksOf, snapshot } from './snapshot.ts'
import { onSync } from './sync.ts'
import { Timers } from './timers.ts'
import type { CreateMachine, Effect, Input, Machine } from './types.ts'
import { keepReceived, takeVoucher } from './vouchers.ts'

/**
 * A node's machine. It does no I/O, and is as quick as its signatures: whoever runs it carries out the effects.
 * @param kept what a node of this account kept before, in order; it is taken up again with the first input
 */
export const createMachine: CreateMachine = (config, { signer, verify }, graph, kept = []): Machine => {
  const core: Core = {
    ...{ config, signer, verify, graph },
    timers: new Timers(),
    edges: new Map(),
    own: { open: new Map(), done: new Map(), doneBytes: 0 },
    certs: new Map(),
    closing: new Map(),
    served: new Map(),
    credited: new Set(),
    out: [],
  }
  let resume: ((now: number) => void) | null = kept.length === 0 ? null : restore(core, kept)
  let clock = Number.NEGATIVE_INFINITY

  return {
    handle(input, now) {
      clock = Math.max(clock, Math.floor(now))
      core.out = []
      forgive(core, clock)
      resume?.(clock)
      resume = null
      take(core, input, clock)
      // What else arrives in this very millisecond is still in time.
      core.timers.run(input.kind === 'wake' ? clock : clock - 1)
      for (const edge of core.credited) keepReceived(core, edge)
      core.credited.clear()
      return core.out satisfies Effect[]
    },
    get nextWake() {
      return resume === null ? core.timers.next : Math.max(clock, 0)
    },
    snapshot: () => snapshot(core),
    edge(id) {
      const edge = edgeOf(core, id)
      return edge === null ? null : booksOf(core, edge)
    },
    get inflight() {
      return [...core.edges.values()].reduce((sum, edge) => sum + edge.open.size, core.own.open.size)
    },
  }
}

function take(core: Core, input: Input, now: number): void {
  switch (input.kind) {
    case 'wake':
      return
    case 'ask':
      onAsk(core, input.ask, now)
      return
    case 'answer':
      answer(core, nameOf(input.requestHash), input.status, input.payload, now)
      return
    case 'unanswered':
      onUnanswered(core, nameOf(input.requestHash), now)
      return
    case 'edge':
      onGraph(core, input.edgeId, now)
      return
  }
  const edge = edgeOf(core, input.edgeId)
  if (edge === null) return
  switch (input.kind) {
    case 'connected':
      onConnected(core, edge)
      return
    case 'disconnected':
      onDisconnected(core, edge, now)
      return
    case 'offer':
      offer(core, edge, input.message)
      return
    case 'cut':
      sever(core, edge, now, 'operator')
      return
    case 'message':
      hear(core, edge, input.message, now)
      return
  }
}

const edgeIdOf = (message: Message): bigint =>
  message.type === 'update' || message.type === 'close' ? message.body.edgeId : message.edgeId

function hear(core: Core, edge: Edge, message: Message, now: number): void {
  if (edgeIdOf(message) !== edge.id) {
    dropSession(core, edge, 'wrong_edge')
    return
  }
  if (message.type === 'hello') {
    onHello(core, edge, message, now)
    return
  }
  if (edge.session !== 'ready') {
    dropSession(core, edge, 'no_hello')
    return
  }
  switch (message.type) {
    case 'request':
      onRequest(core, edge, message, now)
      return
    case 'ack':
      onAck(core, edge, message, nameOf(message.requestHash), now)
      return
    case 'refuse':
      onRefuse(core, edge, message, nameOf(message.requestHash), now)
      return
    case 'response':
      onResponse(core, edge, message, nameOf(message.response.body.requestHash), now)
      return
    case 'broken':
      onBroken(core, edge, message, nameOf(message.requestHash), now)
      return
    case 'sync':
      onSync(core, edge, message, now)
      return
    case 'pay':
      takeVoucher(core, edge, message.voucher)
      return
    default:
      onOffer(core, edge, message)
      return
  }
}
