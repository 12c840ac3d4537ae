// Receipts that wait for data, data that waits for receipts, and the queue of those a full block left over.

import { type AccountId, type CryptoHash, hashLayout } from '@dcml/light-client'
import { bytes, type Layout, option, struct, u32, u64 } from '@dcml/protocol'
import { receiptLayout, type StoredReceipt, storedReceiptLayout } from '../wire/receipt.ts'
import type { Receipt } from '../wire/types.ts'
import { trieKey } from './keys.ts'
import { type Readable, read, write } from './reading.ts'
import type { StateUpdate } from './types.ts'

const receivedData = struct<{ data: Uint8Array | null }>({ data: option(bytes(2 ** 32 - 1)) })

/** `null` is a failed promise, `undefined` nothing yet. */
export const getReceivedData = (state: Readable, id: AccountId, dataId: CryptoHash): Uint8Array | null | undefined =>
  read(state, receivedData, trieKey.receivedData(id, dataId))?.data
export const setReceivedData = (state: StateUpdate, id: AccountId, dataId: CryptoHash, data: Uint8Array | null): void =>
  write(state, receivedData, trieKey.receivedData(id, dataId), { data })
export const removeReceivedData = (state: StateUpdate, id: AccountId, dataId: CryptoHash): void =>
  state.remove(trieKey.receivedData(id, dataId))

/** The receipt that waits for this data. */
export const getWaitingReceiptId = (state: Readable, id: AccountId, dataId: CryptoHash): CryptoHash | undefined =>
  read(state, hashLayout, trieKey.postponedReceiptId(id, dataId))
export const setWaitingReceiptId = (
  state: StateUpdate,
  id: AccountId,
  dataId: CryptoHash,
  receiptId: CryptoHash,
): void => write(state, hashLayout, trieKey.postponedReceiptId(id, dataId), receiptId)
export const removeWaitingReceiptId = (state: StateUpdate, id: AccountId, dataId: CryptoHash): void =>
  state.remove(trieKey.postponedReceiptId(id, dataId))

/** Inputs a postponed receipt still lacks. */
export const getPendingDataCount = (state: Readable, id: AccountId, receiptId: CryptoHash): number | undefined =>
  read(state, u32, trieKey.pendingDataCount(id, receiptId))
export const setPendingDataCount = (state: StateUpdate, id: AccountId, receiptId: CryptoHash, count: number): void =>
  write(state, u32, trieKey.pendingDataCount(id, receiptId), count)
export const removePendingDataCount = (state: StateUpdate, id: AccountId, receiptId: CryptoHash): void =>
  state.remove(trieKey.pendingDataCount(id, receiptId))

export const getPostponedReceipt = (state: Readable, id: AccountId, receiptId: CryptoHash): Receipt | undefined =>
  read(state, receiptLayout, trieKey.postponedReceipt(id, receiptId))
export const setPostponedReceipt = (state: StateUpdate, receipt: Receipt): void =>
  write(state, receiptLayout, trieKey.postponedReceipt(receipt.receiverId, receipt.receiptId), receipt)
export const removePostponedReceipt = (state: StateUpdate, id: AccountId, receiptId: CryptoHash): void =>
  state.remove(trieKey.postponedReceipt(id, receiptId))

/** A queue in state: `first` up to but not including `next`. */
export interface QueueIndices {
  readonly first: bigint
  readonly next: bigint
}
export const queueIndices: Layout<QueueIndices> = struct<QueueIndices>({ first: u64, next: u64 })
export const EMPTY_QUEUE: QueueIndices = { first: 0n, next: 0n }

export const delayedReceiptIndices = (state: Readable): QueueIndices =>
  read(state, queueIndices, trieKey.delayedReceiptIndices()) ?? EMPTY_QUEUE

export function pushDelayedReceipt(state: StateUpdate, stored: StoredReceipt): void {
  const { first, next } = delayedReceiptIndices(state)
  write(state, storedReceiptLayout, trieKey.delayedReceipt(next), stored)
  write(state, queueIndices, trieKey.delayedReceiptIndices(), { first, next: next + 1n })
}

/** Takes the oldest delayed receipt out; undefined if there is none. */
export function popDelayedReceipt(state: StateUpdate): StoredReceipt | undefined {
  const { first, next } = delayedReceiptIndices(state)
  if (first === next) return undefined
  const stored = read(state, storedReceiptLayout, trieKey.delayedReceipt(first))
  state.remove(trieKey.delayedReceipt(first))
  write(state, queueIndices, trieKey.delayedReceiptIndices(), { first: first + 1n, next })
  return stored
}
