// What nearcore's state records have no word for: global code, and promises that wait for a resume. These records are
// ours alone, so that a chain started from a dump goes on where the other stood.

import {
  type AccountId,
  type CryptoHash,
  formatHash,
  type GlobalContractIdentifier,
  globalContractLayout,
  hashLayout,
} from '@dcml/light-client'
import { decode, u64 } from '@dcml/protocol'
import * as v from 'valibot'
import { globalContractJson } from '../wire/json/action.ts'
import { globalContract } from '../wire/json/parse-action.ts'
import { receipt, receiptJson } from '../wire/json/receipt.ts'
import { accountId, base64, hash, toBase64, u64Json, u64 as u64Number } from '../wire/json/scalars.ts'
import { decodeReceipt } from '../wire/receipt.ts'
import type { Receipt } from '../wire/types.ts'
import { setGlobalCode, setGlobalContractNonce } from './contracts.ts'
import { column, splitTrieKey } from './keys.ts'
import type { StateUpdate } from './types.ts'
import {
  pushYieldTimeout,
  setYieldId,
  setYieldReceipt,
  setYieldStatus,
  type YieldStatus,
  yieldStatusLayout,
  yieldTimeoutLayout,
} from './yields.ts'

interface OfAccount {
  readonly accountId: AccountId
  readonly dataId: CryptoHash
}

/** One such record, typed. */
export type ExtraRecord =
  | { readonly type: 'GlobalContractCode'; readonly id: GlobalContractIdentifier; readonly code: Uint8Array }
  | { readonly type: 'GlobalContractNonce'; readonly id: GlobalContractIdentifier; readonly nonce: bigint }
  | ({ readonly type: 'YieldReceipt'; readonly receipt: Receipt } & OfAccount)
  | ({ readonly type: 'YieldStatus'; readonly status: YieldStatus } & OfAccount)
  | ({ readonly type: 'YieldTimeout'; readonly expiresAt: bigint } & OfAccount)
  | ({ readonly type: 'YieldId'; readonly yieldId: Uint8Array } & OfAccount)

type Of<T extends ExtraRecord['type']> = Extract<ExtraRecord, { type: T }>

const ofAccount = { account_id: accountId, data_id: hash }
const named = ({ account_id, data_id }: { account_id: AccountId; data_id: CryptoHash }): OfAccount => ({
  accountId: account_id,
  dataId: data_id,
})

export const extraSchemas: { readonly [T in ExtraRecord['type']]: v.GenericSchema<unknown, Omit<Of<T>, 'type'>> } = {
  GlobalContractCode: v.object({ id: globalContract, code: base64 }),
  GlobalContractNonce: v.object({ id: globalContract, nonce: u64Number }),
  YieldReceipt: v.pipe(
    receipt,
    v.rawTransform(({ dataset: { value }, addIssue, NEVER }) => {
      const { receiverId, body } = value
      const [dataId, ...others] = body.type === 'PromiseYield' ? body.inputDataIds : []
      if (dataId !== undefined && others.length === 0) return { accountId: receiverId, dataId, receipt: value }
      addIssue({ message: 'not a PromiseYield with exactly one input' })
      return NEVER
    }),
  ),
  YieldStatus: v.pipe(
    v.object({ ...ofAccount, status: v.picklist(['Yielded', 'ResumeInitiated']) }),
    v.transform(({ status, ...json }) => ({ ...named(json), status })),
  ),
  YieldTimeout: v.pipe(
    v.object({ ...ofAccount, expires_at: u64Number }),
    v.transform(({ expires_at, ...json }) => ({ ...named(json), expiresAt: expires_at })),
  ),
  YieldId: v.pipe(
    v.object({ ...ofAccount, yield_id: v.pipe(base64, v.length(32)) }),
    v.transform(({ yield_id, ...json }) => ({ ...named(json), yieldId: yield_id })),
  ),
}

export const extraAppliers: { readonly [T in ExtraRecord['type']]: (state: StateUpdate, record: Of<T>) => void } = {
  GlobalContractCode: (state, { id, code }) => setGlobalCode(state, id, code),
  GlobalContractNonce: (state, { id, nonce }) => setGlobalContractNonce(state, id, nonce),
  YieldReceipt: (state, { dataId, receipt }) => setYieldReceipt(state, dataId, receipt),
  YieldStatus: (state, { accountId, dataId, status }) => setYieldStatus(state, accountId, dataId, status),
  YieldTimeout: (state, { accountId, dataId, expiresAt }) => pushYieldTimeout(state, { accountId, dataId, expiresAt }),
  YieldId: (state, { accountId, dataId, yieldId }) => setYieldId(state, accountId, yieldId, dataId),
}

/** The record of an entry of the trie, if it is one of these; indices are made anew from the others. */
export function extraRecordJson(key: Uint8Array, value: Uint8Array): Record<string, unknown> | undefined {
  const identifier = () => globalContractJson(decode(globalContractLayout, key.subarray(1)))
  const { account: account_id, rest } = splitTrieKey(key) ?? { account: '', rest: key }
  switch (key[0]) {
    case column.globalContractCode:
      return { GlobalContractCode: { id: identifier(), code: toBase64(value) } }
    case column.globalContractNonce:
      return { GlobalContractNonce: { id: identifier(), nonce: u64Json(decode(u64, value)) } }
    case column.yieldReceipt:
      return { YieldReceipt: receiptJson(decodeReceipt(value)) }
    case column.yieldStatus:
      return { YieldStatus: { account_id, data_id: formatHash(rest), status: decode(yieldStatusLayout, value) } }
    case column.yieldTimeout: {
      const { accountId, dataId, expiresAt } = decode(yieldTimeoutLayout, value)
      return { YieldTimeout: { account_id: accountId, data_id: dataId, expires_at: u64Json(expiresAt) } }
    }
    case column.yieldIdToDataId:
      return { YieldId: { account_id, data_id: decode(hashLayout, value), yield_id: toBase64(rest) } }
    default:
      return undefined
  }
}
