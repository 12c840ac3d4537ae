import { ZERO_HASH } from '@dcml/light-client'
import type { Account } from '../../state/index.ts'
import { u64Json } from '../../wire/json/scalars.ts'

export const accountView = ({ amount, locked, storageUsage, contract }: Account) => ({
  amount: amount.toString(),
  locked: locked.toString(),
  code_hash: contract.type === 'Local' ? contract.codeHash : ZERO_HASH,
  storage_usage: u64Json(storageUsage),
  storage_paid_at: 0,
  ...(contract.type === 'Global' && { global_contract_hash: contract.codeHash }),
  ...(contract.type === 'GlobalByAccount' && { global_contract_account_id: contract.accountId }),
})
