import { decodeUtf8 } from './host.ts'
import type { Schema } from './schema/types.ts'

/** How one promise ended. An answer of the wrong shape is no success: `unexpected`. */
export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: 'failed' | 'unexpected' }

/** A result whose content does not matter, such as a transfer's. */
export const nothing = null

const SUCCESS = 1n

/**
 * What became of the promise at place `at`. Never fails for anything a foreign contract can answer, be it malformed,
 * huge or deeply nested: a callback has to reach its failure path whatever the other side does.
 */
export function outcome<T>(at: number, schema: Schema<T> | null): Outcome<T> {
  if (env.promise_result(at, 0) !== SUCCESS) return { ok: false, why: 'failed' }
  if (schema === nothing) return { ok: true, value: undefined as T }
  // a character takes three bytes at most, or four for two
  if (env.register_len(0) > BigInt(schema.longest * 3)) return { ok: false, why: 'unexpected' }
  try {
    const text = decodeUtf8(env.read_register(0) as Uint8Array)
    if (text.length <= schema.longest) return { ok: true, value: schema.parse(JSON.parse(text)) }
  } catch {}
  return { ok: false, why: 'unexpected' }
}
