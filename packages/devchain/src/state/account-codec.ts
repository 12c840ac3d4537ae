// Account records (nearcore `core/primitives-core/src/account.rs`). Version 1 has no tag and can only name local code;
// version 2 begins with an impossible balance, and an account that has it keeps it.

import { accountIdLayout, hashLayout, union, ZERO_HASH } from '@dcml/light-client'
import { decode, encode, type Layout, struct, u8, u64, u128 } from '@dcml/protocol'
import type { Account, AccountContract } from './types.ts'

const VERSION_2 = 2n ** 128n - 1n

const contract = union<AccountContract>('account contract', {
  None: [0, struct<object>({})],
  Local: [1, struct({ codeHash: hashLayout })],
  Global: [2, struct({ codeHash: hashLayout })],
  GlobalByAccount: [3, struct({ accountId: accountIdLayout })],
})

const version1 = struct({ locked: u128, codeHash: hashLayout, storageUsage: u64 })
const version2 = struct<Account>({ amount: u128, locked: u128, storageUsage: u64, contract })

const account: Layout<Account> = {
  write(value, out) {
    const { amount, locked, storageUsage } = value
    if (accountVersion(value) === 1) {
      const codeHash = value.contract.type === 'Local' ? value.contract.codeHash : ZERO_HASH
      u128.write(amount, out)
      version1.write({ locked, codeHash, storageUsage }, out)
    } else {
      u128.write(VERSION_2, out)
      u8.write(0, out)
      version2.write(value, out)
    }
  },
  read(cursor) {
    const amount = u128.read(cursor)
    if (amount === VERSION_2) {
      u8.read(cursor)
      return { ...version2.read(cursor), version: 2 }
    }
    const { locked, codeHash, storageUsage } = version1.read(cursor)
    return { amount, locked, storageUsage, contract: localContract(codeHash) }
  },
}

/** Of the bytes. */
export const accountVersion = ({ version, contract: { type } }: Account): 1 | 2 =>
  version ?? (type === 'None' || type === 'Local' ? 1 : 2)

/** Zeros stand for no contract. */
export const localContract = (codeHash: string): AccountContract =>
  codeHash === ZERO_HASH ? { type: 'None' } : { type: 'Local', codeHash }

export const encodeAccount = (value: Account): Uint8Array => encode(account, value)
export const decodeAccount = (bytes: Uint8Array): Account => decode(account, bytes)
