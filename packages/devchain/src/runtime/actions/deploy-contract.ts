import type { Action } from '@dcml/light-client'
import { setLocalCode } from '../../state/index.ts'
import { hashOf } from '../../wire/hash.ts'
import { contractBytes, less } from './contract-usage.ts'
import { changeAccount, existing, type Perform } from './work.ts'

/** Any bytes: that they are no contract shows when they are called. */
export const deployContract: Perform<Extract<Action, { type: 'DeployContract' }>> = (work, { code }) => {
  const account = existing(work)
  changeAccount(work, {
    storageUsage: less(account.storageUsage, contractBytes(work, account)) + BigInt(code.length),
    contract: { type: 'Local', codeHash: hashOf(code) },
  })
  setLocalCode(work.chunk.state, work.receipt.receiverId, code)
  return null
}
