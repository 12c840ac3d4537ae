// State records as RPC and genesis files have them (nearcore `core/primitives/src/state_record.rs`).
import {
  type AccessKey,
  type AccountId,
  isAccountId,
  type PublicKey,
  parseHash,
  parsePublicKey,
  ZERO_HASH,
} from '@dcml/light-client'
import { DcmlError } from '@dcml/protocol'
import { base64 } from '@scure/base'
import * as v from 'valibot'
import type { Params } from '../params/types.ts'
import {
  type Account,
  type AccountContract,
  accessKeys,
  accessKeyUsage,
  contractData,
  contractUsage,
  dataUsage,
  getAccount,
  getLocalCode,
  type StateUpdate,
  setAccessKey,
  setAccount,
  setData,
  setLocalCode,
} from '../state/index.ts'
import { hashOf } from '../wire/hash.ts'

/** One record to write, typed. */
export type StateRecord =
  | { readonly type: 'Account'; readonly accountId: AccountId; readonly account: Account }
  | {
      readonly type: 'AccessKey'
      readonly accountId: AccountId
      readonly publicKey: PublicKey
      readonly accessKey: AccessKey
    }
  | { readonly type: 'Contract'; readonly accountId: AccountId; readonly code: Uint8Array }
  | { readonly type: 'Data'; readonly accountId: AccountId; readonly key: Uint8Array; readonly value: Uint8Array }

const account_id = v.pipe(v.string(), v.check(isAccountId, 'no account id'))
/** Amounts are decimal strings; old clients send small ones as numbers. */
const amount = v.pipe(
  v.union([v.pipe(v.string(), v.regex(/^\d{1,39}$/)), v.pipe(v.number(), v.safeInteger(), v.minValue(0))]),
  v.transform((value: string | number) => BigInt(value)),
)
const count = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(0),
  v.transform((value) => BigInt(value)),
)
const bytes = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }): Uint8Array => {
    const decoded = attempt(() => base64.decode(dataset.value))
    if (decoded) return decoded
    addIssue({ message: 'no base64' })
    return NEVER
  }),
)
const hash = v.pipe(
  v.string(),
  v.check((text) => attempt(() => parseHash(text)) !== undefined, 'no base58 hash'),
)
const key = v.pipe(
  v.string(),
  v.check((text) => attempt(() => parsePublicKey(text)) !== undefined, 'no public key'),
)

const functionCall = v.object({
  allowance: v.optional(v.nullable(amount), null),
  receiver_id: v.string(),
  method_names: v.array(v.string()),
})
const gasKey = { balance: amount, num_nonces: v.number() }
const permission = v.union([
  v.literal('FullAccess'),
  v.object({ FunctionCall: functionCall }),
  v.object({ GasKeyFullAccess: v.object(gasKey) }),
  v.object({ GasKeyFunctionCall: v.object({ ...gasKey, ...functionCall.entries }) }),
])

const record = v.union(
  [
    v.object({
      Account: v.object({
        account_id,
        account: v.object({
          amount,
          locked: v.optional(amount, '0'),
          code_hash: v.optional(hash, ZERO_HASH),
          storage_usage: v.optional(count, 0),
          global_contract_hash: v.nullish(hash),
          global_contract_account_id: v.nullish(account_id),
        }),
      }),
    }),
    v.object({
      AccessKey: v.object({
        account_id,
        public_key: key,
        access_key: v.object({ nonce: v.optional(count, 0), permission }),
      }),
    }),
    v.object({ Contract: v.object({ account_id, code: bytes }) }),
    v.object({ Data: v.object({ account_id, data_key: bytes, value: bytes }) }),
  ],
  'is no Account, AccessKey, Contract or Data record',
)

function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}

/**
 * Reads records as nearcore's sandbox takes them: Account, AccessKey, Contract and Data. Unknown fields are ignored.
 * @throws DcmlError `devchain_record_invalid` naming the first record that is wrong
 */
