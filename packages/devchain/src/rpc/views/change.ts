// State changes as `changes` and `block_effects` show them: those of accounts, keys, code and data.

import { type AccountId, accessKeyLayout, type PublicKey } from '@dcml/light-client'
import { decode, u64 } from '@dcml/protocol'
import type { StateChange } from '../../runtime/types.ts'
import { decodeAccount } from '../../state/account-codec.ts'
import { column, splitTrieKey } from '../../state/index.ts'
import { toBase64, u64Json } from '../../wire/json/scalars.ts'
import { keyHandleLength, showKeyHandle } from '../../wire/key-handle.ts'
import { accountView } from './account.ts'
import { accessKeyView } from './action.ts'

/** What a change is about. */
export type Change = { readonly account: AccountId; readonly value: Uint8Array | undefined } & (
  | { readonly kind: 'account' }
  | { readonly kind: 'access_key'; readonly publicKey: PublicKey }
  | { readonly kind: 'gas_key_nonce'; readonly publicKey: PublicKey; readonly index: number }
  | { readonly kind: 'data'; readonly key: Uint8Array }
  | { readonly kind: 'contract_code' }
)

/** Null for what RPC does not show: receipts and queues. */
export function readChange({ key, value }: Pick<StateChange, 'key' | 'value'>): Change | null {
  const owned = splitTrieKey(key)
  if (!owned) return null
  const { account, rest } = owned
  switch (key[0]) {
    case column.account:
      return { kind: 'account', account, value }
    case column.contractCode:
      return { kind: 'contract_code', account, value }
    case column.contractData:
      return { kind: 'data', account, key: rest, value }
    case column.accessKey: {
      const length = keyHandleLength(rest)
      const publicKey = showKeyHandle(rest.subarray(0, length))
      if (rest.length === length) return { kind: 'access_key', account, publicKey, value }
      const index = (rest[length] as number) + 256 * (rest[length + 1] as number)
      return { kind: 'gas_key_nonce', account, publicKey, index, value }
    }
    default:
      return null
  }
}

export const changeView = (change: Change, cause: StateChange['cause']) => ({
  cause: causeView(cause),
  type: `${change.kind}_${change.value ? 'update' : 'deletion'}`,
  change: { account_id: change.account, ...contentView(change) },
})

function contentView(change: Change): object {
  const { value } = change
  switch (change.kind) {
    case 'account':
      return value ? accountView(decodeAccount(value)) : {}
    case 'access_key':
      return {
        public_key: change.publicKey,
        ...(value && { access_key: accessKeyView(decode(accessKeyLayout, value)) }),
      }
    case 'gas_key_nonce':
      return {
        public_key: change.publicKey,
        index: change.index,
        ...(value && { nonce: u64Json(decode(u64, value)) }),
      }
    case 'data':
      return { key_base64: toBase64(change.key), ...(value && { value_base64: toBase64(value) }) }
    case 'contract_code':
      return value ? { code_base64: toBase64(value) } : {}
  }
}

function causeView(cause: StateChange['cause']): object {
  switch (cause.type) {
    case 'transaction_processing':
      return { type: cause.type, tx_hash: cause.txHash }
    case 'sandbox_patch':
      return { type: 'migration' }
    default:
      return 'receiptHash' in cause ? { type: cause.type, receipt_hash: cause.receiptHash } : { type: cause.type }
  }
}
