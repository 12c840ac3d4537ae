// Where a block stands in its epoch, and what becomes final with it (nearcore `chain/epoch-manager`, `Block::new`).
import { type CryptoHash, ZERO_HASH } from '@dcml/light-client'
import type { ValidatorUpdate } from '../runtime/types.ts'
import { type EpochBlock, type EpochCursor, endsEpoch, nextEpoch, validatorUpdate } from './epochs.ts'
import type { BlockInputs, ChainRules, Tip } from './tip.ts'

/** Where the next block stands in its epoch, and what is final with it. */
export interface Place {
  readonly epoch: EpochCursor
  readonly isNew: boolean
  readonly minted: bigint
  readonly update?: ValidatorUpdate
  readonly lastFinalBlock: CryptoHash
  readonly lastFinalHeight: number
}

export const isGenesis = (tip: Tip): boolean => tip.block.header.prevHash === ZERO_HASH

export function placeAfter(
  parent: Tip,
  { height, timestamp }: Pick<BlockInputs, 'height' | 'timestamp'>,
  { settings }: ChainRules,
): Place {
  const { header: last } = parent.block
  const isThird = height === last.height + 1 && last.lastDsFinalBlock === last.prevHash && !isGenesis(parent)
  const final = isThird
    ? { lastFinalBlock: last.prevHash, lastFinalHeight: last.prevHeight }
    : { lastFinalBlock: last.lastFinalBlock, lastFinalHeight: parent.lastFinalHeight }
  if (isGenesis(parent)) {
    // nearcore counts from genesis, which may be long ago where an outer clock rules: nobody earned rewards since
    const epoch = { ...parent.epoch, firstHeight: height, startTime: timestamp }
    return { epoch, isNew: false, minted: 0n, ...final }
  }
  const block = epochBlock(parent)
  if (!endsEpoch(parent.epoch, block, settings.epochLength))
    return { epoch: parent.epoch, isNew: false, minted: 0n, ...final }
  const epoch = nextEpoch(parent.epoch, block, height, settings.maxInflation)
  const update = validatorUpdate(parent.epoch, epoch, parent.block.result.proposals)
  return { epoch, isNew: true, minted: epoch.next.minted, update, ...final }
}

export const epochBlock = ({ block: { header }, lastFinalHeight }: Tip): EpochBlock => ({
  hash: header.hash,
  height: header.height,
  timestamp: header.timestamp,
  totalSupply: header.totalSupply,
  lastFinalHeight,
})

/** True if the block after this one will be the first of an epoch. */
export const isLastOfEpoch = (tip: Tip, { settings }: ChainRules): boolean =>
  !isGenesis(tip) && endsEpoch(tip.epoch, epochBlock(tip), settings.epochLength)
