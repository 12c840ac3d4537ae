// Sessions come and go; what was under way goes on (specification §2, Hello): both sides show their best vouchers, the
// one that sent requests sends the unresolved ones again, and the other says again how they stand.
import type { MessageBody } from '../wire/messages.ts'
import type { Core } from './core.ts'
import { type Edge, NOTHING_HEARD, windowOf } from './edges.ts'
import { arm, backTime, post, pump, seeRoom } from './forward.ts'
import { isVoucherOf, payUp, showVoucher, takeVoucher } from './vouchers.ts'

const VERSION = 1

export function onConnected(core: Core, edge: Edge): void {
  edge.session = 'greeting'
  edge.heard = NOTHING_HEARD
  edge.shown = edge.ledger.paid?.body.seq ?? 0n
  const { chain, account } = core.config
  core.out.push({
    kind: 'send',
    edgeId: edge.id,
    message: {
      type: 'hello',
      version: VERSION,
      networkId: chain.networkId,
      contract: chain.contract,
      account,
      edgeId: edge.id,
      paid: edge.ledger.paid,
      received: edge.ledger.received,
      window: windowOf(core, edge),
    },
  })
}

export function onHello(core: Core, edge: Edge, hello: MessageBody<'hello'>, now: number): void {
  const { chain } = core.config
  const isSame = hello.version === VERSION && hello.networkId === chain.networkId && hello.contract === chain.contract
  if (!isSame || hello.account !== edge.peer || edge.session !== 'greeting') {
    dropSession(core, edge, 'wrong_hello')
    return
  }
  if (hello.paid !== null) takeVoucher(core, edge, hello.paid)
  if (hello.received !== null) recall(core, edge, hello.received)
  edge.session = 'ready'
  payUp(core, edge)
  if ((edge.ledger.paid?.body.seq ?? 0n) > edge.shown) showVoucher(core, edge)
  // What is not acknowledged is on its way again from here.
  for (const hop of edge.outbound.values()) post(core, hop, now)
  seeRoom(edge, hello.window)
  pump(core, edge, now)
}

/** A session that ends is no silence: who has not acknowledged yet has a settlement's time to come back. */
export function onDisconnected(core: Core, edge: Edge, now: number): void {
  edge.session = 'none'
  for (const hop of edge.outbound.values()) {
    if (hop.state !== 'forwarded') continue
    hop.retryAt = Math.min(hop.ackBy, now + backTime(core, hop))
    arm(core, hop, now)
  }
}

/** What this node paid, and forgot in a crash, the neighbour shows it. */
function recall(core: Core, edge: Edge, voucher: NonNullable<MessageBody<'hello'>['received']>): void {
  const { ledger } = edge
  if (voucher.body.total <= ledger.paidTotal && voucher.body.seq <= (ledger.paid?.body.seq ?? 0n)) return
  if (!isVoucherOf(core, edge, core.config.account, voucher)) return
  ledger.paid = voucher
  // A voucher is on disk before it is sent: this disk is older than that, and what it says was charged is too little.
  if (ledger.charged < ledger.receivedTotal) ledger.charged = ledger.receivedTotal
  if (ledger.owed < voucher.body.total) ledger.owed = voucher.body.total
  core.out.push({ kind: 'keep', record: { kind: 'sent', voucher } })
}

/** The neighbour broke the session's rules. */
export function dropSession(core: Core, edge: Edge, code: string): void {
  edge.session = 'none'
  core.out.push({ kind: 'drop', edgeId: edge.id, code })
}
