import { DcmlError } from '@dcml/protocol'
import type { Check } from '../check.ts'
import { printable } from '../evidence/fields.ts'
import type { Refused } from '../evidence/verify.ts'

/** The other end is not what the policy accepts. Code `attestation_refused`; `checks` says which check failed and why. */
export class AttestationRefused extends DcmlError {
  readonly checks: readonly Check[]

  /** @param now the time that the evidence was judged at */
  constructor({ checks, label }: Refused, now: Date) {
    const failed = checks.filter(({ status }) => status === 'fail')
    const first = failed.map(({ name, why }) => `${name}: ${printable(why)}`)[0] ?? 'no trust root stands behind it'
    super('attestation_refused', `The evidence was refused (${first}).`, {
      hint: hintFor(failed, label, now),
      details: { failed: failed.map(({ name }) => name).join(',') },
    })
    this.checks = checks
  }
}

function hintFor(failed: readonly Check[], label: Refused['label'], now: Date): string {
  if (label && failed.some(({ name }) => /(^|_)(environment|root_pinned)$/.test(name)))
    return 'This is a simulated TEE. Only a policy for development accepts it, with its root given explicitly.'
  if (failed.length > 0 && failed.every(({ untimely }) => untimely)) {
    const time = Number.isNaN(now.getTime()) ? 'no valid time' : now.toISOString()
    return `Check the clock of this machine (it says ${time}) and of the host. Nothing was sent.`
  }
  return 'Nothing was sent. Use another host, or correct the policy if this one should be accepted.'
}
