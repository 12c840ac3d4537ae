import { DcmlError } from '@dcml/protocol'

/** Nothing that could be stapled was got. */
export const unavailable = (why: string, cause?: unknown): DcmlError =>
  new DcmlError('tee_collateral_unavailable', `What verifiers need beside the quote is not there: ${why}.`, {
    hint: 'Let a job of the node keep the files fresh, or name a service that this machine reaches, better two.',
    retryable: true,
    cause,
  })

/** There is some, but not for this moment. @param until Unix ms */
export const expired = (what: string, from: number, until: number): DcmlError =>
  new DcmlError('tee_collateral_expired', `${what} counts from ${iso(from)} until ${iso(until)}, which is not now.`, {
    hint: 'See that its source can be reached and is kept up to date, and that the clock of this machine is right.',
    retryable: true,
    details: { from, until },
  })

/** Two sources, or a source and what was kept, contradict each other. */
export const disagree = (member: string, why: string): DcmlError =>
  new DcmlError('tee_collateral_disagrees', `The sources disagree about ${member}: ${why}.`, {
    hint: 'One of them is wrong or lies. Find out which, and leave it out.',
    details: { member },
  })

const iso = (ms: number): string => (Number.isFinite(ms) ? new Date(ms).toISOString() : String(ms))
