// Records into state, and state into records.

import { accessKeyLayout, formatHash, ZERO_HASH } from '@dcml/light-client'
import { bytes, decode, option, u64 } from '@dcml/protocol'
import { hashOf } from '../wire/hash.ts'
import { accessKeyJson } from '../wire/json/access-key.ts'
import { receiptJson } from '../wire/json/receipt.ts'
import { toBase64, u64Json } from '../wire/json/scalars.ts'
import { keyHandleLength, showKeyHandle } from '../wire/key-handle.ts'
import { decodeReceipt, storedReceiptLayout } from '../wire/receipt.ts'
import { accountVersion, decodeAccount } from './account-codec.ts'
import { getAccount, setAccessKey, setAccount, setGasKeyNonce } from './accounts.ts'
import { setData, setLocalCode } from './contracts.ts'
import { extraAppliers, extraRecordJson } from './extra-records.ts'
import { column, splitTrieKey } from './keys.ts'
import type { StateRecord } from './records.ts'
import type { Account, StateUpdate, Trie } from './types.ts'
import {
  getReceivedData,
  pushDelayedReceipt,
  setPendingDataCount,
  setPostponedReceipt,
  setReceivedData,
  setWaitingReceiptId,
} from './waiting.ts'

/**
 * Writes records over what is there, as given: storage usage is taken on trust, as in nearcore, and code becomes the
 * contract of its account. Postponed receipts come last: what they still lack depends on the data received.
 */
export function applyRecords(state: StateUpdate, records: readonly StateRecord[]): void {
  const rank = ({ type }: StateRecord) => (type === 'Account' ? 0 : type === 'PostponedReceipt' ? 2 : 1)
  for (const record of records.toSorted((a, b) => rank(a) - rank(b))) applyRecord(state, record)
}

type Of<T extends StateRecord['type']> = Extract<StateRecord, { type: T }>

const appliers: { readonly [T in StateRecord['type']]: (state: StateUpdate, record: Of<T>) => void } = {
  ...extraAppliers,
  Account: (state, { accountId, account }) => setAccount(state, accountId, account),
  Data: (state, { accountId, key, value }) => setData(state, accountId, key, value),
  Contract(state, { accountId, code }) {
    setLocalCode(state, accountId, code)
    const account = getAccount(state, accountId)
    if (account) setAccount(state, accountId, { ...account, contract: { type: 'Local', codeHash: hashOf(code) } })
  },
  AccessKey: (state, { accountId, publicKey, accessKey }) => setAccessKey(state, accountId, publicKey, accessKey),
  GasKeyNonce: (state, { accountId, publicKey, index, nonce }) =>
    setGasKeyNonce(state, accountId, publicKey, index, nonce),
  ReceivedData: (state, { accountId, dataId, data }) => setReceivedData(state, accountId, dataId, data),
  DelayedReceipt: (state, { receipt }) => pushDelayedReceipt(state, { receipt, congestionGas: 0n, congestionSize: 0n }),
  PostponedReceipt(state, { receipt }) {
    const { receiverId, receiptId, body } = receipt
    const inputs = 'inputDataIds' in body ? body.inputDataIds : []
    const missing = inputs.filter((dataId) => getReceivedData(state, receiverId, dataId) === undefined)
    for (const dataId of missing) setWaitingReceiptId(state, receiverId, dataId, receiptId)
    setPendingDataCount(state, receiverId, receiptId, missing.length)
    setPostponedReceipt(state, receipt)
  },
}

const applyRecord = (state: StateUpdate, record: StateRecord): void =>
  (appliers[record.type] as (state: StateUpdate, record: StateRecord) => void)(state, record)

/** All of a state as records in JSON, in key order; {@link applyRecords} makes the same state of them. */
export function* dumpRecords(trie: Pick<Trie, 'entries'>): Iterable<Record<string, unknown>> {
  for (const [key, value] of trie.entries(new Uint8Array())) {
    const record = recordJson(key, value)
    if (record) yield record
  }
}

const receivedLayout = option(bytes(2 ** 32 - 1))

function recordJson(key: Uint8Array, value: Uint8Array): Record<string, unknown> | undefined {
  if (key[0] === column.delayedReceipts && key.length > 1)
    return { DelayedReceipt: receiptJson(decode(storedReceiptLayout, value).receipt) }
  const { account: account_id, rest } = splitTrieKey(key) ?? { account: '', rest: key }
  switch (key[0]) {
    case column.account:
      return { Account: { account_id, account: accountJson(decodeAccount(value)) } }
    case column.contractCode:
      return { Contract: { account_id, code: toBase64(value) } }
    case column.contractData:
      return { Data: { account_id, data_key: toBase64(rest), value: toBase64(value) } }
    case column.accessKey:
      return keyJson(account_id, rest, value)
    case column.receivedData: {
      const data = decode(receivedLayout, value)
      return { ReceivedData: { account_id, data_id: formatHash(rest), data: data && toBase64(data) } }
    }
    case column.postponedReceipt:
      return { PostponedReceipt: receiptJson(decodeReceipt(value)) }
    default:
      return extraRecordJson(key, value)
  }
}

function keyJson(account_id: string, rest: Uint8Array, value: Uint8Array): Record<string, unknown> {
  const length = keyHandleLength(rest)
  const public_key = showKeyHandle(rest.subarray(0, length))
  if (rest.length === length)
    return { AccessKey: { account_id, public_key, access_key: accessKeyJson(decode(accessKeyLayout, value)) } }
  const index = (rest[length] as number) + 256 * (rest[length + 1] as number)
  return { GasKeyNonce: { account_id, public_key, index, nonce: u64Json(decode(u64, value)) } }
}

function accountJson(account: Account): Record<string, unknown> {
  const { amount, locked, storageUsage, contract } = account
  return {
    amount: amount.toString(),
    locked: locked.toString(),
    code_hash: contract.type === 'Local' ? contract.codeHash : ZERO_HASH,
    storage_usage: u64Json(storageUsage),
    version: `V${accountVersion(account)}`,
    ...(contract.type === 'Global' && { global_contract_hash: contract.codeHash }),
    ...(contract.type === 'GlobalByAccount' && { global_contract_account_id: contract.accountId }),
  }
}
