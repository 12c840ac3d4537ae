import * as v from 'valibot'
import { parseExactJson } from '../json/exact.ts'

/** A log that is an event (NEP-297). */
export interface Nep297Event {
  readonly standard: string
  readonly version: string
  readonly event: string
  /** As the contract wrote it; an integer beyond 2^53 is a bigint. Undefined where there is none. */
  readonly data: unknown
}

const PREFIX = 'EVENT_JSON:'
const schema = v.object({ standard: v.string(), version: v.string(), event: v.string(), data: v.optional(v.unknown()) })

/** The event that a log is, or undefined where it is none. */
export function parseNep297(log: string): Nep297Event | undefined {
  if (!log.startsWith(PREFIX)) return undefined
  try {
    const { data, ...names } = v.parse(schema, parseExactJson(log.slice(PREFIX.length)))
    return { ...names, data }
  } catch {
    return undefined
  }
}
