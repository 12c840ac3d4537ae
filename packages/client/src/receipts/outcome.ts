import type { Check, CheckStatus } from '@dcml/attestation'
import { DcmlError, equalBytes, toHex } from '@dcml/protocol'

const outcome =
  (status: CheckStatus) =>
  (name: string, why: string): Check => ({ name, status, why })

export const pass = outcome('pass')
export const fail = outcome('fail')
export const skipped = outcome('skipped')

const short = (digest: Uint8Array): string => `${toHex(digest).slice(0, 16)}…`

/** Compares what a receipt says with what it has to say. */
export const same = (name: string, found: Uint8Array, expected: Uint8Array): Check =>
  equalBytes(found, expected)
    ? pass(name, `is ${short(found)}`)
    : fail(name, `is ${short(found)}, not ${short(expected)}`)

/** A receipt that does not prove the answer it came with. Code `receipt_invalid`; `checks` says which check failed. */
export class ReceiptRefused extends DcmlError {
  readonly checks: readonly Check[]

  constructor(checks: readonly Check[]) {
    const failed = checks.filter(({ status }) => status === 'fail')
    super(
      'receipt_invalid',
      `The receipt was refused (${failed.map(({ name, why }) => `${name} ${why}`).join('; ')}).`,
      {
        hint: 'Do not use this answer. The receipt is kept as evidence; ask another host.',
        details: { failed: failed.map(({ name }) => name).join(',') },
      },
    )
    this.checks = checks
  }
}
