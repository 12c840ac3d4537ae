import { format, parse } from './codec.ts'
import { decodeUtf8 } from './host.ts'
import { type Fields, record, type Values } from './schema.ts'

/** The one record all fields of the contract class live in, as in near-sdk-js. */
const KEY = 'STATE'
/** Register for the replaced value, which nobody reads. */
const EVICTED = 1

/** The state's JSON as it lies in storage, to write only what changed. Every call starts from the snapshot's value. */
let stored: string | null = null

/** The parsed state, or null where there is none. */
export function loadState<F extends Fields>(fields: F): Values<F> | null {
  if (env.storage_read(KEY, 0) !== 1n) return null
  stored = decodeUtf8(env.read_register(0) as Uint8Array)
  return parse(record(fields), JSON.parse(stored), 'state')
}

/** The state an older version wrote. @throws Error if there is none, or it has another shape. */
export function storedState<F extends Fields>(fields: F): Values<F> {
  const state = loadState(fields)
  if (state === null) throw new Error('nothing to migrate')
  return state
}

/** Writes the state if it changed. @throws Error for a field out of its schema's bounds: nothing unreadable is written. */
export function saveState<F extends Fields>(fields: F, values: Values<F>): void {
  const json = JSON.stringify(format(record(fields), values, 'state'))
  if (json !== stored) env.storage_write(KEY, json, EVICTED)
}
