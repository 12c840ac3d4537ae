import { type AccountId, type GlobalContractIdentifier, type StateInit, stateInitLayout } from '@dcml/light-client'
import { encode, toHex } from '@dcml/protocol'
import { keccak_256 } from '@noble/hashes/sha3.js'

/** Sends refunds and cannot be an account of anybody. */
export const SYSTEM: AccountId = 'system'

/** How an account came to its name (near-account-id 2.0 `get_account_type`). */
export type AccountType = 'Named' | 'NearImplicit' | 'EthImplicit' | 'NearDeterministic'

export function accountType(id: AccountId): AccountType {
  if (/^0x[0-9a-f]{40}$/.test(id)) return 'EthImplicit'
  if (/^[0-9a-f]{64}$/.test(id)) return 'NearImplicit'
  if (/^0s[0-9a-f]{40}$/.test(id)) return 'NearDeterministic'
  return 'Named'
}

/** Exists without anybody creating it: the name is derived from a key, an address or a state init. */
export const isImplicit = (id: AccountId): boolean => accountType(id) !== 'Named'

export const isTopLevel = (id: AccountId): boolean => id !== SYSTEM && !id.includes('.')

/** `a.b` is directly below `b`; `c.a.b` is not. */
export function isSubAccountOf(id: AccountId, parent: AccountId): boolean {
  const label = id.slice(0, -parent.length - 1)
  return label !== '' && id === `${label}.${parent}` && !label.includes('.')
}

/** NEP-616: the account whose code and first data are exactly `stateInit`. */
export const deterministicAccountId = (stateInit: StateInit): AccountId =>
  `0s${toHex(keccak_256(encode(stateInitLayout, stateInit)).subarray(12))}`

/** Bytes that naming a global contract costs an account, and an action in fees. */
export const identifierLength = (id: GlobalContractIdentifier): number =>
  id.type === 'CodeHash' ? 32 : id.accountId.length
