import type { Action, GlobalContractIdentifier } from '@dcml/light-client'
import { getGlobalContractNonce, setGlobalContractNonce } from '../../state/index.ts'
import { hashOf } from '../../wire/hash.ts'
import { amountJson } from '../json.ts'
import { changeAccount, existing, type Perform } from './work.ts'

/** Burns the price of the storage and sends the code to all shards; here that is the next block (NEP-591). */
export const deployGlobalContract: Perform<Extract<Action, { type: 'DeployGlobalContract' }>> = (
  work,
  { code, mode },
) => {
  const { chunk, receipt } = work
  const account = existing(work)
  const price = chunk.context.params.storage.globalContractAmountPerByte * BigInt(code.length)
  if (account.amount < price)
    return { LackBalanceForState: { account_id: receipt.receiverId, amount: amountJson(price) } }
  changeAccount(work, { amount: account.amount - price })
  work.tokensBurnt += price
  const id: GlobalContractIdentifier =
    mode === 'CodeHash'
      ? { type: 'CodeHash', codeHash: hashOf(code) }
      : { type: 'AccountId', accountId: receipt.receiverId }
  const nonce = getGlobalContractNonce(chunk.state, id) + 1n
  setGlobalContractNonce(chunk.state, id, nonce)
  work.newReceipts.push({
    predecessorId: receipt.receiverId,
    receiverId: receipt.receiverId,
    body: { type: 'GlobalContractDistribution', id, code, nonce },
  })
  return null
}
