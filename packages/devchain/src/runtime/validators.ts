import { DcmlError } from '@dcml/protocol'
import { getAccount, setAccount } from '../state/index.ts'
import type { Chunk } from './chunk.ts'
import type { ValidatorUpdate } from './types.ts'

/**
 * First thing in an epoch (nearcore `update_validator_accounts`): rewards are staked, and stake beyond what the last
 * epochs and proposals hold comes back. A reward without stake is the treasury's and goes to its balance.
 * @throws DcmlError `devchain_stake_invalid` where an account has less locked than its stake
 */
export function updateValidators(chunk: Chunk, { maxStakes, lastProposals, rewards }: ValidatorUpdate): void {
  const { state } = chunk
  for (const [accountId, maxStake] of maxStakes) {
    const account = getAccount(state, accountId)
    if (!account && maxStake === 0n) continue
    const reward = rewards.get(accountId) ?? 0n
    const locked = (account?.locked ?? 0n) + reward
    if (!account || locked < maxStake) throw underfunded(accountId, locked, maxStake)
    const proposal = lastProposals.get(accountId) ?? 0n
    const kept = proposal > maxStake ? proposal : maxStake
    const returned = locked > kept ? locked - kept : 0n
    setAccount(state, accountId, { ...account, locked: locked - returned, amount: account.amount + returned })
    chunk.balanceMinted += reward
  }
  for (const [accountId, reward] of rewards) {
    const account = maxStakes.has(accountId) ? undefined : getAccount(state, accountId)
    if (!account) continue
    setAccount(state, accountId, { ...account, amount: account.amount + reward })
    chunk.balanceMinted += reward
  }
  chunk.commit({ type: 'validator_accounts_update' })
}

const underfunded = (accountId: string, locked: bigint, maxStake: bigint): DcmlError =>
  new DcmlError('devchain_stake_invalid', `${accountId} has ${locked} locked, less than its stake of ${maxStake}.`, {
    hint: 'State was patched so that a validator has less locked than it stakes: lock at least its stake.',
    details: { accountId },
  })
