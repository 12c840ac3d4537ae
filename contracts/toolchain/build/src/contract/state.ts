import { decodeUtf8 } from './host.ts'
import type { Schema } from './schema/types.ts'

/** The one record all fields of the contract class live in, as in near-sdk-js. */
const KEY = 'STATE'
/** Register for the replaced value, which nobody reads. */
const EVICTED = 1

/** The state's JSON as it lies in storage, to write only what changed. Every call starts from the snapshot's value. */
let stored: string | null = null

/** The parsed state, or null where there is none. @throws Error if it has another shape */
export function loadState<T>(schema: Schema<T>): T | null {
  if (env.storage_read(KEY, 0) !== 1n) return null
  stored = decodeUtf8(env.read_register(0) as Uint8Array)
  return schema.parse(JSON.parse(stored))
}

/** Writes the state if it changed. @throws Error for a field out of its schema's bounds: nothing unreadable is written. */
export function saveState<T>(schema: Schema<T>, values: T): void {
  const json = JSON.stringify(schema.format(values))
  if (json !== stored) env.storage_write(KEY, json, EVICTED)
}
