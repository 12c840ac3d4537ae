import type { Action, GlobalContractIdentifier } from '@dcml/light-client'
import { getGlobalCode, removeLocalCode } from '../../state/index.ts'
import { identifierLength } from '../account-id.ts'
import { contractBytes, less } from './contract-usage.ts'
import { type ActionErrorKind, changeAccount, existing, type Perform, type Work } from './work.ts'

export const useGlobalContract: Perform<Extract<Action, { type: 'UseGlobalContract' }>> = (work, { contract }) =>
  useGlobal(work, contract)

/** Points the account at a contract that was deployed for everybody (NEP-591). */
export function useGlobal(work: Work, id: GlobalContractIdentifier): ActionErrorKind | null {
  const { state } = work.chunk
  if (!getGlobalCode(state, id)) return { GlobalContractDoesNotExist: { identifier: identifierJson(id) } }
  const account = existing(work)
  const storageUsage = less(account.storageUsage, contractBytes(work, account)) + BigInt(identifierLength(id))
  if (account.contract.type === 'Local') removeLocalCode(state, work.receipt.receiverId)
  changeAccount(work, {
    storageUsage,
    version: 2, // for good, whatever is deployed later in this receipt
    contract:
      id.type === 'CodeHash'
        ? { type: 'Global', codeHash: id.codeHash }
        : { type: 'GlobalByAccount', accountId: id.accountId },
  })
  return null
}

const identifierJson = (id: GlobalContractIdentifier): object =>
  id.type === 'CodeHash' ? { CodeHash: id.codeHash } : { AccountId: id.accountId }
