// What an edge's endpoints agree on besides requests: new parameters, and how to part (specification §4). The machine
// checks that the neighbour signed, and that a parting does this node justice; whether to sign too is its operator's.
import { DcmlError } from '@dcml/protocol'
import { closeOffer, edgeUpdate, requireSigned } from '@dcml/protocol/por'
import type { Message } from '../wire/messages.ts'
import { type Core, keyOf } from './core.ts'
import { depositsOf, type Edge } from './edges.ts'
import { dropSession } from './session.ts'

type Offer = Extract<Message, { type: 'update' | 'close' }>

export function onOffer(core: Core, edge: Edge, message: Offer): void {
  if (!isSigned(core, edge, message)) {
    dropSession(core, edge, 'wrong_offer')
    return
  }
  if (message.type === 'update' || isFair(core, edge, message))
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

/** Whether the balances are the deposits, this node's no less than it is due, and nothing is under way. */
function isFair(core: Core, edge: Edge, { body }: Extract<Offer, { type: 'close' }>): boolean {
  const deposits = depositsOf(core, edge)
  const mine = edge.isU ? body.balanceU : body.balanceV
  const isIdle = edge.open.size + edge.outbound.size + edge.queue.size === 0
  const isWhole = body.balanceU + body.balanceV === deposits.mine + deposits.theirs
  return isIdle && isWhole && mine >= edge.ledger.balance(deposits)
}
