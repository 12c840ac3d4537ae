// The payer's side of one channel, as a value (paper §6, Alice). She can check everything but one thing: that tokens
// were delivered to her; so she lets it be spent step by step, and never past a limit per request.
import { type Chain, equalBytes, type Prices, type SignedVoucher, type Signer, signVoucher } from '@dcml/protocol'
import { type Amounts, larger, smaller } from '../amounts.ts'
import type { Demand } from '../enclave/meter.ts'
import type { ChannelTerms, Opened, ToppedUp } from '../facts.ts'
import { refusal } from '../refuse.ts'

/** How far the payer goes, in yoctoNEAR. */
export interface PayerPolicy {
  /** What one request may cost in all. */
  readonly perRequestLimit: bigint
  /** How much a voucher authorises ahead of what is spent and reserved. */
  readonly step: bigint
}

export interface Payer {
  readonly terms: ChannelTerms
  readonly policy: PayerPolicy
  readonly deposited: bigint
  readonly authorised: bigint
  /** Highest amount that a checked receipt says is spent. */
  readonly spent: bigint
  /** What the checked receipts add up to, requests without receipt included as far as they were noticed. */
  readonly accounted: bigint
  /** What requests that ended without receipt may still turn out to have cost. */
  readonly unaccounted: bigint
  /** requestH (hex) of requests under way. */
  readonly requests: readonly string[]
  /** Receipts checked since no request was under way; the first stands for all before. */
  readonly heard: readonly Heard[]
  readonly closing: Closing | null
  readonly settled: bigint | null
}

/** Where a receipt stood: of two, the later one never says less. */
export interface Heard {
  readonly sequence: bigint
  readonly spent: bigint
}

/** The end of a channel, from the moment that no more vouchers are signed. */
export interface Closing {
  /** Milliseconds since 1970. */
  readonly since: number
  /** Text form of a checked approval. */
  readonly approval: string | null
  /** When `finish_close` may be called, nanoseconds since 1970; null before `start_close`. */
  readonly deadline: bigint | null
}

/** What the payer asked for; the session key comes from evidence that she verified. */
export interface OpeningWanted {
  readonly chain: Chain
  readonly payer: string
  readonly host: string
  readonly challenge: Uint8Array
  readonly sessionKey: Uint8Array
  readonly payerKey: Uint8Array
  readonly modelH: Uint8Array
  readonly maxPrices: Prices
  readonly deposit: bigint
}

/**
 * Starts from the opening as the contract made it.
 * @throws DcmlError `channel_opening_wrong` where it is not what was asked for, `payment_policy_invalid`
 */
export function openPayer({ terms, deposited }: Opened, wanted: OpeningWanted, policy: PayerPolicy): Payer {
  const prices = Object.keys(wanted.maxPrices) as (keyof Prices)[]
  const differences = [
    terms.chain.networkId !== wanted.chain.networkId || terms.chain.contract !== wanted.chain.contract
      ? 'contract'
      : '',
    ...(['payer', 'host'] as const).filter((name) => terms[name] !== wanted[name]),
    ...(['challenge', 'sessionKey', 'payerKey', 'modelH'] as const).filter(
      (name) => !equalBytes(terms[name], wanted[name]),
    ),
    ...prices.filter((name) => terms.prices[name] > wanted.maxPrices[name]),
    deposited < wanted.deposit ? 'deposit' : '',
  ].filter((name) => name !== '')
  if (differences.length > 0)
    throw refusal(
      'channel_opening_wrong',
      `The channel was not opened as asked: ${differences.join(', ')}.`,
      'Sign no voucher on it; close it.',
    )
  if (policy.step <= 0n || policy.perRequestLimit < policy.step)
    throw refusal(
      'payment_policy_invalid',
      'A step is above 0 and at most the limit of a request.',
      'Correct the policy.',
    )
  return {
    terms,
    policy,
    deposited,
    authorised: 0n,
    spent: 0n,
    accounted: 0n,
    unaccounted: 0n,
    requests: [],
    heard: [{ sequence: 0n, spent: 0n }],
    closing: null,
    settled: null,
  }
}

