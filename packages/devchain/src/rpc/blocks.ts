// From a reference to a block, or to the error each family of methods has for a missing one.

import type { Chain } from '../chain/chain.ts'
import type { Block, BlockRef } from '../chain/types.ts'
import { handlerFault, type RpcFault } from './fault.ts'
import { blockRefJson } from './params.ts'

/**
 * Behind the head the answer is final: HTTP says so with 422, ahead of it the block may still come.
 * (nearcore `chain/jsonrpc/src/lib.rs`)
 */
const missingStatus = (chain: Chain, ref: BlockRef): number =>
  'height' in ref && ref.height < chain.head.header.height ? 422 : 200

function missingText(ref: BlockRef): string {
  if ('height' in ref) return `DB Not Found Error: BLOCK HEIGHT: ${ref.height} \n Cause: Unknown`
  if ('hash' in ref) return `DB Not Found Error: BLOCK HEADER: ${ref.hash} \n Cause: Unknown`
  return 'DB Not Found Error: There are no fully synchronized blocks on the node yet'
}

/** For all methods but queries. @throws RpcFault `UNKNOWN_BLOCK` */
export function getBlock(chain: Chain, ref: BlockRef): Block {
  const block = chain.resolve(ref)
  if (!block) throw handlerFault('UNKNOWN_BLOCK', {}, missingText(ref), missingStatus(chain, ref))
  return block
}

/** For queries, whose errors say more. @throws RpcFault `UNKNOWN_BLOCK`, `GARBAGE_COLLECTED_BLOCK` */
export function getQueryBlock(chain: Chain, ref: BlockRef): Block {
  const block = chain.resolve(ref)
  if (block) return block
  if (chain.wasPruned(ref)) throw prunedFault(ref)
  const info = { block_reference: blockRefJson(ref) }
  throw handlerFault('UNKNOWN_BLOCK', info, missingText(ref), missingStatus(chain, ref))
}

function prunedFault(ref: BlockRef): RpcFault {
  const name = 'height' in ref ? `#${ref.height}` : 'hash' in ref ? ref.hash : ''
  return handlerFault(
    'GARBAGE_COLLECTED_BLOCK',
    { block_height: 'height' in ref ? ref.height : null, block_hash: 'hash' in ref ? ref.hash : null },
    `The data for block ${name} is garbage collected on this node, use an archival node to fetch historical data`,
  )
}
