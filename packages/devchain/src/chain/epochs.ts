// Who validates when (nearcore `chain/epoch-manager`): an epoch ends when a block near its end is final, and what was
// staked during epoch T takes effect in T+2. Everybody counts as online; nobody is kicked out.
import { type AccountId, type CryptoHash, ZERO_HASH } from '@dcml/light-client'
import type { ValidatorUpdate } from '../runtime/types.ts'
import { TREASURY_ACCOUNT } from './options.ts'
import type { Validator } from './types.ts'

/** Seats and smallest share of the stake, as a localnet has them. */
const SEATS = 50
const MINIMUM_STAKE_RATIO = 6_250_000n
const YEAR_NS = 365n * 24n * 3600n * 1_000_000_000n
const TREASURY_SHARE = 10n

/** An epoch, known two epochs ahead. */
export interface EpochInfo {
  readonly id: CryptoHash
  /** 1 for the first two epochs, which share the genesis validators. */
  readonly height: number
  /** By falling stake, then by name: the order of approvals and of `next_bp_hash`. */
  readonly validators: readonly Validator[]
  /** Stakes this epoch asks to stay locked; 0 where somebody left. */
  readonly stakeChange: ReadonlyMap<AccountId, bigint>
  /** Paid with the first block of the epoch before the epoch before this one's; yoctoNEAR. */
  readonly rewards: ReadonlyMap<AccountId, bigint>
  readonly minted: bigint
}

/** Where in its epoch a block stands. */
export interface EpochCursor {
  readonly current: EpochInfo
  readonly next: EpochInfo
  readonly firstHeight: number
  /** Timestamp of the block before the epoch's first. */
  readonly startTime: bigint
  /** The newest proposal of each account in this epoch. */
  readonly proposals: ReadonlyMap<AccountId, Validator>
}

/** What the boundary rules ask of a block. */
export interface EpochBlock {
  readonly hash: CryptoHash
  readonly height: number
  readonly lastFinalHeight: number
  readonly timestamp: bigint
  readonly totalSupply: bigint
}

/** nearcore `is_next_block_in_next_epoch`. */
export const endsEpoch = (cursor: EpochCursor, block: EpochBlock, epochLength: number): boolean =>
  block.lastFinalHeight + 3 >= cursor.firstHeight + epochLength

/** nearcore `next_block_need_approvals_from_next_epoch`. */
export const needsNextApprovers = (cursor: EpochCursor, block: EpochBlock, epochLength: number): boolean =>
  !endsEpoch(cursor, block, epochLength) && block.height + 3 >= cursor.firstHeight + epochLength

/** The epochs genesis knows: the first has the zero id, the second genesis' hash, both have its validators. */
export function firstEpoch(validators: readonly Validator[], genesis: EpochBlock, firstHeight: number): EpochCursor {
  const info: EpochInfo = {
    id: ZERO_HASH,
    height: 1,
    validators: [...validators].sort(byStake),
    stakeChange: new Map(validators.map(({ accountId, stake }) => [accountId, stake])),
    rewards: new Map(),
    minted: 0n,
  }
  return {
    current: info,
    next: { ...info, id: genesis.hash },
    firstHeight,
    startTime: genesis.timestamp,
    proposals: new Map(),
  }
}

/** Where the first block of the next epoch stands; `last` is the last block of the one in `cursor`. */
export function nextEpoch(
  cursor: EpochCursor,
  last: EpochBlock,
  firstHeight: number,
  maxInflation: readonly [bigint, bigint],
): EpochCursor {
  const { rewards, minted } = rewardsOf(cursor, last, maxInflation)
  const selected = select(cursor, rewards)
  const stakeChange = new Map([...cursor.next.validators, ...cursor.proposals.values()].map((v) => [v.accountId, 0n]))
  for (const { accountId, stake } of selected) stakeChange.set(accountId, stake)
  const height = cursor.next.height + 1
  const nextNext: EpochInfo = { id: last.hash, height, validators: selected, stakeChange, rewards, minted }
  return { current: cursor.next, next: nextNext, firstHeight, startTime: last.timestamp, proposals: new Map() }
}

/**
 * What the first block of `cursor`'s epoch changes in accounts (nearcore `compute_stake_return_info`): the most that
 * any of three epochs asks for stays locked.
 */
export function validatorUpdate(
  previous: EpochCursor,
  cursor: EpochCursor,
  lastProposals: readonly Validator[],
): ValidatorUpdate {
  const maxStakes = new Map<AccountId, bigint>()
  for (const { stakeChange } of [previous.current, cursor.current, cursor.next])
    for (const [account, stake] of stakeChange)
      if (stake >= (maxStakes.get(account) ?? 0n)) maxStakes.set(account, stake)
  return {
    maxStakes,
    lastProposals: new Map(lastProposals.map(({ accountId, stake }) => [accountId, stake])),
    rewards: cursor.next.rewards,
  }
}

/** nearcore `RewardCalculator`, with everybody online all the time. */
function rewardsOf(cursor: EpochCursor, last: EpochBlock, [numerator, denominator]: readonly [bigint, bigint]) {
  const duration = last.timestamp - cursor.startTime
  const total = (numerator * last.totalSupply * duration) / (YEAR_NS * denominator)
  const treasury = total / TREASURY_SHARE
  const stakes = cursor.current.validators.reduce((sum, { stake }) => sum + stake, 0n)
  const rewards = new Map<AccountId, bigint>([[TREASURY_ACCOUNT, treasury]])
  let minted = treasury
  for (const { accountId, stake } of cursor.current.validators) {
    const share = ((total - treasury) * stake) / stakes
    rewards.set(accountId, (rewards.get(accountId) ?? 0n) + share)
    minted += share
  }
  return total === 0n ? { rewards: new Map<AccountId, bigint>(), minted: 0n } : { rewards, minted }
}

/** nearcore `proposals_to_epoch_info`: fresh proposals win over carried stakes, rewards are staked again. */
function select({ next, proposals }: EpochCursor, rewards: ReadonlyMap<AccountId, bigint>): readonly Validator[] {
  const candidates = new Map(proposals)
  for (const validator of next.validators) {
    const proposal = candidates.get(validator.accountId) ?? validator
    if (proposal.stake === 0n) continue
    const stake = proposal.stake + (rewards.get(validator.accountId) ?? 0n)
    candidates.set(validator.accountId, { ...proposal, stake })
  }
  const selected: Validator[] = []
  let total = 0n
  for (const candidate of [...candidates.values()].sort(byStake)) {
    total += candidate.stake
    if (selected.length === SEATS || candidate.stake * MINIMUM_STAKE_RATIO <= total) break
    selected.push(candidate)
  }
  return selected.length > 0 ? selected : next.validators
}

const byStake = (a: Validator, b: Validator): number =>
  a.stake === b.stake ? (a.accountId < b.accountId ? -1 : 1) : a.stake > b.stake ? -1 : 1
