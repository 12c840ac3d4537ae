import type { Check, Environment } from '@dcml/attestation'
import { line } from './output.ts'

const marks = { pass: 'pass   ', fail: 'FAIL   ', skipped: 'skipped' } as const

/** One line a check: status, name, reason. */
export const formatChecks = (checks: readonly Check[]): string =>
  checks.map(({ name, status, why }) => `  ${marks[status]}  ${name.padEnd(31)} ${line(why)}`).join('\n')

/** Goes behind a verdict: whether it is of a simulated TEE. */
export const formatLabel = (environment: Environment | undefined): string =>
  environment === 'development' ? ', DEVELOPMENT evidence: proves nothing' : ''

/** What a reader should mind though nothing failed; empty where there is nothing. */
export function formatWarnings(warnings: readonly { readonly code: string; readonly text: string }[]): string {
  const told = warnings.map(({ code, text }) => `${code}: ${text}`)
  return told.length === 0 ? '' : formatList('Mind:', told)
}

/** A title, and a line for each item. */
export const formatList = (title: string, items: readonly string[]): string =>
  [title, ...items.map((item) => `  - ${line(item)}`)].join('\n')
