import { type Books, type Caller, type Payout, refuse, shift } from './books.ts'
import type { PricePair } from './terms.ts'

/** A host of this model, under its account (paper §6: Bob). */
export interface Provider {
  readonly endpoint: string
  /** The host's own prices, added to the owner's. */
  readonly prices: PricePair
  /** Proof of Response contract that vouches for this host, or null (paper §6.2). */
  readonly por: string | null
  /** Collateral that new channels can lock, in yoctoNEAR. */
  readonly free: bigint
  /** Collateral of channels: always the sum of their deposits. */
  readonly locked: bigint
  /** How many session keys it answers for. */
  readonly sessions: number
}

/** What a provider says of itself. */
export type Offer = Pick<Provider, 'endpoint' | 'prices' | 'por'>

/** Paid for a provider's record, and for each session; the test of storage shows that they suffice. */
export const PROVIDER_STORAGE: bigint = 15n * 10n ** 21n
export const SESSION_STORAGE: bigint = 25n * 10n ** 20n

/** Key of a session in its table; no account id has a slash. */
export const sessionAt = (provider: string, sessionKey: string): string => `${provider}/${sessionKey}`

/** @throws Error for an account that is no provider */
export const providerOf = (books: Books, account: string): Provider =>
  books.providers.get(account) ?? refuse(`${account} is not a provider of this model`)

/** Registers the caller; what it attached beyond the storage is collateral. */
export function register(books: Books, { by, attached }: Caller, offer: Offer): Provider {
  if (books.providers.has(by)) refuse('you are a provider already')
  if (attached < PROVIDER_STORAGE) refuse(`attach at least ${PROVIDER_STORAGE} yoctoNEAR for storage`)
  const provider = { ...offer, free: attached - PROVIDER_STORAGE, locked: 0n, sessions: 0 }
  shift(books, { storage: PROVIDER_STORAGE, collateral: provider.free })
  books.providers.set(by, provider)
  return provider
}

/** Changes what the next channels will see; open ones keep their prices and their Proof of Response contract. */
export function update(books: Books, { by }: Caller, offer: Offer): void {
  const provider = providerOf(books, by)
  books.providers.set(by, { ...provider, ...offer })
}

/** Adds what was attached to the free collateral. */
export function deposit(books: Books, { by, attached }: Caller): Provider {
  const provider = providerOf(books, by)
  if (attached === 0n) refuse('attach the collateral')
  return change(books, by, provider, attached)
}

/** Takes free collateral out; what channels hold stays. */
export function withdraw(books: Books, { by }: Caller, amount: bigint): { provider: Provider; payouts: Payout[] } {
  const provider = providerOf(books, by)
  if (amount === 0n) refuse('withdraw more than nothing')
  if (amount > provider.free) refuse(`${provider.free} yoctoNEAR of your collateral are free`)
  return { provider: change(books, by, provider, -amount), payouts: [{ account: by, amount }] }
}

/**
 * Says that an enclave of the provider's signs with this key. A channel can only name admitted keys: whoever could name
 * any other would open channels that no enclave can answer for, force them closed, and cost the provider its lock.
 */
export function admit(books: Books, { by }: Caller, sessionKey: string): Provider {
  const provider = providerOf(books, by)
  if (books.sessions.has(sessionAt(by, sessionKey))) refuse('the session key is admitted already')
  if (provider.free < SESSION_STORAGE) refuse(`a session takes ${SESSION_STORAGE} yoctoNEAR of free collateral`)
  books.sessions.set(sessionAt(by, sessionKey), true)
  shift(books, { storage: SESSION_STORAGE })
  return change(books, by, { ...provider, sessions: provider.sessions + 1 }, -SESSION_STORAGE)
}

/** No new channel can name the key. Those that do keep it: only that enclave can close them. */
export function dismiss(books: Books, { by }: Caller, sessionKey: string): Provider {
  const provider = providerOf(books, by)
  if (!books.sessions.remove(sessionAt(by, sessionKey))) refuse('the session key is not admitted')
  shift(books, { storage: -SESSION_STORAGE })
  return change(books, by, { ...provider, sessions: provider.sessions - 1 }, SESSION_STORAGE)
}

/** Ends the registration; everything comes back. */
export function leave(books: Books, { by }: Caller): Payout[] {
  const { free, locked, sessions } = providerOf(books, by)
  if (locked !== 0n) refuse(`channels lock ${locked} yoctoNEAR of your collateral`)
  if (sessions !== 0) refuse(`dismiss your ${sessions} session keys first`)
  shift(books, { collateral: -free, storage: -PROVIDER_STORAGE })
  books.providers.remove(by)
  return [{ account: by, amount: free + PROVIDER_STORAGE }]
}

function change(books: Books, account: string, provider: Provider, free: bigint): Provider {
  const changed = { ...provider, free: provider.free + free }
  shift(books, { collateral: free })
  books.providers.set(account, changed)
  return changed
}

/** Locks free collateral for a channel. @throws Error if there is not enough */
export function lock(books: Books, account: string, provider: Provider, amount: bigint): void {
  if (amount > provider.free)
    refuse(`${account} has ${provider.free} yoctoNEAR of free collateral, less than ${amount}`)
  books.providers.set(account, { ...provider, free: provider.free - amount, locked: provider.locked + amount })
}

/** Gives a channel's lock back to its provider. */
export function unlock(books: Books, account: string, amount: bigint): void {
  const provider = providerOf(books, account)
  books.providers.set(account, { ...provider, free: provider.free + amount, locked: provider.locked - amount })
}

/** A channel's lock leaves the provider for good. */
export function forfeit(books: Books, account: string, amount: bigint): void {
  const provider = providerOf(books, account)
  shift(books, { collateral: -amount })
  books.providers.set(account, { ...provider, locked: provider.locked - amount })
}
