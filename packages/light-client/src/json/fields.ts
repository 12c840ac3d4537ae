// Fields of NEAR's JSON-RPC answers, each read in one exact way.
import { DcmlError } from '@dcml/protocol'
import { base64 } from '@scure/base'
import * as v from 'valibot'
import type { AccountId, CryptoHash, PublicKey, Signature } from '../transaction/types.ts'
import { isAccountId } from '../wire/account-id.ts'
import { parseHash } from '../wire/hash.ts'
import { parsePublicKey, parseSignature } from '../wire/keys.ts'

const accepts = (parse: (text: string) => unknown) => (text: string) => {
  try {
    parse(text)
    return true
  } catch {
    return false
  }
}

export const hash: v.GenericSchema<unknown, CryptoHash> = v.pipe(
  v.string(),
  v.check(accepts(parseHash), 'not base58 of 32 bytes'),
)
export const publicKey: v.GenericSchema<unknown, PublicKey> = v.pipe(
  v.string(),
  v.check(accepts(parsePublicKey), 'not a public key'),
)
export const signature: v.GenericSchema<unknown, Signature> = v.pipe(
  v.string(),
  v.check(accepts(parseSignature), 'not a signature'),
)
export const accountId: v.GenericSchema<unknown, AccountId> = v.pipe(
  v.string(),
  v.check(isAccountId, 'not an account id'),
)

/** Decimal digits as NEAR writes them, so that one number has one form. */
const decimal = v.pipe(
  v.string(),
  v.regex(/^(?:0|[1-9]\d{0,38})$/, 'not a decimal integer'),
  v.transform((digits) => BigInt(digits)),
)

/** An unsigned integer: a JSON number that is exact, the bigint of `parseExactJson`, or a decimal string. */
const unsigned = (bits: bigint): v.GenericSchema<unknown, bigint> =>
  v.pipe(
    v.union([
      decimal,
      v.bigint(),
      v.pipe(
        v.number(),
        v.safeInteger('beyond 2^53 and so not exact'),
        v.transform((number) => BigInt(number)),
      ),
    ]),
    v.check((value) => value >= 0n && value < 1n << bits, `does not fit u${bits}`),
  )

export const u64 = unsigned(64n)
export const u128 = unsigned(128n)

/** A block height: u64 on the wire, far below 2^53 for the next millions of years. */
export const height: v.GenericSchema<unknown, number> = v.pipe(
  u64,
  v.check((value) => value <= Number.MAX_SAFE_INTEGER, 'beyond 2^53'),
  v.transform(Number),
)

/** Standard base64 with padding. */
export const bytes: v.GenericSchema<unknown, Uint8Array> = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    try {
      return base64.decode(dataset.value)
    } catch {
      addIssue({ message: 'not base64' })
      return NEVER
    }
  }),
)

/** Well-formed text: a lone surrogate has no UTF-8, so no hash. */
export const text: v.GenericSchema<unknown, string> = v.pipe(
  v.string(),
  v.check((value) => value.isWellFormed(), 'not well-formed Unicode'),
)

/** A list whose length is looked at before its items are: reading those takes time. */
export const listOf = <T>(item: v.GenericSchema<unknown, T>, max: number): v.GenericSchema<unknown, T[]> =>
  v.pipe(v.array(v.unknown()), v.maxLength(max), v.array(item))

/** Text, or bytes, of one JSON document, or what was read from it. */
export type Json = unknown

/** Checks a value against its schema. @throws DcmlError with `code`, naming the first wrong field */
export function readValue<T>(schema: v.GenericSchema<unknown, T>, value: Json, code: string, what: string): T {
  const parsed = v.safeParse(schema, value, { abortEarly: true })
  if (parsed.success) return parsed.output
  const issue = parsed.issues[0]
  const path = v.getDotPath(issue)
  const why = issue.message.slice(0, 120)
  throw new DcmlError(code, `The ${what} cannot be read: ${path === null ? why : `${path.slice(0, 120)}: ${why}`}.`, {
    hint: 'Pass the result of the RPC call as it came; integers beyond 2^53 need parseExactJson.',
    ...(path !== null && { details: { field: path.slice(0, 120) } }),
  })
}
