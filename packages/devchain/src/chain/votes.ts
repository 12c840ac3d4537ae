// Who says that a block may be built upon (nearcore Doomslug).
import { type EpochCursor, needsNextApprovers } from './epochs.ts'
import { approvalOf } from './header.ts'
import { epochBlock, isGenesis, isLastOfEpoch } from './place.ts'
import type { BlockInputs, ChainRules, Tip } from './tip.ts'

/** Votes for the parent that the next block carries: of its epoch's validators, near the end of the next one's too. */
export function approvals(parent: Tip, { height, silent }: BlockInputs, epoch: EpochCursor, rules: ChainRules) {
  const approvers = [...epoch.current.validators]
  if (!isGenesis(parent) && needsNextApprovers(parent.epoch, epochBlock(parent), rules.settings.epochLength)) {
    const known = new Set(approvers.map(({ accountId }) => accountId))
    approvers.push(...epoch.next.validators.filter(({ accountId }) => !known.has(accountId)))
  }
  const message = approvalOf(parent.block.header, height)
  return approvers.map(({ accountId, publicKey }) =>
    silent.has(accountId) ? null : (rules.signers.get(publicKey)?.sign(message) ?? null),
  )
}

/** Whether more than two thirds of the stake of the next block's epoch can and will vote: else nothing becomes final. */
export function hasQuorum(parent: Tip, silent: BlockInputs['silent'], rules: ChainRules): boolean {
  const { signers } = rules
  const { current, next } = parent.epoch
  let total = 0n
  let voting = 0n
  for (const { accountId, publicKey, stake } of (isLastOfEpoch(parent, rules) ? next : current).validators) {
    total += stake
    if (!silent.has(accountId) && signers.has(publicKey)) voting += stake
  }
  return voting * 3n > total * 2n
}
