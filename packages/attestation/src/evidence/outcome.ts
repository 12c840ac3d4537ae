import { equalBytes } from '@dcml/protocol'
import type { Check, CheckStatus } from '../check.ts'
import { short } from './fields.ts'

const outcome =
  (status: CheckStatus) =>
  (name: string, why: string): Check => ({ name, status, why })

export const pass = outcome('pass')
export const fail = outcome('fail')
export const skipped = outcome('skipped')

/** A check whose inputs another one did not yield. */
export const unreached = (name: string): Check => skipped(name, 'Not reached: it builds on a check that failed.')

/** Compares what is there with what has to be there. */
export function same(name: string, what: string, found: Uint8Array | undefined, expected: Uint8Array): Check {
  if (found === undefined) return fail(name, `${what} is missing`)
  if (!equalBytes(found, expected)) return fail(name, `${what} is ${short(found)}, not ${short(expected)}`)
  return pass(name, `${what} is ${short(found)}`)
}
