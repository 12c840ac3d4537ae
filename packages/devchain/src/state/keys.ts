// Trie keys: one byte for the column, then what names the record (nearcore `core/primitives/src/trie_key.rs`).

import {
  type AccountId,
  type CryptoHash,
  type GlobalContractIdentifier,
  globalContractLayout,
  parseHash,
} from '@dcml/light-client'
import { concatBytes, encode, u16, u64 } from '@dcml/protocol'
import { keyHandle } from '../wire/key-handle.ts'

/** First byte of a trie key. */
export const column = {
  account: 0,
  contractCode: 1,
  accessKey: 2,
  receivedData: 3,
  postponedReceiptId: 4,
  pendingDataCount: 5,
  postponedReceipt: 6,
  delayedReceipts: 7,
  contractData: 9,
  yieldIndices: 10,
  yieldTimeout: 11,
  yieldReceipt: 12,
  globalContractCode: 18,
  globalContractNonce: 19,
  yieldStatus: 20,
  yieldIdToDataId: 22,
  dataIdToYieldId: 23,
} as const

const SEPARATOR = 0x2c
/** The separator of access keys is their column, by history. */
const KEY_SEPARATOR = column.accessKey

const byte = (value: number): Uint8Array => Uint8Array.of(value)

/** Column, account, and what belongs to the account. */
function ofAccount(col: number, account: AccountId, separator?: number, rest?: Uint8Array): Uint8Array {
  const key = new Uint8Array(1 + account.length + (separator === undefined ? 0 : 1) + (rest?.length ?? 0))
  key[0] = col
  for (let i = 0; i < account.length; i++) key[1 + i] = account.charCodeAt(i)
  if (separator !== undefined) key[1 + account.length] = separator
  if (rest) key.set(rest, 2 + account.length)
  return key
}

const byHash = (col: number) => (account: AccountId, id: CryptoHash) =>
  ofAccount(col, account, SEPARATOR, parseHash(id))
const queued = (col: number) => (index: bigint) => concatBytes(byte(col), encode(u64, index))

/** Trie keys of all records the devchain keeps. */
export const trieKey = {
  account: (account: AccountId) => ofAccount(column.account, account),
  contractCode: (account: AccountId) => ofAccount(column.contractCode, account),
  accessKey: (account: AccountId, publicKey: string) =>
    ofAccount(column.accessKey, account, KEY_SEPARATOR, keyHandle(publicKey)),
  /** Lies below the access key's own key. */
  gasKeyNonce: (account: AccountId, publicKey: string, index: number) =>
    ofAccount(column.accessKey, account, KEY_SEPARATOR, concatBytes(keyHandle(publicKey), encode(u16, index))),
  receivedData: byHash(column.receivedData),
  postponedReceiptId: byHash(column.postponedReceiptId),
  pendingDataCount: byHash(column.pendingDataCount),
  postponedReceipt: byHash(column.postponedReceipt),
  delayedReceiptIndices: () => byte(column.delayedReceipts),
  delayedReceipt: queued(column.delayedReceipts),
  contractData: (account: AccountId, key: Uint8Array) => ofAccount(column.contractData, account, SEPARATOR, key),
  yieldIndices: () => byte(column.yieldIndices),
  yieldTimeout: queued(column.yieldTimeout),
  yieldReceipt: byHash(column.yieldReceipt),
  yieldStatus: byHash(column.yieldStatus),
  yieldIdToDataId: (account: AccountId, yieldId: Uint8Array) =>
    ofAccount(column.yieldIdToDataId, account, SEPARATOR, yieldId),
  dataIdToYieldId: byHash(column.dataIdToYieldId),
  globalContractCode: (id: GlobalContractIdentifier) =>
    concatBytes(byte(column.globalContractCode), encode(globalContractLayout, id)),
  globalContractNonce: (id: GlobalContractIdentifier) =>
    concatBytes(byte(column.globalContractNonce), encode(globalContractLayout, id)),
} as const

/** Prefixes under which an account's records lie. */
export const triePrefix = {
  accessKeys: (account: AccountId) => ofAccount(column.accessKey, account, KEY_SEPARATOR),
  contractData: (account: AccountId, prefix: Uint8Array = new Uint8Array()) => trieKey.contractData(account, prefix),
} as const

/** The account in a trie key and what follows it, or null for columns that belong to no account. */
export function splitTrieKey(key: Uint8Array): { account: AccountId; rest: Uint8Array } | null {
  const col = key[0] as number
  if (col === column.account || col === column.contractCode)
    return { account: new TextDecoder().decode(key.subarray(1)), rest: new Uint8Array() }
  if (!ownedBySeparator.has(col)) return null
  const end = key.indexOf(col === column.accessKey ? KEY_SEPARATOR : SEPARATOR, 1)
  return { account: new TextDecoder().decode(key.subarray(1, end)), rest: key.subarray(end + 1) }
}

const ownedBySeparator: ReadonlySet<number> = new Set([
  column.accessKey,
  column.receivedData,
  column.postponedReceiptId,
  column.pendingDataCount,
  column.postponedReceipt,
  column.contractData,
  column.yieldReceipt,
  column.yieldStatus,
  column.yieldIdToDataId,
  column.dataIdToYieldId,
])
