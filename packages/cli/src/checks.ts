import type { Check } from '@dcml/attestation'
import { line } from './output.ts'

const marks = { pass: 'pass   ', fail: 'FAIL   ', skipped: 'skipped' } as const

/** One line a check: status, name, reason. */
export const formatChecks = (checks: readonly Check[]): string =>
  checks.map(({ name, status, why }) => `  ${marks[status]}  ${name.padEnd(31)} ${line(why)}`).join('\n')
