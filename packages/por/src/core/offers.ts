// What an edge's endpoints agree on besides requests: new parameters, and how to part (specification §4). The machine
// checks who signed, and that a parting is just and final; whether to sign new parameters is the operator's.
import { DcmlError } from '@dcml/protocol'
import { closeOffer, edgeUpdate, requireSigned } from '@dcml/protocol/por'
import { type Core, keyOf } from './core.ts'
import { depositsOf, type Edge } from './edges.ts'
import { dropSession } from './session.ts'
import type { Offer } from './types.ts'

/** Hands the neighbour what this node signed. */
export function offer(core: Core, edge: Edge, message: Offer): void {
  if (edge.session !== 'ready') return
  if (message.type === 'update' || isExact(core, edge, message))
    core.out.push({ kind: 'send', edgeId: edge.id, message })
}

export function onOffer(core: Core, edge: Edge, message: Offer): void {
  if (!isSigned(core, edge, message)) {
    dropSession(core, edge, 'wrong_offer')
    return
  }
  if (message.type === 'update' || isExact(core, edge, message))
    core.out.push({ kind: 'offer', edgeId: edge.id, message })
}

function isSigned(core: Core, edge: Edge, message: Offer): boolean {
  const key = keyOf(core, edge.peer)
  try {
    if (message.type === 'update') requireSigned(edgeUpdate, message, core.config.chain, key, core.verify)
    else requireSigned(closeOffer, message, core.config.chain, key, core.verify)
    return true
  } catch (error) {
    if (DcmlError.isInstance(error)) return false
    throw error
  }
}

/**
 * Whether these are the balances by the vouchers of a closing edge on which nothing is under way or still to be paid. So
 * no voucher follows a parting: a closing edge takes no new request. Whatever differs is out of date at one end.
 */
function isExact(core: Core, edge: Edge, { body }: Extract<Offer, { type: 'close' }>): boolean {
  const deposits = depositsOf(core, edge)
  const [mine, theirs] = edge.isU ? [body.balanceU, body.balanceV] : [body.balanceV, body.balanceU]
  const balance = edge.ledger.balance(deposits)
  const isIdle = edge.open.size + edge.outbound.size + edge.queue.size === 0
  const isPaid = edge.ledger.nextTotal(deposits) === null
  const isEnding = core.graph.edge(edge.id)?.status === 'closing'
  return isEnding && isIdle && isPaid && mine === balance && theirs === deposits.mine + deposits.theirs - balance
}