export const payerAmounts = ({ deposited, authorised, spent, settled }: Payer): Amounts => ({
  deposited,
  authorised,
  spent,
  settled,
})

/** What may be spent by now, if every request under way is paid up to its limit. */
export const ceilingOf = (payer: Payer): bigint => smaller(payer.deposited, limitOf(payer))

/** The same, whatever is deposited. */
const limitOf = ({ accounted, unaccounted, requests, policy }: Payer): bigint =>
  accounted + unaccounted + BigInt(requests.length) * policy.perRequestLimit

/**
 * Signs the next voucher: a step ahead of what is spent, or what is demanded where that is more, and never past the
 * limits of the requests under way. Keep the new state before the voucher leaves.
 * @param demand of the enclave (402, or a pause in a stream); without one, a step ahead of the last receipt
 * @throws DcmlError `payment_limit_reached`, `payment_deposit_exhausted`, `payment_demand_wrong`, `channel_closing`,
 * `payment_key_wrong`
 */
export async function pay(
  payer: Payer,
  signer: Signer,
  demand?: Demand,
): Promise<{ payer: Payer; signed: SignedVoucher }> {
  const { terms, authorised } = payer
  if (payer.closing !== null || payer.settled !== null)
    throw refusal('channel_closing', 'The channel is being closed.', 'Open another channel.')
  if (!equalBytes(signer.publicKey, terms.payerKey))
    throw refusal('payment_key_wrong', 'The signer does not hold the key of this channel.', 'Give the channel key.')
  const next = nextAmount(payer, demand)
  const { channelId } = terms
  const signed = await signVoucher(terms.chain, { channelId, authorised: larger(next, authorised) }, signer)
  return { payer: { ...payer, authorised: signed.voucher.authorised }, signed }
}

function nextAmount(payer: Payer, demand: Demand | undefined): bigint {
  const { terms, deposited, authorised, spent, policy } = payer
  const ceiling = ceilingOf(payer)
  if (demand === undefined) return smaller(ceiling, spent + policy.step)
  const consistent =
    demand.channelId === terms.channelId &&
    demand.spent >= spent &&
    demand.reserved >= 0n &&
    demand.authorised <= authorised &&
    demand.spent + demand.reserved <= demand.authorised
  const amounts = { required: demand.required, spent: demand.spent, authorised, deposited }
  if (!consistent)
    throw refusal(
      'payment_demand_wrong',
      'The demand contradicts what was paid and delivered so far.',
      'Pay no more on this channel; ask for its approval and close it.',
      amounts,
    )
  // first what she refuses to pay: a deposit may be added to for what it does not cover
  const limit = limitOf(payer)
  if (demand.required > limit) throw limitReached({ ...amounts, ceiling: limit })
  if (demand.required > deposited)
    throw refusal(
      'payment_deposit_exhausted',
      'The deposit does not cover what is required.',
      'Top the channel up.',
      amounts,
    )
  const ahead = demand.spent + demand.reserved + policy.step
  return smaller(ceiling, larger(ahead, demand.required))
}

/**
 * What a stream may cost in all for now: a step ahead of what was delivered of it. Say it with each voucher, so that the
 * enclave holds each request to its own: whoever holds back one stream has nothing of what is paid for another.
 * @param demand of the enclave about this request; without one it has not begun
 * @throws DcmlError `payment_limit_reached`
 */
export function allow({ policy }: Payer, demand?: Demand): bigint {
  const { step, perRequestLimit } = policy
  const request = demand?.request
  if (request === undefined) return step
  if (request.required > perRequestLimit)
    throw limitReached({ required: request.required, limit: perRequestLimit, spent: request.spent })
  return smaller(perRequestLimit, larger(request.spent + step, request.required))
}

const limitReached = (details: Readonly<Record<string, bigint>>) =>
  refusal(
    'payment_limit_reached',
    'The request would cost more than its limit.',
    'Raise perRequestLimit, or let the request go.',
    details,
  )

/** Believes a top-up that the payer's own transaction made. */
export const topUpPayer = (payer: Payer, { channelId, deposited }: ToppedUp): Payer =>
  channelId === payer.terms.channelId && deposited > payer.deposited ? { ...payer, deposited } : payer
