import { u64Json } from '../../wire/json/scalars.ts'
import type { InvalidTxError } from '../types.ts'

/** Nonces a block height opens: below `height` times this. */
const NONCE_RANGE = 1_000_000n

/** First value of a new key's nonce: above all nonces its predecessor of the same name can have used. */
export const initialNonce = (height: number): bigint => (BigInt(height) - 1n) * NONCE_RANGE

export const nonceUpperBound = (height: number): bigint => BigInt(height) * NONCE_RANGE

/** Whether `nonce` may follow `current` at `height`. */
export function nonceError(
  nonce: bigint,
  current: bigint,
  height: number,
  mode: 'Monotonic' | 'Strict',
): InvalidTxError | null {
  if (mode === 'Strict' ? nonce !== current + 1n : nonce <= current)
    return { InvalidNonce: { tx_nonce: u64Json(nonce), ak_nonce: u64Json(current) } }
  const upperBound = nonceUpperBound(height)
  if (nonce >= upperBound) return { NonceTooLarge: { tx_nonce: u64Json(nonce), upper_bound: u64Json(upperBound) } }
  return null
}
