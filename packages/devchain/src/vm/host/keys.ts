// Access keys and stakes. nearcore reads a public key early and judges it last, after the fees.
import { type FunctionCallPermission, formatPublicKey, type PublicKey } from '@dcml/light-client'
import type { Call } from '../call.ts'
import { payFee, payFeeSplit } from '../fees.ts'
import { hostError } from '../host-error.ts'
import { readAccountId } from '../text.ts'
import { methodName, receiptOf } from './actions.ts'
import { gated, type HostTable, procedure } from './define.ts'

/** Borsh of `GasKeyInfo`, of a gas key's access key and of a nonce; bytes that name one nonce of a key. */
const GAS_KEY_INFO_LENGTH = 18
const GAS_KEY_LENGTH = 27
const NONCE_LENGTH = 8
const NONCE_INDEX_LENGTH = 2
const MAX_NONCES = 0xffffn

const curves = [
  { curve: 'ed25519', length: 32 },
  { curve: 'secp256k1', length: 64 },
  { curve: 'ml-dsa-65', length: 1952 },
] as const

/** In state, the longest keys are named by a hash of 32 bytes. */
const HASHED_KEY_LENGTH = 33

export const keys: HostTable = {
  promise_batch_action_stake: procedure((call, promise, amountPointer, keyLength, key) => {
    call.pay('base')
    call.denyInView('promise_batch_action_stake')
    const stake = call.readU128(amountPointer)
    const publicKey = takeKey(call, keyLength, key)
    const { receipt, sir } = receiptOf(call, promise)
    payFee(call, 'stake', sir)
    call.promises.append(receipt, { type: 'Stake', stake, publicKey: publicKey.decode() })
  }),

  promise_batch_action_add_key_with_full_access: procedure((call, promise, keyLength, key, nonce) => {
    call.pay('base')
    call.denyInView('promise_batch_action_add_key_with_full_access')
    const publicKey = takeKey(call, keyLength, key)
    const { receipt, sir } = receiptOf(call, promise)
    payFee(call, 'add_full_access_key', sir)
    call.promises.append(receipt, {
      type: 'AddKey',
      publicKey: publicKey.decode(),
      accessKey: { nonce: BigInt.asUintN(64, nonce), permission: { type: 'FullAccess' } },
    })
  }),

  promise_batch_action_add_key_with_function_call: procedure(
    (call, promise, keyLength, key, nonce, allowance, idLength, id, namesLength, names) => {
      call.pay('base')
      call.denyInView('promise_batch_action_add_key_with_function_call')
      const publicKey = takeKey(call, keyLength, key)
      const permission = takePermission(call, allowance, idLength, id, namesLength, names)
      const { receipt, sir } = receiptOf(call, promise)
      payPermission(call, sir, permission.names)
      call.promises.append(receipt, {
        type: 'AddKey',
        publicKey: publicKey.decode(),
        accessKey: {
          nonce: BigInt.asUintN(64, nonce),
          permission: { type: 'FunctionCall', ...permission.decode() },
        },
      })
    },
  ),

  promise_batch_action_delete_key: procedure((call, promise, keyLength, key) => {
    call.pay('base')
    call.denyInView('promise_batch_action_delete_key')
    const publicKey = takeKey(call, keyLength, key)
    const { receipt, sir } = receiptOf(call, promise)
    payFee(call, 'delete_key', sir)
    call.promises.append(receipt, { type: 'DeleteKey', publicKey: publicKey.decode() })
  }),

  promise_batch_action_transfer_to_gas_key: gated(
    'gas_key_host_fns',
    procedure((call, promise, keyLength, key, amountPointer) => {
      call.pay('base')
      call.denyInView('promise_batch_action_transfer_to_gas_key')
      const publicKey = takeKey(call, keyLength, key)
      const deposit = call.readU128(amountPointer)
      const { receipt, sir } = receiptOf(call, promise)
      payFee(call, 'gas_key_transfer', sir)
      const stored = stateKeyLength(call, receipt, publicKey) + GAS_KEY_LENGTH
      payFeeSplit(call, 'gas_key_byte', sir, publicKey.length, stored)
      call.spend(deposit)
      call.promises.append(receipt, { type: 'TransferToGasKey', publicKey: publicKey.decode(), deposit })
    }),
  ),

  promise_batch_action_add_gas_key_with_full_access: gated(
    'gas_key_host_fns',
    procedure((call, promise, keyLength, key, nonces) => {
      call.pay('base')
      call.denyInView('promise_batch_action_add_gas_key_with_full_access')
      const publicKey = takeKey(call, keyLength, key)
      const numNonces = checkedNonces(nonces)
      const { receipt, sir } = receiptOf(call, promise)
      payFee(call, 'add_full_access_key', sir)
      payNonces(call, receipt, sir, publicKey, numNonces)
      call.promises.append(receipt, {
        type: 'AddKey',
        publicKey: publicKey.decode(),
        accessKey: { nonce: 0n, permission: { type: 'GasKeyFullAccess', gasKey: { balance: 0n, numNonces } } },
      })
    }),
  ),

  promise_batch_action_add_gas_key_with_function_call: gated(
    'gas_key_host_fns',
    procedure((call, promise, keyLength, key, nonces, allowance, idLength, id, namesLength, names) => {
      call.pay('base')
      call.denyInView('promise_batch_action_add_gas_key_with_function_call')
      const publicKey = takeKey(call, keyLength, key)
      const numNonces = checkedNonces(nonces)
      const permission = takePermission(call, allowance, idLength, id, namesLength, names)
      const { receipt, sir } = receiptOf(call, promise)
      payPermission(call, sir, permission.names)
      payNonces(call, receipt, sir, publicKey, numNonces)
      call.promises.append(receipt, {
        type: 'AddKey',
        publicKey: publicKey.decode(),
        accessKey: {
          nonce: 0n,
          permission: { type: 'GasKeyFunctionCall', gasKey: { balance: 0n, numNonces }, ...permission.decode() },
        },
      })
    }),
  ),
}

