import { blockHash } from '../block/hash.ts'
import { producersHash } from '../block/producers.ts'
import type { InnerLite, LightClientBlock, ValidatorStake } from '../block/types.ts'
import { type Catalogue, Checklist, demand, Refusal, type Verdict } from '../check.ts'
import { countVotes, requireGenuine, requireTwoThirds } from './approvals.ts'
import type { LightClientState } from './state.ts'

const elsewhere = 'The block was damaged or forged, or belongs to another chain or fork. Ask another node.'

/** Every check of a step, in order. A failed one is the error `block_<name>`. */
export const BLOCK_CHECKS = {
  height: {
    establishes: 'The block is higher than the head.',
    hint: 'The head has this block already. Ask for next_light_client_block with the hash of the head.',
  },
  epoch: {
    establishes: "The block is of the head's epoch or of the one after it.",
    hint: 'Ask for next_light_client_block with the hash of the head: steps may skip blocks, never an epoch.',
  },
  producers: {
    establishes: "The producers of the block's epoch are known.",
    hint: 'Step to a block of the next epoch first, or start from a trust root that has the producers.',
  },
  next_producers: {
    establishes: 'The producers of the epoch after it are those that its header names.',
    hint: elsewhere,
  },
  approvals: { establishes: 'Every approval is signed by its producer for the block after this one.', hint: elsewhere },
  stake: { establishes: 'More than two thirds of the stake approved.', hint: elsewhere },
} as const satisfies Catalogue<string>

/** Names of {@link BLOCK_CHECKS}. */
export type BlockCheckName = keyof typeof BLOCK_CHECKS

/**
 * Judges the next block (nomicon, "Light Client") and gives the state that has
 * it as its head. Blocks may be skipped, epochs not. The old state stays as it is, whatever the verdict.
 */
export async function advance(
  state: LightClientState,
  block: LightClientBlock,
): Promise<Verdict<{ readonly state: LightClientState }>> {
  const list = new Checklist('block', BLOCK_CHECKS)
  try {
    const { innerLite, innerRestHash, prevBlockHash } = block
    const head = state.head.innerLite
    list.step('height', () =>
      demand(innerLite.height > head.height, () => `height ${innerLite.height} is not above the head's ${head.height}`),
    )
    const epoch = list.step('epoch', () => requireEpoch(innerLite, head))
    const producers = list.step('producers', () => requireProducers(state, epoch))
    const nextProducers = list.step('next_producers', () => requireNext(state, block, epoch))
    const hash = blockHash(block)
    const votes = await countVotes(block, hash, producers)
    list.step('approvals', () => requireGenuine(votes))
    list.step('stake', () => requireTwoThirds(votes, producers))
    return list.accept({
      state: { head: { innerLite, innerRestHash, prevBlockHash }, headHash: hash, producers, nextProducers },
    })
  } catch (error) {
    return list.refuse(error)
  }
}

type Epoch = 'same' | 'next'

function requireEpoch({ epochId }: InnerLite, head: InnerLite): Epoch {
  if (epochId === head.epochId) return 'same'
  if (epochId === head.nextEpochId) return 'next'
  throw new Refusal(`epoch ${epochId} is neither the head's nor the one after it`)
}

function requireProducers(
  { head, producers, nextProducers }: LightClientState,
  epoch: Epoch,
): readonly ValidatorStake[] {
  if (epoch === 'same') {
    demand(producers !== null, () => "the state does not have the producers of the head's epoch")
    return producers
  }
  demand(
    producersHash(nextProducers) === head.innerLite.nextBpHash,
    () => 'the producers of the epoch are not those that the head names',
  )
  return nextProducers
}

function requireNext(
  state: LightClientState,
  { innerLite, nextBps }: LightClientBlock,
  epoch: Epoch,
): readonly ValidatorStake[] {
  if (nextBps !== null) {
    demand(producersHash(nextBps) === innerLite.nextBpHash, () => 'next_bps do not hash to next_bp_hash')
    return nextBps
  }
  demand(epoch === 'same', () => 'the first block of an epoch comes without next_bps')
  const { nextEpochId, nextBpHash } = state.head.innerLite
  demand(
    innerLite.nextEpochId === nextEpochId && innerLite.nextBpHash === nextBpHash,
    () => 'it names other producers for the next epoch than the head, and comes without next_bps',
  )
  return state.nextProducers
}
