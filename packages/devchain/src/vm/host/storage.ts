import type { Call } from '../call.ts'
import { hostError } from '../host-error.ts'
import { type HostFunction, type HostTable, u64 } from './define.ts'

/** Values longer than this are not inlined in NEAR's flat storage (nearcore `INLINE_DISK_VALUE_THRESHOLD`). */
const INLINE_LENGTH = 4000

const deprecated = (name: string, arity: 2 | 3 | 4): HostFunction => ({
  params: Array<'i64'>(arity).fill('i64'),
  result: 'i64',
  flag: null,
  run: () => {
    throw hostError('Deprecated', { method_name: name })
  },
})

export const storage: HostTable = {
  storage_write: u64((call, keyLength, keyPointer, valueLength, valuePointer, register) => {
    call.pay('base')
    call.denyInView('storage_write')
    call.pay('storage_write_base')
    const key = readKey(call, keyLength, keyPointer)
    const value = call.take(valuePointer, valueLength)
    const limit = call.limits.max_length_storage_value
    if (value.length > limit) throw hostError('ValueLengthExceeded', { length: value.length, limit })
    call.payPer('storage_write_key_byte', key.length)
    call.payPer('storage_write_value_byte', value.length)
    const evicted = call.external.storageGet(key)
    if (evicted !== undefined) call.payPer('storage_write_evicted_byte', evicted.length)
    call.payPer('touching_trie_node', call.external.trieNodes(key))
    call.external.storageSet(key, value)
    if (evicted === undefined) {
      call.storageUsage += recordUsage(call, key, value)
      return 0
    }
    call.storageUsage += value.length - evicted.length
    call.setRegister(register, evicted)
    return 1
  }),

  storage_read: u64((call, keyLength, keyPointer, register) => {
    call.pay('base')
    call.pay('storage_read_base')
    const key = readKey(call, keyLength, keyPointer)
    call.payPer('storage_read_key_byte', key.length)
    const value = call.external.storageGet(key)
    if (value === undefined) return 0
    call.payPer('storage_read_value_byte', value.length)
    if (value.length > INLINE_LENGTH) {
      call.pay('storage_large_read_overhead_base')
      call.payPer('storage_large_read_overhead_byte', value.length)
    }
    call.setRegister(register, value)
    return 1
  }),

  storage_remove: u64((call, keyLength, keyPointer, register) => {
    call.pay('base')
    call.denyInView('storage_remove')
    call.pay('storage_remove_base')
    const key = readKey(call, keyLength, keyPointer)
    call.payPer('storage_remove_key_byte', key.length)
    const removed = call.external.storageGet(key)
    if (removed !== undefined) call.payPer('storage_remove_ret_value_byte', removed.length)
    call.payPer('touching_trie_node', call.external.trieNodes(key))
    call.external.storageRemove(key)
    if (removed === undefined) return 0
    call.storageUsage -= recordUsage(call, key, removed)
    call.setRegister(register, removed)
    return 1
  }),

  storage_has_key: u64((call, keyLength, keyPointer) => {
    call.pay('base')
    call.pay('storage_has_key_base')
    const key = readKey(call, keyLength, keyPointer)
    call.payPer('storage_has_key_byte', key.length)
    return call.external.storageGet(key) === undefined ? 0 : 1
  }),

  storage_iter_prefix: deprecated('storage_iter_prefix', 2),
  storage_iter_range: deprecated('storage_iter_range', 4),
  storage_iter_next: deprecated('storage_iter_next', 3),
}

/** @throws HostError `KeyLengthExceeded` */
function readKey(call: Call, length: bigint, pointer: bigint): Uint8Array {
  const key = call.take(pointer, length)
  const limit = call.limits.max_length_storage_key
  if (key.length > limit) throw hostError('KeyLengthExceeded', { length: key.length, limit })
  return key
}

const recordUsage = (call: Call, key: Uint8Array, value: Uint8Array): number =>
  key.length + value.length + call.prices.extraBytesPerRecord
