import { parse } from './codec.ts'
import { decodeUtf8 } from './host.ts'
import type { Schema } from './schema.ts'

/** How one promise ended. An answer of the wrong shape is no success: `unexpected`. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string }

/** A result whose content does not matter, such as a transfer's. */
export const nothing = null

const SUCCESS = 1n
/** Enough for any answer our schemas describe; a longer one could burn the callback's gas. */
const MAX_BYTES = 16_384n
/** JSON.parse recurses: a deeply nested answer would trap, and a callback that traps can undo nothing. */
const MAX_BRACKETS = 200

/**
 * What became of the promise at place `at`. Never throws for anything a foreign contract can answer: a callback has to
 * reach its failure path whatever the other side does.
 */
export function outcome<T>(at: number, schema: Schema<T> | null): Outcome<T> {
  if (env.promise_result(at, 0) !== SUCCESS) return { ok: false, why: 'failed' }
  if (schema === nothing) return { ok: true, value: undefined as T }
  if (env.register_len(0) > MAX_BYTES) return { ok: false, why: 'unexpected' }
  try {
    const text = decodeUtf8(env.read_register(0) as Uint8Array)
    if ((text.match(/[[{]/g)?.length ?? 0) > MAX_BRACKETS) return { ok: false, why: 'unexpected' }
    return { ok: true, value: parse(schema, JSON.parse(text), 'result') }
  } catch {
    return { ok: false, why: 'unexpected' }
  }
}
