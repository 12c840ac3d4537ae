import type { Action } from '@dcml/light-client'
import { amountJson } from '../json.ts'
import { changeAccount, existing, type Perform } from './work.ts'

/** Locks more at once; less comes back when the epochs it counts for are over. */
export const stake: Perform<Extract<Action, { type: 'Stake' }>> = (work, { stake: wanted, publicKey }) => {
  const { receiverId: account_id } = work.receipt
  const { amount, locked } = existing(work)
  const increment = wanted > locked ? wanted - locked : 0n
  if (amount < increment)
    return {
      TriesToStake: {
        account_id,
        stake: amountJson(wanted),
        locked: amountJson(locked),
        balance: amountJson(amount),
      },
    }
  if (locked === 0n && wanted === 0n) return { TriesToUnstake: { account_id } }
  const minimum = work.chunk.context.minimumStake ?? 0n
  if (wanted > 0n && wanted < minimum)
    return { InsufficientStake: { account_id, stake: amountJson(wanted), minimum_stake: amountJson(minimum) } }
  work.proposals.push({ accountId: account_id, publicKey, stake: wanted })
  if (increment > 0n) changeAccount(work, { amount: amount - increment, locked: wanted })
  return null
}
