import type { Chain } from '@dcml/protocol'
import type { EdgeFacts } from '@dcml/protocol/por'
import type { Message } from '../wire/messages.ts'

const VERSION = 1

/** The edge that a message is about. */
export const edgeOf = (message: Message): bigint =>
  message.type === 'update' || message.type === 'close' ? message.body.edgeId : message.edgeId

/** Why this is not how a neighbour begins a session about one of these edges; null where it is. */
export function helloFault(message: Message, chain: Chain, peer: string, edges: readonly EdgeFacts[]): string | null {
  if (message.type !== 'hello') return 'por_hello_missing'
  if (message.version !== VERSION) return 'por_hello_version'
  const { networkId, contract, account, edgeId } = message
  const isHere = networkId === chain.networkId && contract === chain.contract && account === peer
  return isHere && edges.some(({ id }) => id === edgeId) ? null : 'por_hello_foreign'
}
