import type { Action } from '@dcml/light-client'
import { accessKeyUsage, getAccessKey, removeAccessKey, removeGasKeyNonce } from '../../state/index.ts'
import { amountJson } from '../json.ts'
import { less } from './contract-usage.ts'
import { MAX_GAS_KEY_BALANCE_BURNT } from './gas-key.ts'
import { changeAccount, existing, type Perform } from './work.ts'

/** What a gas key still holds is burnt, if it is not too much to lose. */
export const deleteKey: Perform<Extract<Action, { type: 'DeleteKey' }>> = (work, { publicKey }) => {
  const { chunk, receipt } = work
  const { receiverId: account_id } = receipt
  const key = getAccessKey(chunk.state, account_id, publicKey)
  if (!key) return { DeleteKeyDoesNotExist: { account_id, public_key: publicKey } }
  if ('gasKey' in key.permission) {
    const { balance, numNonces } = key.permission.gasKey
    if (balance > MAX_GAS_KEY_BALANCE_BURNT)
      return { GasKeyBalanceTooHigh: { account_id, public_key: publicKey, balance: amountJson(balance) } }
    work.tokensBurnt += balance
    for (let i = 0; i < numNonces; i++) removeGasKeyNonce(chunk.state, account_id, publicKey, i)
  }
  removeAccessKey(chunk.state, account_id, publicKey)
  const usage = accessKeyUsage(publicKey, key, chunk.context.params.storage.numExtraBytesRecord)
  changeAccount(work, { storageUsage: less(existing(work).storageUsage, usage) })
  return null
}