/** A key that was read and not yet judged. */
interface TakenKey {
  /** On the wire, tag included; 0 for what is no key. */
  readonly length: number
  /** @throws HostError `InvalidPublicKey` */
  decode(): PublicKey
}

function takeKey(call: Call, length: bigint, pointer: bigint): TakenKey {
  const bytes = call.take(pointer, length)
  const found = curves[bytes[0]!]
  if (found === undefined || bytes.length !== found.length + 1)
    return {
      length: 0,
      decode() {
        throw hostError('InvalidPublicKey')
      },
    }
  return { length: bytes.length, decode: () => formatPublicKey({ curve: found.curve, bytes: bytes.subarray(1) }) }
}

interface TakenPermission {
  readonly names: readonly Uint8Array[]
  /** @throws HostError `InvalidMethodName` */
  decode(): FunctionCallPermission
}

function takePermission(
  call: Call,
  allowancePointer: bigint,
  idLength: bigint,
  id: bigint,
  namesLength: bigint,
  namesPointer: bigint,
): TakenPermission {
  const allowance = call.readU128(allowancePointer)
  const receiverId = readAccountId(call, idLength, id)
  const names = splitNames(call.take(namesPointer, namesLength))
  return {
    names,
    decode: () => ({ allowance: allowance === 0n ? null : allowance, receiverId, methodNames: names.map(methodName) }),
  }
}

/** @throws HostError `EmptyMethodName` */
function splitNames(bytes: Uint8Array): Uint8Array[] {
  if (bytes.length === 0) return []
  const names: Uint8Array[] = []
  for (let start = 0; start <= bytes.length; ) {
    const comma = bytes.indexOf(0x2c, start)
    const end = comma === -1 ? bytes.length : comma
    if (end === start) throw hostError('EmptyMethodName')
    names.push(bytes.subarray(start, end))
    start = end + 1
  }
  return names
}

/** Names are paid with the separator each would have. */
function payPermission(call: Call, sir: boolean, names: readonly Uint8Array[]): void {
  payFee(call, 'add_function_call_key', sir)
  payFee(
    call,
    'add_function_call_key_per_byte',
    sir,
    names.reduce((sum, name) => sum + name.length + 1, 0),
  )
}

/** @throws HostError `IntegerOverflow` */
function checkedNonces(nonces: bigint): number {
  const count = BigInt.asUintN(64, nonces)
  if (count > MAX_NONCES) throw hostError('IntegerOverflow')
  return Number(count)
}

function payNonces(call: Call, receipt: number, sir: boolean, key: TakenKey, count: number): void {
  payFeeSplit(call, 'gas_key_nonce_write_base', sir, 0, count)
  const bytes = stateKeyLength(call, receipt, key) + NONCE_INDEX_LENGTH + NONCE_LENGTH
  payFeeSplit(call, 'gas_key_byte', sir, GAS_KEY_INFO_LENGTH, bytes * count)
}

/** Length of the access key's name in the trie: a column, the account, a separator, the key. */
function stateKeyLength(call: Call, receipt: number, key: TakenKey): number {
  const isHashed = call.flags.fix_ml_dsa_cost_charging && key.length === curves[2].length + 1
  return 1 + call.promises.receiver(receipt).length + 1 + (isHashed ? HASHED_KEY_LENGTH : key.length)
}
