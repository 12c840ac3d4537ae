import { checkMayChange } from './guard.ts'
import { decodeUtf8 } from './host.ts'
import type { Schema } from './schema/types.ts'

const names = new Set<string>()

/** Register for values that storage hands back on replace and remove. */
const EVICTED = 1

/** Typed records under string keys; costs 1e19 yocto per byte of storage. Cannot be listed. */
export interface Table<T> {
  /** The record, or null. */
  get(key: string): T | null
  has(key: string): boolean
  set(key: string, value: T): void
  /** True if there was one. */
  remove(key: string): boolean
}

/**
 * A table named `name` (1 to 24 of a-z and _). Its keys are `name:key`: no two tables can meet, nor a table and the state.
 * @throws Error at build time for a bad name, or one that is taken.
 */
export function table<T>(name: string, schema: Schema<T>): Table<T> {
  if (!/^[a-z_]{1,24}$/.test(name)) throw new Error(`table name ${name}: use a-z and _`)
  if (names.has(name)) throw new Error(`two tables are named ${name}`)
  names.add(name)
  const at = (key: string) => `${name}:${key}`
  return {
    get: (key) =>
      env.storage_read(at(key), 0) === 1n
        ? schema.parse(JSON.parse(decodeUtf8(env.read_register(0) as Uint8Array)))
        : null,
    has: (key) => env.storage_has_key(at(key)) === 1n,
    set: (key, value) => {
      checkMayChange()
      env.storage_write(at(key), JSON.stringify(schema.format(value)), EVICTED)
    },
    remove: (key) => {
      checkMayChange()
      return env.storage_remove(at(key), EVICTED) === 1n
    },
  }
}
