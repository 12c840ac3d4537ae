import { refuse } from './books.ts'

/** Per token, in yoctoNEAR. */
export interface PricePair {
  readonly input: bigint
  readonly output: bigint
}

/** Set when the contract is opened and never again. */
export interface Rules {
  /** How long a forced closure waits for an answer, in nanoseconds. */
  readonly challengePeriod: bigint
  /** How long after its opening anyone may end a channel, in nanoseconds. */
  readonly expiry: bigint
  /** Attached to a forced closure, in yoctoNEAR. */
  readonly closeFee: bigint
}

const NS_PER_MS = 1_000_000n

/**
 * The fee reimburses a host for its answer, about 0.001 NEAR of gas. Were it worth more than answering costs, hosts would
 * earn by withholding approvals; see the README for the arithmetic.
 */
export const MOST_CLOSE_FEE: bigint = 2n * 10n ** 21n

/** @throws Error for rules under which a channel could not end, or a fee that pays for griefing */
export function checkRules(challengePeriodMs: bigint, expiryMs: bigint, closeFee: bigint): Rules {
  const rules = { challengePeriod: challengePeriodMs * NS_PER_MS, expiry: expiryMs * NS_PER_MS, closeFee }
  if (rules.challengePeriod === 0n) refuse('the challenge period must be longer than nothing')
  if (rules.expiry <= rules.challengePeriod) refuse('channels must live longer than the challenge period')
  // block times are u64
  if (rules.expiry >= 1n << 62n) refuse('channels may live 146 years at most')
  if (closeFee > MOST_CLOSE_FEE) refuse(`the closing fee may be ${MOST_CLOSE_FEE} yoctoNEAR at most`)
  return rules
}

/** @throws Error unless prices stand within what the payer agreed to */
export function checkWithin(whose: string, { input, output }: PricePair, most: PricePair): void {
  if (input > most.input || output > most.output) refuse(`the ${whose}'s prices are above the most you would pay`)
}
