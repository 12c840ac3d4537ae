import type { Action } from '@dcml/light-client'
import { dataUsage, setData } from '../../state/index.ts'
import { smaller } from '../amounts.ts'
import { balanceRefund } from '../refunds.ts'
import { missingForStorage } from '../verify/storage-stake.ts'
import { useGlobal } from './use-global-contract.ts'
import { type ActionErrorKind, changeAccount, existing, type Perform, type Work } from './work.ts'

type StateInitAction = Extract<Action, { type: 'DeterministicStateInit' }>

/**
 * Brings an account to life whose name is its code and first data (NEP-616); nothing happens to one that lives already.
 * Of the deposit it keeps what its storage needs. The actor stays who it was: no key is ever added.
 */
export const deterministicStateInit: Perform<StateInitAction> = (work, { stateInit, deposit }) => {
  const { params } = work.chunk.context
  work.account ??= {
    amount: 0n,
    locked: 0n,
    storageUsage: params.storage.numBytesAccount,
    contract: { type: 'None' },
  }
  if (work.account.contract.type === 'None') {
    const error = initialize(work, stateInit)
    if (error) return error
  }
  const account = existing(work)
  const missing = missingForStorage(params, account, account.amount)
  const kept = smaller(missing, deposit)
  changeAccount(work, { amount: account.amount + kept })
  const { body, receipt } = work
  if (deposit > kept) work.newReceipts.push(balanceRefund(body.refundTo ?? receipt.predecessorId, deposit - kept))
  return null
}

function initialize(work: Work, { code, data }: StateInitAction['stateInit']): ActionErrorKind | null {
  const error = useGlobal(work, code)
  if (error) return error
  const { numExtraBytesRecord } = work.chunk.context.params.storage
  let { storageUsage } = existing(work)
  for (const [key, value] of data) {
    setData(work.chunk.state, work.receipt.receiverId, key, value)
    storageUsage += dataUsage(key, value, numExtraBytesRecord)
  }
  changeAccount(work, { storageUsage })
  return null
}
