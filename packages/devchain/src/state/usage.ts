// What records count for in an account's storage usage, bytes (nearcore `runtime/runtime/src/access_keys.rs`,
// `core/store/src/genesis/state_applier.rs`).

import { type AccessKey, accessKeyLayout, type PublicKey } from '@dcml/light-client'
import { encode } from '@dcml/protocol'
import { keyHandle } from '../wire/key-handle.ts'
import type { AccountContract } from './types.ts'

const NONCE_INDEX = 2n
const NONCE = 8n

/** `numExtraBytesRecord` of {@link Params.storage}; nonces of a gas key included. */
export function accessKeyUsage(publicKey: PublicKey, key: AccessKey, extraPerRecord: bigint): bigint {
  const handle = BigInt(keyHandle(publicKey).length)
  const own = handle + BigInt(encode(accessKeyLayout, key).length) + extraPerRecord
  const nonces = 'gasKey' in key.permission ? BigInt(key.permission.gasKey.numNonces) : 0n
  return own + nonces * (handle + NONCE_INDEX + NONCE + extraPerRecord)
}

/** One entry of a contract's data. */
export const dataUsage = (key: Uint8Array, value: Uint8Array, extraPerRecord: bigint): bigint =>
  BigInt(key.length + value.length) + extraPerRecord

/** The account's code, or the name of the global contract it uses. */
export function contractUsage(contract: AccountContract, localCodeLength: number): bigint {
  switch (contract.type) {
    case 'None':
      return 0n
    case 'Local':
      return BigInt(localCodeLength)
    case 'Global':
      return 32n
    case 'GlobalByAccount':
      return BigInt(contract.accountId.length)
  }
}
