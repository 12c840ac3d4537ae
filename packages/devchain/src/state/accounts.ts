// Accounts and their keys (nearcore `core/store/src/utils/mod.rs`).

import { type AccessKey, type AccountId, accessKeyLayout, type PublicKey } from '@dcml/light-client'
import { decode, u64 } from '@dcml/protocol'
import { keyHandleLength, showKeyHandle } from '../wire/key-handle.ts'
import { decodeAccount, encodeAccount } from './account-codec.ts'
import { trieKey, triePrefix } from './keys.ts'
import { type Listable, type Readable, read, write } from './reading.ts'
import type { Account, StateUpdate } from './types.ts'

export function getAccount(state: Readable, id: AccountId): Account | undefined {
  const bytes = state.get(trieKey.account(id))
  return bytes && decodeAccount(bytes)
}

export const setAccount = (state: StateUpdate, id: AccountId, account: Account): void =>
  state.set(trieKey.account(id), encodeAccount(account))

/** A gas key's `nonce` is always 0; its nonces have records of their own. */
export const getAccessKey = (state: Readable, id: AccountId, publicKey: PublicKey): AccessKey | undefined =>
  read(state, accessKeyLayout, trieKey.accessKey(id, publicKey))

export const setAccessKey = (state: StateUpdate, id: AccountId, publicKey: PublicKey, key: AccessKey): void =>
  write(state, accessKeyLayout, trieKey.accessKey(id, publicKey), key)

/** The key alone: nonces of a gas key are removed one by one. */
export const removeAccessKey = (state: StateUpdate, id: AccountId, publicKey: PublicKey): void =>
  state.remove(trieKey.accessKey(id, publicKey))

export const getGasKeyNonce = (
  state: Readable,
  id: AccountId,
  publicKey: PublicKey,
  index: number,
): bigint | undefined => read(state, u64, trieKey.gasKeyNonce(id, publicKey, index))

export const setGasKeyNonce = (
  state: StateUpdate,
  id: AccountId,
  publicKey: PublicKey,
  index: number,
  nonce: bigint,
): void => write(state, u64, trieKey.gasKeyNonce(id, publicKey, index), nonce)

export const removeGasKeyNonce = (state: StateUpdate, id: AccountId, publicKey: PublicKey, index: number): void =>
  state.remove(trieKey.gasKeyNonce(id, publicKey, index))

/** All keys of an account, by their bytes; ML-DSA-65 keys appear as `ml-dsa-65-hash:…`. */
export function* accessKeys(
  state: Listable,
  id: AccountId,
): Iterable<{ readonly publicKey: PublicKey; readonly accessKey: AccessKey }> {
  const prefix = triePrefix.accessKeys(id)
  for (const [key, value] of state.entries(prefix)) {
    const handle = key.subarray(prefix.length)
    if (handle.length === keyHandleLength(handle))
      yield { publicKey: showKeyHandle(handle), accessKey: decode(accessKeyLayout, value) }
  }
}

/** Sum of the balances of an account's gas keys, yoctoNEAR. */
export function gasKeyBalance(state: Listable, id: AccountId): bigint {
  let total = 0n
  for (const { accessKey } of accessKeys(state, id))
    if ('gasKey' in accessKey.permission) total += accessKey.permission.gasKey.balance
  return total
}

/** Removes an account with its code, keys and data; what waits for receipts stays, as in nearcore. */
export function removeAccount(state: StateUpdate, id: AccountId): void {
  state.remove(trieKey.account(id))
  state.remove(trieKey.contractCode(id))
  for (const prefix of [triePrefix.accessKeys(id), triePrefix.contractData(id)])
    for (const [key] of [...state.entries(prefix)]) state.remove(key)
}
