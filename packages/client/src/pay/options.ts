import type { PayerPolicy } from '@dcml/channels'
import type { Prices } from '@dcml/protocol'
import { refusal } from './refusal.ts'
import type { ChannelStore } from './store.ts'
import type { ChannelWallet } from './wallet.ts'

/** How far a payer goes. All amounts are yoctoNEAR. */
export interface Limits {
  /** What one request may cost in all. */
  readonly perRequestLimit: bigint
  /** How much a voucher authorises ahead of what was delivered: what a payer loses at most. Default: a tenth of the limit. */
  readonly step?: bigint
}

/** Lets the client add to the deposit by itself, where a request needs it. */
export interface AutoTopUp {
  /** yoctoNEAR added each time, or a multiple where that is not enough. */
  readonly amount: bigint
  /** yoctoNEAR that are never exceeded by all deposits on the channel. */
  readonly maxDeposit: bigint
}

/** What an opening asks for. */
export interface OpenOptions extends Limits {
  /** Pays, and gets the rest back. */
  readonly wallet: ChannelWallet
  /** Account of the host. */
  readonly provider: string
  /** yoctoNEAR; the contract's storage fee comes on top, and back. */
  readonly deposit: bigint
  /** Highest prices to agree to, in yoctoNEAR per token. Default: those that the contract shows now. */
  readonly maxPrices?: Prices
  /**
   * The longest challenge period to agree to, in milliseconds: so long a host that vanishes keeps the deposit shut, and
   * contracts take any. Default 7 days.
   */
  readonly maxChallengePeriodMs?: number
  /** Where the channel is kept; one store holds one channel. Default: in memory. */
  readonly store?: ChannelStore
}

/** Options of `client.pay`. */
export interface PayOptions extends OpenOptions {
  readonly autoTopUp?: AutoTopUp
}

/** Options of `client.resumeChannel`. */
export interface ResumeOptions {
  readonly store: ChannelStore
  /** Needed for whatever happens on chain. An isolated machine has none. */
  readonly wallet?: ChannelWallet
  readonly autoTopUp?: AutoTopUp
}

/** @throws DcmlError `payment_policy_invalid` */
export function policyOf({ perRequestLimit, step = perRequestLimit / 10n || 1n }: Limits): PayerPolicy {
  if (step <= 0n || perRequestLimit < step)
    throw refusal(
      'payment_policy_invalid',
      'A step is above 0 and at most the limit of a request.',
      'Correct perRequestLimit and step; both are in yoctoNEAR.',
      { perRequestLimit, step },
    )
  return { perRequestLimit, step }
}

/** @throws DcmlError `payment_policy_invalid` */
export function checkAutoTopUp(autoTopUp: AutoTopUp | undefined): void {
  if (autoTopUp === undefined || autoTopUp.amount > 0n) return
  throw refusal('payment_policy_invalid', 'Nothing is added.', 'Give an amount in yoctoNEAR.')
}
