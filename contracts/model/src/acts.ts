import {
  chainId,
  currentAccountId,
  ed25519Verify,
  hexToBytes,
  type Outcome,
  predecessorAccountId,
  promise,
  type Sent,
  tgas,
  type Values,
} from '@dcml/contract-build/contract'
import { approvalBytes } from './approval.ts'
import { type Payout, refuse } from './books.ts'
import type { Channel } from './channel.ts'
import type { ApprovalFacts, Denied, Settlement, Witness } from './closing.ts'
import { emit } from './events.ts'
import type { Model } from './model.ts'
import { bookOwed } from './owed.ts'
import type { Offer } from './provider.ts'
import type { approval, offer } from './schemas.ts'
import { booksOf } from './tables.ts'
import { tellPrices } from './views.ts'

type ApprovalArgs = Values<typeof approval>

/** Enough for a callback that books three amounts. */
const PAID_GAS = tgas(8)
/** For the Proof of Response contract's view. */
const ASK_GAS = tgas(30)
/** For the verdict: two transfers and their callback, and its own work. */
export const JUDGED_GAS: bigint = tgas(25)

export type Fault = 'disconnected' | 'invalid_response'

export function checkOwner({ owner }: Model): void {
  if (predecessorAccountId() !== owner) refuse('only the owner of the model may do this')
}

export const offerOf = ({ endpoint, prices, por_account }: Values<typeof offer>): Offer => ({
  endpoint,
  prices,
  por: por_account,
})

export const factsOf = (args: ApprovalArgs): ApprovalFacts => ({
  channelId: args.channel_id,
  challenge: args.challenge,
  promptTokens: args.prompt_tokens,
  completionTokens: args.completion_tokens,
  spent: args.spent,
  counter: args.counter,
})

/** What is signed for this contract says so. */
export const here = () => ({ networkId: chainId(), contract: currentAccountId() })

/** Whether the channel's session key signed these arguments, for this contract on this network. */
export const isGenuine =
  (args: ApprovalArgs) =>
  ({ sessionKey, challenge }: Channel): boolean => {
    const enclave = hexToBytes(sessionKey)
    return ed25519Verify(args.signature, approvalBytes(here(), enclave, hexToBytes(challenge), factsOf(args)), enclave)
  }

/** Sends at most three amounts. They travel apart: one that fails holds up no other, and is booked as owed. */
export function pay(contract: Model, payouts: readonly Payout[]): void {
  const [first, ...others] = payouts.map(({ account, amount }) => promise(account).transfer(amount))
  if (!first) return
  const all = others.length > 0 ? first.and(...others) : first
  const then = [contract.paid, contract.paid_two, contract.paid_three][others.length] as Model['paid']
  all.then(then, { payouts: [...payouts] }, { gas: PAID_GAS })
}

export function bookFailed(contract: Model, payouts: readonly Payout[], sent: readonly Outcome<undefined>[]): void {
  payouts.forEach((payout, at) => {
    if (!sent[at]?.ok) emit('owed', { ...payout, total: bookOwed(booksOf(contract), payout) })
  })
}

/** Asks a Proof of Response contract about the host; a callback judges by its answer. */
export function ask(id: bigint, cause: Fault, { por, provider }: Witness, view: string): Sent {
  emit('fault_asked', { channel_id: id, cause, por_account: por })
  return promise(por).call(view, { account: provider }, { gas: ASK_GAS })
}

/** Acts on a verdict. Returns whether the channel ended. */
export function sentence(contract: Model, id: bigint, cause: Fault, verdict: Settlement | Denied): boolean {
  const isDenied = 'denied' in verdict
  if (isDenied) emit('fault_denied', { channel_id: id, cause, why: verdict.denied })
  else forfeited(contract, id, verdict, cause)
  return !isDenied
}

export function started(id: bigint, channel: Channel, expired: boolean): void {
  const { deadline, fee } = channel.closing as NonNullable<Channel['closing']>
  emit('close_started', { ...identityOf(id, channel), deposited: channel.deposited, deadline, fee, expired })
}

export function closed(contract: Model, args: ApprovalArgs, settlement: Settlement): void {
  const { channel, toOwner, toProvider, toPayer, payouts } = settlement
  emit('channel_closed', {
    channel_id: args.channel_id,
    spent: args.spent,
    counter: args.counter,
    to_owner: toOwner,
    to_provider: toProvider,
    to_payer: toPayer,
    answered: channel.closing !== null,
  })
  pay(contract, payouts)
}

export function forfeited(contract: Model, id: bigint, settlement: Settlement, cause: Fault | 'unanswered'): void {
  const { channel, toOwner, toPayer, payouts } = settlement
  emit('channel_forfeited', {
    channel_id: id,
    provider: channel.provider,
    cause,
    to_owner: toOwner,
    to_payer: toPayer,
  })
  pay(contract, payouts)
}

export const identityOf = (id: bigint, { payer, provider, challenge, sessionKey }: Channel) => ({
  channel_id: id,
  payer,
  provider,
  challenge,
  session_key: sessionKey,
})

/** What the opening of a channel says, at any time of its life. */
export const openingOf = ({ modelH }: Model, id: bigint, channel: Channel) => ({
  ...identityOf(id, channel),
  payer_key: channel.payerKey,
  deposited: channel.deposited,
  prices: tellPrices(channel.prices),
  model_h: modelH,
  key_epoch: channel.keyEpoch,
  expires_at: channel.expiresAt,
})
