// A question about state, and what each kind of it is asked with.
import * as v from 'valibot'
import { accountId, base64, hash, publicKey } from '../../wire/json/scalars.ts'

export const account = { account_id: accountId }
export const accessKey = { ...account, public_key: publicKey }
export const call = { ...account, method_name: v.string(), args_base64: base64 }
export const state = {
  ...account,
  prefix_base64: base64,
  include_proof: v.optional(v.nullable(v.boolean()), false),
  /** A page ends after so many entries, and the next one begins after its last key. */
  after_key_base64: v.optional(v.nullable(base64), null),
  limit: v.optional(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(0xffffffff))), null),
}
export const codeHash = { code_hash: hash }
