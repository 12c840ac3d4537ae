import { refuse } from './books.ts'

/** Set when the contract is opened and never again. Amounts in yoctoNEAR, durations in nanoseconds. */
export interface Rules {
  /** Where penalties and slashes go in the end. */
  readonly treasury: string
  /** Least stake of a node that opens or confirms an edge. */
  readonly minStake: bigint
  /** π: what cutting an edge costs, half at each end; each end locks all of it (Proof of Response §3.1). */
  readonly penalty: bigint
  /** σ: part of its stake that a node loses when it is cut off, in 1/10,000. */
  readonly slash: bigint
  /** Of the penalty, for whoever carries out a cut: about its gas. */
  readonly bounty: bigint
  /** From an edge's confirmation until it connects. */
  readonly activation: bigint
  /** From the announcement of a closure until no request can be under way any more. */
  readonly notice: bigint
  /** Time for vouchers before an edge is settled. */
  readonly challenge: bigint
  /** W: how long penalties wait for a proof of who was cut off. */
  readonly window: bigint
}

/** The same as they are given, in milliseconds. */
export interface RulesGiven {
  readonly treasury: string
  readonly min_stake: bigint
  readonly penalty: bigint
  readonly slash_bps: number
  readonly bounty: bigint
  readonly activation_ms: bigint
  readonly close_notice_ms: bigint
  readonly challenge_ms: bigint
  readonly reimbursement_ms: bigint
}

const NS_PER_MS = 1_000_000n
const WHOLE = 10_000
/** Block times are u64: durations have to stay far below. */
const LONGEST = 1n << 60n

/** @throws Error for rules under which money could not be divided, or could not move */
export function checkRules(given: RulesGiven): Rules {
  const rules = {
    treasury: given.treasury,
    minStake: given.min_stake,
    penalty: given.penalty,
    slash: BigInt(given.slash_bps),
    bounty: given.bounty,
    activation: given.activation_ms * NS_PER_MS,
    notice: given.close_notice_ms * NS_PER_MS,
    challenge: given.challenge_ms * NS_PER_MS,
    window: given.reimbursement_ms * NS_PER_MS,
  }
  const { penalty, bounty, activation, notice, challenge, window } = rules
  if (rules.minStake === 0n) refuse('a node without stake could not be outweighed by any other')
  if (given.slash_bps > WHOLE) refuse(`a node can lose ${WHOLE} of ${WHOLE} at most`)
  if (penalty % 2n !== 0n) refuse('the penalty must divide by two')
  // more than an end's own half would make cutting one's own edges pay
  if (bounty > penalty / 2n) refuse('the bounty may be half the penalty at most')
  // without W, stake borrowed for a block would decide who is cut off
  if (challenge === 0n || window === 0n) refuse('vouchers and proofs need time to be submitted')
  for (const duration of [activation, notice, challenge, window])
    if (duration > LONGEST) refuse('durations may be 36 years at most')
  return rules
}

export const tellRules = (rules: Rules): RulesGiven => ({
  treasury: rules.treasury,
  min_stake: rules.minStake,
  penalty: rules.penalty,
  slash_bps: Number(rules.slash),
  bounty: rules.bounty,
  activation_ms: rules.activation / NS_PER_MS,
  close_notice_ms: rules.notice / NS_PER_MS,
  challenge_ms: rules.challenge / NS_PER_MS,
  reimbursement_ms: rules.window / NS_PER_MS,
})
