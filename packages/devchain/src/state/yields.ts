// Yielded promises: what waits for a resume, and until when.

import { type AccountId, accountIdLayout, type CryptoHash, hashLayout, names } from '@dcml/light-client'
import { bytes32, type Layout, struct, u64 } from '@dcml/protocol'
import { receiptLayout } from '../wire/receipt.ts'
import type { Receipt } from '../wire/types.ts'
import { trieKey } from './keys.ts'
import { type Readable, read, write } from './reading.ts'
import type { StateUpdate } from './types.ts'
import { EMPTY_QUEUE, type QueueIndices, queueIndices } from './waiting.ts'

export const getYieldReceipt = (state: Readable, id: AccountId, dataId: CryptoHash): Receipt | undefined =>
  read(state, receiptLayout, trieKey.yieldReceipt(id, dataId))
export const setYieldReceipt = (state: StateUpdate, dataId: CryptoHash, receipt: Receipt): void =>
  write(state, receiptLayout, trieKey.yieldReceipt(receipt.receiverId, dataId), receipt)
export const removeYieldReceipt = (state: StateUpdate, id: AccountId, dataId: CryptoHash): void =>
  state.remove(trieKey.yieldReceipt(id, dataId))

/** Known from the call that yields, before its receipt is stored. */
export type YieldStatus = 'Yielded' | 'ResumeInitiated'
export const yieldStatusLayout = names<YieldStatus>('yield status', ['Yielded', 'ResumeInitiated'])

export const getYieldStatus = (state: Readable, id: AccountId, dataId: CryptoHash): YieldStatus | undefined =>
  read(state, yieldStatusLayout, trieKey.yieldStatus(id, dataId))
export const setYieldStatus = (state: StateUpdate, id: AccountId, dataId: CryptoHash, value: YieldStatus): void =>
  write(state, yieldStatusLayout, trieKey.yieldStatus(id, dataId), value)
export const removeYieldStatus = (state: StateUpdate, id: AccountId, dataId: CryptoHash): void =>
  state.remove(trieKey.yieldStatus(id, dataId))

/** Yield ids are 32 bytes the contract chose. */
export const getDataIdOfYield = (state: Readable, id: AccountId, yieldId: Uint8Array): CryptoHash | undefined =>
  read(state, hashLayout, trieKey.yieldIdToDataId(id, yieldId))
export const getYieldIdOfData = (state: Readable, id: AccountId, dataId: CryptoHash): Uint8Array | undefined =>
  read(state, bytes32, trieKey.dataIdToYieldId(id, dataId))

export function setYieldId(state: StateUpdate, id: AccountId, yieldId: Uint8Array, dataId: CryptoHash): void {
  write(state, hashLayout, trieKey.yieldIdToDataId(id, yieldId), dataId)
  write(state, bytes32, trieKey.dataIdToYieldId(id, dataId), yieldId)
}
export function removeYieldId(state: StateUpdate, id: AccountId, yieldId: Uint8Array, dataId: CryptoHash): void {
  state.remove(trieKey.yieldIdToDataId(id, yieldId))
  state.remove(trieKey.dataIdToYieldId(id, dataId))
}

/** When a yield is resumed with a failure. */
export interface YieldTimeout {
  readonly accountId: AccountId
  readonly dataId: CryptoHash
  /** Block height. */
  readonly expiresAt: bigint
}
export const yieldTimeoutLayout: Layout<YieldTimeout> = struct<YieldTimeout>({
  accountId: accountIdLayout,
  dataId: hashLayout,
  expiresAt: u64,
})

const yieldIndices = (state: Readable): QueueIndices => read(state, queueIndices, trieKey.yieldIndices()) ?? EMPTY_QUEUE

export function pushYieldTimeout(state: StateUpdate, value: YieldTimeout): void {
  const { first, next } = yieldIndices(state)
  write(state, yieldTimeoutLayout, trieKey.yieldTimeout(next), value)
  write(state, queueIndices, trieKey.yieldIndices(), { first, next: next + 1n })
}

/** The timeout that is due first, left in place. */
export function peekYieldTimeout(state: Readable): YieldTimeout | undefined {
  const { first, next } = yieldIndices(state)
  return first === next ? undefined : read(state, yieldTimeoutLayout, trieKey.yieldTimeout(first))
}

export function dropYieldTimeout(state: StateUpdate): void {
  const { first, next } = yieldIndices(state)
  state.remove(trieKey.yieldTimeout(first))
  write(state, queueIndices, trieKey.yieldIndices(), { first: first + 1n, next })
}
