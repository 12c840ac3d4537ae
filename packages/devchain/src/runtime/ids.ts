// Names of what a chunk makes (nearcore `core/primitives/src/utils.rs`): each id is the SHA-256 of its parent's id, the
// block height and a number, so that a replay makes the same ids and no two things share one.
import { type CryptoHash, parseHash } from '@dcml/light-client'
import { concatBytes } from '@dcml/protocol'
import { hashOf, sha256 } from '../wire/hash.ts'

const LAST_INDEX = 2n ** 64n - 1n

function numbers(height: bigint, index: bigint): Uint8Array {
  const bytes = new Uint8Array(16)
  const view = new DataView(bytes.buffer)
  view.setBigUint64(0, height, true)
  view.setBigUint64(8, index, true)
  return bytes
}

const child = (parent: CryptoHash, height: number, index: bigint): CryptoHash =>
  hashOf(concatBytes(parseHash(parent), numbers(BigInt(height), index)))

/** The one receipt a transaction becomes. */
export const transactionReceiptId = (transactionHash: CryptoHash, height: number): CryptoHash =>
  child(transactionHash, height, 0n)

/** The `index`-th receipt made by a receipt, refunds and data included. */
export const childReceiptId = (receiptId: CryptoHash, height: number, index: number): CryptoHash =>
  child(receiptId, height, BigInt(index))

/** One action of a receipt; counted from the far end, so never equal to a receipt's id. */
export const actionHash = (receiptId: CryptoHash, height: number, index: number): CryptoHash =>
  child(receiptId, height, LAST_INDEX - BigInt(index))

/** The `index`-th data id an action asks for, 32 bytes. */
export const dataId = (action: CryptoHash, height: number, index: number): Uint8Array =>
  sha256(concatBytes(parseHash(action), numbers(BigInt(height), BigInt(index))))

/** The `index`-th resume that a block makes because a yield ran out of time. */
export const timeoutReceiptId = (yieldDataId: CryptoHash, height: number, index: number): CryptoHash =>
  child(yieldDataId, height, BigInt(index))

/** What `random_seed` gives a function call, 32 bytes. */
export const callSeed = (action: CryptoHash, blockRandomValue: Uint8Array): Uint8Array =>
  sha256(concatBytes(parseHash(action), blockRandomValue))
