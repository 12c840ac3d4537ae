// Who makes the blocks of an epoch.
import * as v from 'valibot'
import type { Chain } from '../../chain/chain.ts'
import type { Block, Validator } from '../../chain/types.ts'
import { hash } from '../../wire/json/scalars.ts'
import { getBlock } from '../blocks.ts'
import { handlerFault } from '../fault.ts'
import { type Method, method } from '../method.ts'
import { blockId } from '../params.ts'
import { stakeView } from '../views/block.ts'

const asked = v.object({
  block_id: v.optional(v.nullable(blockId)),
  epoch_id: v.optional(hash),
  latest: v.optional(v.unknown()),
})

/** Blocks of the epoch of `last`, up to it. */
function* epochBlocks(chain: Chain, last: Block): Iterable<Block> {
  const start = chain.epochStart(last)
  for (let block: Block | undefined = last; block && block.header.height >= start; ) {
    yield block
    block = chain.blockByHash(block.header.prevHash)
  }
}

function currentView(chain: Chain, last: Block, validators: readonly Validator[]) {
  const produced = new Map<string, number>()
  for (const { header } of epochBlocks(chain, last)) produced.set(header.author, (produced.get(header.author) ?? 0) + 1)
  return validators.map((validator) => {
    const blocks = produced.get(validator.accountId) ?? 0
    const { validator_stake_struct_version: _, ...stake } = stakeView(validator)
    return {
      ...stake,
      is_slashed: false,
      shards: [0],
      num_produced_blocks: blocks,
      num_expected_blocks: blocks,
      num_produced_chunks: blocks,
      num_expected_chunks: blocks,
      num_produced_chunks_per_shard: [blocks],
      num_expected_chunks_per_shard: [blocks],
      num_produced_endorsements: 0,
      num_expected_endorsements: 0,
      num_produced_endorsements_per_shard: [0],
      num_expected_endorsements_per_shard: [0],
      shards_endorsed: [],
    }
  })
}

const nextView = (validator: Validator) => {
  const { validator_stake_struct_version: _, ...stake } = stakeView(validator)
  return { ...stake, shards: [0] }
}

const unknownEpoch = () => handlerFault('UNKNOWN_EPOCH', {}, 'Epoch not found')

/** The newest block of the epoch asked for. @throws RpcFault `UNKNOWN_EPOCH`, `UNKNOWN_BLOCK` */
function blockOf(chain: Chain, { block_id, epoch_id }: v.InferOutput<typeof asked>): Block {
  if (block_id) return getBlock(chain, block_id)
  if (epoch_id === undefined || epoch_id === chain.head.header.epochId) return chain.head
  for (let block: Block | undefined = chain.head; block; block = chain.blockByHash(block.header.prevHash))
    if (block.header.epochId === epoch_id) return block
  throw unknownEpoch()
}

const validators = method(
  asked,
  ({ chain }, params) => {
    const last = blockOf(chain, params)
    const current = chain.blockProducers(last.header.epochId)
    if (!current) throw unknownEpoch()
    return {
      current_validators: currentView(chain, last, current),
      next_validators: (chain.blockProducers(last.header.nextEpochId) ?? []).map(nextView),
      current_fishermen: [],
      next_fishermen: [],
      current_proposals: [...epochBlocks(chain, last)].flatMap(({ header }) =>
        header.validatorProposals.map(stakeView),
      ),
      prev_epoch_kickout: [],
      epoch_start_height: chain.epochStart(last),
      epoch_height: last.epochHeight,
    }
  },
  ([id]) => ({ block_id: id }),
)

const ordered = method(
  asked,
  ({ chain }, params) => (chain.blockProducers(blockOf(chain, params).header.epochId) ?? []).map(stakeView),
  ([id]) => ({ block_id: id }),
)

export const validatorMethods: Readonly<Record<string, Method>> = {
  validators,
  EXPERIMENTAL_validators_ordered: ordered,
}
