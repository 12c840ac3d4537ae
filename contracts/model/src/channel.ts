import type { Prices } from '@dcml/protocol'
import { type Books, type Caller, refuse, shift } from './books.ts'
import { lock, providerOf, sessionAt } from './provider.ts'
import { checkWithin, type PricePair, type Rules } from './terms.ts'

/** A payment channel from its opening to its end (paper §6). Its record goes when it ends; its id never returns. */
export interface Channel {
  readonly payer: string
  readonly provider: string
  /** Who gets the owner's share, or the lock. */
  readonly beneficiary: string
  /** The provider's Proof of Response contract at the opening. */
  readonly por: string | null
  /** Ed25519 keys and the enclave's random number, lower-case hex. */
  readonly payerKey: string
  readonly sessionKey: string
  readonly challenge: string
  /** The chain's random bytes of when the deposit was last raised, lower-case hex: nobody knew them before. */
  readonly seed: string
  readonly prices: Prices
  readonly keyEpoch: number
  /** yoctoNEAR; the provider's lock is always the same amount. */
  readonly deposited: bigint
  /** Block times in nanoseconds. */
  readonly openedAt: bigint
  /** When the lock became what it is: of the opening, or of the last top-up. */
  readonly raisedAt: bigint
  readonly expiresAt: bigint
  /** A forced closure under way. From `deadline` on no answer counts. */
  readonly closing: { readonly deadline: bigint; readonly fee: bigint } | null
}

/** What the payer asks for, and the most it agrees to pay. */
export interface Opening {
  readonly provider: string
  readonly challenge: string
  readonly sessionKey: string
  readonly payerKey: string
  readonly maxOwnerPrices: PricePair
  readonly maxProviderPrices: PricePair
}

/** What the model's owner has set when the channel opens. */
export interface OwnerSide {
  readonly beneficiary: string
  readonly prices: PricePair
  readonly keyEpoch: number
}

/** Paid for a channel's record, and back when it ends. */
export const CHANNEL_STORAGE: bigint = 15n * 10n ** 21n

/** @throws Error for a channel that is not there (any more) */
export const channelOf = (books: Books, id: bigint): Channel =>
  books.channels.get(`${id}`) ?? refuse(`there is no open channel ${id}`)

/**
 * Opens channel `id`, which was never used before. Prices, beneficiary, key epoch and Proof of Response contract are
 * those of this moment, whatever anyone changes later.
 */
export function openChannel(
  books: Books,
  { by, attached, now }: Caller,
  id: bigint,
  owner: OwnerSide,
  rules: Rules,
  opening: Opening,
  seed: string,
): Channel {
  const deposited = attached - CHANNEL_STORAGE
  if (deposited <= 0n) refuse(`attach more than ${CHANNEL_STORAGE} yoctoNEAR: storage, and your deposit`)
  const provider = providerOf(books, opening.provider)
  if (!books.sessions.has(sessionAt(opening.provider, opening.sessionKey)))
    refuse(`${opening.provider} has no enclave with this session key`)
  checkWithin('owner', owner.prices, opening.maxOwnerPrices)
  checkWithin('provider', provider.prices, opening.maxProviderPrices)
  lock(books, opening.provider, provider, deposited)
  shift(books, { deposited, storage: CHANNEL_STORAGE })
  const channel: Channel = {
    payer: by,
    provider: opening.provider,
    beneficiary: owner.beneficiary,
    por: provider.por,
    payerKey: opening.payerKey,
    sessionKey: opening.sessionKey,
    challenge: opening.challenge,
    seed,
    prices: {
      ownerInput: owner.prices.input,
      ownerOutput: owner.prices.output,
      hostInput: provider.prices.input,
      hostOutput: provider.prices.output,
    },
    keyEpoch: owner.keyEpoch,
    deposited,
    openedAt: now,
    raisedAt: now,
    expiresAt: now + rules.expiry,
    closing: null,
  }
  books.channels.set(`${id}`, channel)
  return channel
}

/** Adds to the deposit, and as much to the lock. A fault of before then is none any more: it would take more than it risked. */
export function topUp(books: Books, { by, attached, now }: Caller, id: bigint, seed: string): Channel {
  const channel = channelOf(books, id)
  // a stranger's gift would lock the provider's collateral
  if (by !== channel.payer) refuse('only the payer may top up')
  if (attached === 0n) refuse('attach what you add')
  if (channel.closing) refuse('the channel is closing')
  if (now >= channel.expiresAt) refuse('the channel has expired')
  lock(books, channel.provider, providerOf(books, channel.provider), attached)
  shift(books, { deposited: attached })
  const more = { ...channel, deposited: channel.deposited + attached, raisedAt: now, seed }
  books.channels.set(`${id}`, more)
  return more
}
