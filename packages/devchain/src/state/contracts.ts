// Code and data of contracts.

import type { AccountId, CryptoHash, GlobalContractIdentifier } from '@dcml/light-client'
import { u64 } from '@dcml/protocol'
import { hashOf } from '../wire/hash.ts'
import { trieKey, triePrefix } from './keys.ts'
import { type Listable, type Readable, read, write } from './reading.ts'
import type { AccountContract, StateUpdate } from './types.ts'

/** Code deployed on the account itself. */
export const getLocalCode = (state: Readable, id: AccountId): Uint8Array | undefined =>
  state.get(trieKey.contractCode(id))
export const setLocalCode = (state: StateUpdate, id: AccountId, code: Uint8Array): void =>
  state.set(trieKey.contractCode(id), code)
export const removeLocalCode = (state: StateUpdate, id: AccountId): void => state.remove(trieKey.contractCode(id))

export const getGlobalCode = (state: Readable, id: GlobalContractIdentifier): Uint8Array | undefined =>
  state.get(trieKey.globalContractCode(id))
export const setGlobalCode = (state: StateUpdate, id: GlobalContractIdentifier, code: Uint8Array): void =>
  state.set(trieKey.globalContractCode(id), code)

/** Of the newest deployment that arrived under this id; 0 before the first. */
export const getGlobalContractNonce = (state: Readable, id: GlobalContractIdentifier): bigint =>
  read(state, u64, trieKey.globalContractNonce(id)) ?? 0n
export const setGlobalContractNonce = (state: StateUpdate, id: GlobalContractIdentifier, nonce: bigint): void =>
  write(state, u64, trieKey.globalContractNonce(id), nonce)

/** How an account's global contract is identified; null for local code or none. */
function globalIdentifier(contract: AccountContract): GlobalContractIdentifier | null {
  switch (contract.type) {
    case 'Global':
      return { type: 'CodeHash', codeHash: contract.codeHash }
    case 'GlobalByAccount':
      return { type: 'AccountId', accountId: contract.accountId }
    default:
      return null
  }
}

/** What calls on the account run, wherever it is stored; undefined if there is nothing. */
export function getCode(
  state: Readable,
  id: AccountId,
  contract: AccountContract,
): { readonly code: Uint8Array; readonly codeHash: CryptoHash } | undefined {
  const global = globalIdentifier(contract)
  if (!global && contract.type !== 'Local') return undefined
  const code = global ? getGlobalCode(state, global) : getLocalCode(state, id)
  return code && { code, codeHash: 'codeHash' in contract ? contract.codeHash : hashOf(code) }
}

export const getData = (state: Readable, id: AccountId, key: Uint8Array): Uint8Array | undefined =>
  state.get(trieKey.contractData(id, key))
export const setData = (state: StateUpdate, id: AccountId, key: Uint8Array, value: Uint8Array): void =>
  state.set(trieKey.contractData(id, key), value)
export const removeData = (state: StateUpdate, id: AccountId, key: Uint8Array): void =>
  state.remove(trieKey.contractData(id, key))

/** A contract's entries under a prefix of its own keys. */
export function* contractData(
  state: Listable,
  id: AccountId,
  prefix?: Uint8Array,
): Iterable<readonly [key: Uint8Array, value: Uint8Array]> {
  const skip = triePrefix.contractData(id).length
  for (const [key, value] of state.entries(triePrefix.contractData(id, prefix))) yield [key.subarray(skip), value]
}
