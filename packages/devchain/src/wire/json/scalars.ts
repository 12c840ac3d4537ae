// Scalars as serde writes them in NEAR's JSON. Reading takes what nearcore takes; writing gives the one form.

import { isAccountId, parseHash, parsePublicKey, parseSignature } from '@dcml/light-client'
import * as v from 'valibot'
import { fromBase64, toBase64 } from './base64.ts'

const U64 = 2n ** 64n
const U128 = 2n ** 128n

const parses = (parse: (text: string) => unknown) => (text: string) => {
  try {
    parse(text)
    return true
  } catch {
    return false
  }
}

export const accountId = v.pipe(v.string(), v.check(isAccountId, 'not an account id'))
export const hash = v.pipe(v.string(), v.check(parses(parseHash), 'not base58 of 32 bytes'))
export const publicKey = v.pipe(
  v.string(),
  v.transform((text) => (text.includes(':') ? text : `ed25519:${text}`)),
  v.check(parses(parsePublicKey), 'not a public key'),
)
export const signature = v.pipe(v.string(), v.check(parses(parseSignature), 'not a signature'))

/** yoctoNEAR: a decimal string, or a number where it is exact. */
export const amount = v.pipe(
  v.union([v.pipe(v.string(), v.regex(/^\d{1,39}$/, 'not a decimal integer')), v.pipe(v.number(), v.safeInteger())]),
  v.transform((value) => BigInt(value)),
  v.check((value) => value >= 0n && value < U128, 'not a u128'),
)

/** A u64. Numbers beyond 2^53 have lost digits on their way here and are refused; nearcore writes none that matter. */
export const u64 = v.pipe(
  v.union([v.pipe(v.number(), v.safeInteger()), v.pipe(v.string(), v.regex(/^\d{1,20}$/)), v.bigint()]),
  v.transform((value) => BigInt(value)),
  v.check((value) => value >= 0n && value < U64, 'not a u64'),
)
export const u16 = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff))

/** Bytes in base64; nearcore insists on padding, and so do we. */
export const base64 = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const bytes = fromBase64(dataset.value)
    if (bytes) return bytes
    addIssue({ message: 'not base64' })
    return NEVER
  }),
)

/** A u64 as JSON has it; beyond 2^53 it stays a bigint, which the RPC server writes digit by digit. */
export const u64Json = (value: bigint): number | bigint =>
  value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value

export { toBase64 }
