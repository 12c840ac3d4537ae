// What light clients are told (nearcore `chain/chain/src/lightclient.rs`, `chain/client/src/view_client_actor.rs`).
import type { CryptoHash, MerklePath } from '@dcml/light-client'
import { DcmlError } from '@dcml/protocol'
import { outcomeTree } from './chunk.ts'
import { innerHash } from './header.ts'
import type { Library } from './library.ts'
import { outcomeView } from './outcome-view.ts'
import type { Tip } from './tip.ts'
import type { BlockHeader, Validator } from './types.ts'

/** The newest block at or below a height with two more right after it in its own epoch: what approvals can prove. */
export function newestProvable(library: Library, height: number): readonly [Tip, Tip, Tip] | null {
  for (let tip = library.byHeight(height); tip; tip = library.byHash(tip.block.header.prevHash)) {
    const next = library.byHeight(tip.block.header.height + 1)
    const afterNext = library.byHeight(tip.block.header.height + 2)
    const isGenesis = tip === library.genesis
    if (!isGenesis && next && afterNext?.block.header.epochId === tip.block.header.epochId)
      return [tip, next, afterNext]
    if (isGenesis) break
  }
  return null
}

/**
 * RPC's `LightClientBlockView` for a client whose head is `last`; null if it knows the newest.
 * @throws DcmlError `devchain_unknown_block` where the block it needs next was pruned
 */
export function lightClientBlock(library: Library, head: Tip, last: Tip): Record<string, unknown> | null {
  const { epochId, nextEpochId, height } = last.block.header
  const current = head.block.header.epochId
  const inReach = epochId === current || nextEpochId === current
  const from = inReach ? head.lastFinalHeight : library.lastHeightOf(nextEpochId)
  const found = from === undefined ? null : newestProvable(library, from)
  if (!inReach && !found)
    throw new DcmlError('devchain_unknown_block', `The end of the epoch after block ${height} is no longer kept.`, {
      hint: 'Trust a younger block, or start the chain with a larger keepBlocks.',
      details: { height },
    })
  if (!found || found[0].block.header.height <= height) return null
  const [tip, next, afterNext] = found
  return {
    ...headerLite(tip.block.header),
    next_block_inner_hash: innerHash(next.block.header),
    next_bps: tip.epoch.next.validators.map(validatorView),
    approvals_after_next: afterNext.block.header.approvals,
  }
}

/** RPC's `RpcLightClientExecutionProofResponse`. @throws DcmlError as {@link ChainProofs} says */
export function executionProof(library: Library, id: CryptoHash, head: Tip): Record<string, unknown> {
  const stored = library.outcome(id)
  const executed = stored && library.byHash(stored.blockHash)
  if (!stored || !executed)
    throw new DcmlError('devchain_unknown_outcome', `Nothing was executed under ${id}.`, {
      hint: 'Give a transaction hash or a receipt id of a block that is still kept.',
      details: { id },
    })
  const holder = library.after(stored.blockHash)
  if (!holder)
    throw new DcmlError('devchain_not_confirmed', `The block after the one that executed ${id} does not exist yet.`, {
      hint: 'Mine another block.',
      retryable: true,
      details: { id },
    })
  const { paths } = outcomeTree(executed.block.result.outcomes)
  return {
    outcome_proof: {
      id,
      block_hash: holder.block.header.hash,
      outcome: outcomeView(stored.outcome, library.transaction(id) ? 'transaction' : 'receipt'),
      proof: paths[stored.index],
    },
    outcome_root_proof: [],
    ...blockProof(holder, head),
  }
}

/**
 * RPC's `RpcLightClientBlockProofResponse`. Of the head itself the path is empty, as in nearcore: its own tree holds
 * only the blocks before it.
 * @throws DcmlError `devchain_inconsistent_head`
 */
export function blockProof(
  { block: { header } }: Tip,
  head: Tip,
): { block_header_lite: unknown; block_proof: MerklePath } {
  if (header.hash === head.block.header.hash) return { block_header_lite: headerLite(header), block_proof: [] }
  if (header.blockOrdinal >= head.block.header.blockOrdinal)
    throw new DcmlError('devchain_inconsistent_head', 'The block to prove comes after the head.', {
      hint: 'Ask next_light_client_block for a newer head.',
      details: { height: header.height, head: head.block.header.height },
    })
  return { block_header_lite: headerLite(header), block_proof: head.tree.prove(header.blockOrdinal - 1) }
}

const headerLite = (header: BlockHeader) => ({
  prev_block_hash: header.prevHash,
  inner_rest_hash: header.innerRestHash,
  inner_lite: {
    height: header.height,
    epoch_id: header.epochId,
    next_epoch_id: header.nextEpochId,
    prev_state_root: header.prevStateRoot,
    outcome_root: header.outcomeRoot,
    timestamp: header.timestamp,
    timestamp_nanosec: header.timestamp.toString(),
    next_bp_hash: header.nextBpHash,
    block_merkle_root: header.blockMerkleRoot,
  },
})

const validatorView = ({ accountId, publicKey, stake }: Validator) => ({
  account_id: accountId,
  public_key: publicKey,
  stake: stake.toString(),
  validator_stake_struct_version: 'V1',
})
