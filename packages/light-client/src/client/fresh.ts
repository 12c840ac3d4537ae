import { type Check, Refusal, Untimely } from '../check.ts'
import type { LightClientState } from './state.ts'

/** nearcore takes blocks up to this much ahead of its clock (`ACCEPTABLE_TIME_DIFFERENCE`), in ms. */
const AHEAD = 120_000

/** Wall-clock time of a block, in ms: what {@link Date} holds. */
export const blockTime = ({ timestamp }: { readonly timestamp: bigint }): number => Number(timestamp / 1_000_000n)

/**
 * Whether the head is young enough: an old one is genuine too, and hides everything that happened since.
 * @param maxAge in ms
 * @returns the check `head_fresh`
 */
export function checkFresh(state: Pick<LightClientState, 'head'>, now: Date, maxAge: number): Check {
  const name = 'head_fresh'
  try {
    requireAge(state.head.innerLite, now, maxAge, 'the head')
    return { name, status: 'pass', why: FRESH }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { name, status: 'fail', why: error.message, untimely: true }
  }
}

export const FRESH = 'The head is not older than asked for.'

/** @throws Untimely where the block is older than `maxAge` ms, or further ahead of `now` than nearcore lets blocks be */
export function requireAge(block: { readonly timestamp: bigint }, now: Date, maxAge: number, what: string): void {
  const time = blockTime(block)
  const age = now.getTime() - time
  const said = `${what} is of ${new Date(time).toISOString()}`
  if (!(age >= -AHEAD)) throw new Untimely(`${said}, ahead of the clock at ${show(now)}`)
  if (!(age <= maxAge)) throw new Untimely(`${said}, older than ${maxAge} ms at ${show(now)}`)
}

const show = (now: Date): string => (Number.isNaN(now.getTime()) ? 'no valid time' : now.toISOString())