export function parseRecords(records: readonly unknown[]): StateRecord[] {
  const parsed = v.safeParse(v.array(record), records)
  if (parsed.success) return parsed.output.map(typed)
  const [issue] = parsed.issues
  throw new DcmlError('devchain_record_invalid', `State record ${v.getDotPath(issue) ?? ''}: ${issue.message}`, {
    hint: 'Receipts cannot be patched in; Account, AccessKey, Contract and Data records can.',
  })
}

function typed(parsed: v.InferOutput<typeof record>): StateRecord {
  if ('Account' in parsed) {
    const { account_id: accountId, account } = parsed.Account
    const { amount, locked, storage_usage: storageUsage } = account
    return { type: 'Account', accountId, account: { amount, locked, storageUsage, contract: contractOf(account) } }
  }
  if ('AccessKey' in parsed) {
    const { account_id: accountId, public_key: publicKey, access_key: accessKey } = parsed.AccessKey
    return {
      type: 'AccessKey',
      accountId,
      publicKey,
      accessKey: { nonce: accessKey.nonce, permission: permit(accessKey.permission) },
    }
  }
  if ('Contract' in parsed)
    return { type: 'Contract', accountId: parsed.Contract.account_id, code: parsed.Contract.code }
  const { account_id: accountId, data_key: key, value } = parsed.Data
  return { type: 'Data', accountId, key, value }
}

function contractOf(account: {
  readonly code_hash: string
  readonly global_contract_hash?: string | null | undefined
  readonly global_contract_account_id?: string | null | undefined
}): AccountContract {
  if (account.global_contract_hash) return { type: 'Global', codeHash: account.global_contract_hash }
  if (account.global_contract_account_id)
    return { type: 'GlobalByAccount', accountId: account.global_contract_account_id }
  return account.code_hash === ZERO_HASH ? { type: 'None' } : { type: 'Local', codeHash: account.code_hash }
}

function permit(permission: v.InferOutput<typeof permissionSchema>): AccessKey['permission'] {
  if (permission === 'FullAccess') return { type: 'FullAccess' }
  if ('FunctionCall' in permission) return { type: 'FunctionCall', ...callsOf(permission.FunctionCall) }
  if ('GasKeyFullAccess' in permission)
    return { type: 'GasKeyFullAccess', gasKey: gasKeyOf(permission.GasKeyFullAccess) }
  const both = permission.GasKeyFunctionCall
  return { type: 'GasKeyFunctionCall', gasKey: gasKeyOf(both), ...callsOf(both) }
}
const permissionSchema = permission

const gasKeyOf = (json: { balance: bigint; num_nonces: number }) => ({
  balance: json.balance,
  numNonces: json.num_nonces,
})
const callsOf = (json: v.InferOutput<typeof functionCall>) => ({
  allowance: json.allowance,
  receiverId: json.receiver_id,
  methodNames: json.method_names,
})

/** Writes records as given. A contract also becomes its account's, which nearcore leaves to an Account record. */
export function applyRecords(state: StateUpdate, records: readonly StateRecord[]): void {
  for (const record of records) {
    if (record.type === 'Account') setAccount(state, record.accountId, record.account)
    else if (record.type === 'AccessKey') setAccessKey(state, record.accountId, record.publicKey, record.accessKey)
    else if (record.type === 'Data') setData(state, record.accountId, record.key, record.value)
    else {
      setLocalCode(state, record.accountId, record.code)
      const account = getAccount(state, record.accountId)
      if (account)
        setAccount(state, record.accountId, { ...account, contract: { type: 'Local', codeHash: hashOf(record.code) } })
    }
  }
}

/** Sets an account's storage usage to what its records take, as nearcore does at genesis. */
export function recomputeStorageUsage(state: StateUpdate, accountId: AccountId, { storage }: Params): void {
  const account = getAccount(state, accountId)
  if (!account) return
  let storageUsage =
    storage.numBytesAccount + contractUsage(account.contract, getLocalCode(state, accountId)?.length ?? 0)
  for (const { publicKey, accessKey } of accessKeys(state, accountId))
    storageUsage += accessKeyUsage(publicKey, accessKey, storage.numExtraBytesRecord)
  for (const [key, value] of contractData(state, accountId))
    storageUsage += dataUsage(key, value, storage.numExtraBytesRecord)
  setAccount(state, accountId, { ...account, storageUsage })
}
