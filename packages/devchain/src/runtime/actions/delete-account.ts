import type { Action } from '@dcml/light-client'
import { gasKeyBalance, removeAccount } from '../../state/index.ts'
import { amountJson } from '../json.ts'
import { balanceRefund } from '../refunds.ts'
import { contractBytes, less } from './contract-usage.ts'
import { MAX_GAS_KEY_BALANCE_BURNT } from './gas-key.ts'
import { existing, type Perform } from './work.ts'

/** Removes an account of at most 10,000 bytes beside its code; its tokens go to the beneficiary. */
export const deleteAccount: Perform<Extract<Action, { type: 'DeleteAccount' }>> = (work, { beneficiaryId }) => {
  const { chunk, receipt } = work
  const { receiverId: account_id } = receipt
  const account = existing(work)
  const { maxAccountDeletionUsage } = chunk.context.params.storage
  if (less(account.storageUsage, contractBytes(work, account)) > maxAccountDeletionUsage)
    return { DeleteAccountWithLargeState: { account_id } }
  const inGasKeys = gasKeyBalance(chunk.state, account_id)
  if (inGasKeys > MAX_GAS_KEY_BALANCE_BURNT)
    return { GasKeyBalanceTooHigh: { account_id, public_key: null, balance: amountJson(inGasKeys) } }
  if (account.amount > 0n) work.newReceipts.push(balanceRefund(beneficiaryId, account.amount))
  removeAccount(chunk.state, account_id)
  work.tokensBurnt += inGasKeys
  work.actorId = receipt.predecessorId
  work.account = undefined
  return null
}
