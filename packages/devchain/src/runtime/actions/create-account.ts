import type { Action } from '@dcml/light-client'
import { isSubAccountOf, isTopLevel } from '../account-id.ts'
import type { Perform } from './work.ts'

/** Names below one's own, and for the registrar short top-level ones. */
export const createAccount: Perform<Extract<Action, { type: 'CreateAccount' }>> = (work) => {
  const { receiverId: account_id, predecessorId: predecessor_id } = work.receipt
  const { accountCreation, storage } = work.chunk.context.params
  if (isTopLevel(account_id)) {
    const { minTopLevelLength, registrar } = accountCreation
    if (account_id.length < minTopLevelLength && predecessor_id !== registrar)
      return { CreateAccountOnlyByRegistrar: { account_id, registrar_account_id: registrar, predecessor_id } }
  } else if (!isSubAccountOf(account_id, predecessor_id)) {
    return { CreateAccountNotAllowed: { account_id, predecessor_id } }
  }
  work.actorId = account_id
  work.account = { amount: 0n, locked: 0n, storageUsage: storage.numBytesAccount, contract: { type: 'None' } }
  return null
}
