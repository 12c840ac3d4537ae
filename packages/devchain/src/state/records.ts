// State as JSON, one record after the other (nearcore `core/primitives/src/state_record.rs`): genesis files, dumps of
// the state and `sandbox_patch_state` share this form.

import { type AccessKey, type AccountId, type CryptoHash, type PublicKey, ZERO_HASH } from '@dcml/light-client'
import { DcmlError } from '@dcml/protocol'
import * as v from 'valibot'
import { accessKey } from '../wire/json/access-key.ts'
import { receipt } from '../wire/json/receipt.ts'
import { accountId, amount, base64, hash, publicKey, u16, u64 } from '../wire/json/scalars.ts'
import { isKeyHandle } from '../wire/key-handle.ts'
import type { Receipt } from '../wire/types.ts'
import { localContract } from './account-codec.ts'
import { type ExtraRecord, extraSchemas } from './extra-records.ts'
import type { Account, AccountContract } from './types.ts'

/** One record, typed. */
export type StateRecord = NearRecord | ExtraRecord

type NearRecord =
  | { readonly type: 'Account'; readonly accountId: AccountId; readonly account: Account }
  | { readonly type: 'Data'; readonly accountId: AccountId; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'Contract'; readonly accountId: AccountId; readonly code: Uint8Array }
  | {
      readonly type: 'AccessKey'
      readonly accountId: AccountId
      readonly publicKey: PublicKey
      readonly accessKey: AccessKey
    }
  | {
      readonly type: 'GasKeyNonce'
      readonly accountId: AccountId
      readonly publicKey: PublicKey
      readonly index: number
      readonly nonce: bigint
    }
  | { readonly type: 'PostponedReceipt'; readonly accountId: AccountId; readonly receipt: Receipt }
  | { readonly type: 'DelayedReceipt'; readonly accountId: AccountId; readonly receipt: Receipt }
  | {
      readonly type: 'ReceivedData'
      readonly accountId: AccountId
      readonly dataId: CryptoHash
      readonly data: Uint8Array | null
    }

const ofAccount = { account_id: accountId }
const keyOrHandle = v.union([publicKey, v.pipe(v.string(), v.check(isKeyHandle, 'not a public key'))])

const account = v.pipe(
  v.object({
    amount,
    locked: v.optional(amount, '0'),
    code_hash: v.optional(hash, ZERO_HASH),
    storage_usage: u64,
    version: v.optional(v.picklist(['V1', 'V2']), 'V1'),
    global_contract_hash: v.optional(v.nullable(hash), null),
    global_contract_account_id: v.optional(v.nullable(accountId), null),
  }),
  v.check(
    (json) =>
      [json.code_hash !== ZERO_HASH, json.global_contract_hash, json.global_contract_account_id].filter(Boolean)
        .length < 2,
    'an account runs one contract, local or global',
  ),
  v.transform(
    (json): Account => ({
      amount: json.amount,
      locked: json.locked,
      storageUsage: json.storage_usage,
      contract: contractOf(json.code_hash, json.global_contract_hash, json.global_contract_account_id),
      ...(json.version === 'V2' && { version: 2 }),
    }),
  ),
)

function contractOf(local: CryptoHash, global: CryptoHash | null, byAccount: AccountId | null): AccountContract {
  if (global !== null) return { type: 'Global', codeHash: global }
  if (byAccount !== null) return { type: 'GlobalByAccount', accountId: byAccount }
  return localContract(local)
}

/** nearcore panics where a yield waits for anything but one resume. */
const whole = v.pipe(
  receipt,
  v.check(
    ({ body }) => body.type !== 'PromiseYield' || body.inputDataIds.length === 1,
    'a PromiseYield has exactly one input',
  ),
)

type Body<T extends NearRecord['type']> = Omit<Extract<NearRecord, { type: T }>, 'type'>

/** Each record under its only key; unknown keys beside it and in it are ignored, as serde does. */
const nearSchemas: { readonly [T in NearRecord['type']]: v.GenericSchema<unknown, Body<T>> } = {
  Account: v.pipe(
    v.object({ ...ofAccount, account }),
    v.transform((json) => ({ accountId: json.account_id, account: json.account })),
  ),
  Data: v.pipe(
    v.object({ ...ofAccount, data_key: base64, value: base64 }),
    v.transform((json) => ({ accountId: json.account_id, key: json.data_key, value: json.value })),
  ),
  Contract: v.pipe(
    v.object({ ...ofAccount, code: base64 }),
    v.transform((json) => ({ accountId: json.account_id, code: json.code })),
  ),
  AccessKey: v.pipe(
    v.object({ ...ofAccount, public_key: keyOrHandle, access_key: accessKey }),
    v.transform((json) => ({
      accountId: json.account_id,
      publicKey: json.public_key,
      accessKey: json.access_key,
    })),
  ),
  GasKeyNonce: v.pipe(
    v.object({ ...ofAccount, public_key: keyOrHandle, index: u16, nonce: u64 }),
    v.transform(({ account_id, public_key, index, nonce }) => ({
      accountId: account_id,
      publicKey: public_key,
      index,
      nonce,
    })),
  ),
  PostponedReceipt: v.pipe(
    whole,
    v.transform((json) => ({ accountId: json.receiverId, receipt: json })),
  ),
  DelayedReceipt: v.pipe(
    whole,
    v.transform((json) => ({ accountId: json.receiverId, receipt: json })),
  ),
  ReceivedData: v.pipe(
    v.object({ ...ofAccount, data_id: hash, data: v.optional(v.nullable(base64), null) }),
    v.transform(({ account_id, data_id, data }) => ({
      accountId: account_id,
      dataId: data_id,
      data,
    })),
  ),
}

const schemas = { ...nearSchemas, ...extraSchemas }

/**
 * Reads records of a genesis file, a dump or `sandbox_patch_state`.
 * @throws DcmlError `devchain_record_invalid` naming the first record that is none; nothing is returned then
 */
export const parseRecords = (records: readonly unknown[]): StateRecord[] => records.map(parseRecord)

function parseRecord(record: unknown, index: number): StateRecord {
  const found = v.safeParse(v.record(v.string(), v.unknown()), record)
  const types = found.success ? Object.keys(found.output).filter((type) => Object.hasOwn(schemas, type)) : []
  if (!found.success || types.length !== 1)
    throw invalid(index, `it has to be one of ${Object.keys(nearSchemas).join(', ')}`)
  const type = types[0] as StateRecord['type']
  const parsed = v.safeParse(schemas[type], found.output[type])
  if (parsed.success) return { type, ...parsed.output } as StateRecord
  const [issue] = parsed.issues
  throw invalid(index, `${[type, ...(issue.path ?? []).map(({ key }) => key)].join('.')}: ${issue.message}`)
}

const invalid = (index: number, why: string): DcmlError =>
  new DcmlError('devchain_record_invalid', `State record ${index} cannot be read: ${why}.`, {
    hint: 'Records look as in a genesis file, e.g. {"Account": {"account_id": "a.near", "account": {…}}}.',
    details: { index },
  })
