// A question about state, and what each kind of it is asked with.
import * as v from 'valibot'
import { accountId, base64, hash, publicKey } from '../../wire/json/scalars.ts'

export const account = { account_id: accountId }
export const accessKey = { ...account, public_key: publicKey }
export const call = { ...account, method_name: v.string(), args_base64: base64 }
export const state = { ...account, prefix_base64: base64, include_proof: v.optional(v.boolean(), false) }
export const codeHash = { code_hash: hash }
