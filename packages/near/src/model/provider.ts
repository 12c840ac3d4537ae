import { DcmlError } from '@dcml/protocol'
import type { Cancellable, Near } from '../connection.ts'
import { type CallOptions, tgas } from '../contract/contract.ts'
import { type OpenChannel, openChannels } from './channels.ts'
import { model } from './model.client.ts'
import { PROVIDER_STORAGE } from './storage.ts'
import type { SentCall } from './wallet.ts'

/** Twice what the dearest of these calls takes with all it leads to; what is not used comes back. */
const GAS = tgas(20)

/** What a host says of itself to payers (paper §6); prices in yoctoNEAR per token, on top of the owner's. */
export interface HostOffer {
  /** Where its enclave answers, at most 256 characters, such as `https://host.example:8443`. */
  readonly endpoint: string
  readonly hostInput: bigint
  readonly hostOutput: bigint
  /** Proof of Response contract that may say that the host was cut off (paper §6.2); null for none. */
  readonly porAccount: string | null
}

/** A host and its collateral, in yoctoNEAR. */
export interface HostOverview extends HostOffer {
  /** What new channels can lock, or {@link ModelProvider.withdraw} take. */
  readonly free: bigint
  /** What open channels lock: the sum of their deposits. */
  readonly locked: bigint
  /** How many session keys are admitted. */
  readonly sessions: number
  readonly channels: readonly OpenChannel[]
}

/** The host's side of a model contract. */
export interface ModelProvider {
  /** Begins to host. Attaches the storage on top of `collateral`; channels can deposit as much as there is collateral. */
  register(offer: HostOffer & { readonly collateral: bigint }): Promise<SentCall>
  /**
   * Changes what the next channels will see; what is left out stays.
   * @throws DcmlError `provider_unknown`
   */
  update(change: Partial<HostOffer>): Promise<SentCall>
  /** Adds to the free collateral. */
  deposit(amount: bigint): Promise<SentCall>
  /** Takes free collateral out. */
  withdraw(amount: bigint): Promise<SentCall>
  /**
   * Answers for an enclave: channels can name its session key from now on, and lock collateral. Admit only an enclave
   * that keeps running and keeps its state: what it does not answer for costs the lock. Takes `SESSION_STORAGE` of the
   * free collateral.
   * @param sessionKey ed25519, 32 bytes
   */
  admit(sessionKey: Uint8Array): Promise<SentCall>
  /** No further channel can name the key; open ones keep it. */
  dismiss(sessionKey: Uint8Array): Promise<SentCall>
  /** Ends the registration and takes everything out, once no channel and no session key is left. */
  leave(): Promise<SentCall>
  /** {@link hostOverview} of this account. */
  overview(options?: { readonly first?: bigint }): Promise<HostOverview | null>
}

/** How a host sends: see {@link CallOptions}. */
export interface ModelProviderOptions extends Pick<CallOptions, 'account' | 'onSigned' | 'signal' | 'waitUntil'> {
  readonly near: Near
  /** Account of the model contract. */
  readonly contract: string
}

/**
 * The host's side of a model contract (paper §6): registration, collateral, and the enclaves it answers for.
 * @throws DcmlError from the calls: what `sendTransaction` throws; `near_transaction_failed` with the contract's words
 * where it refuses
 */
export function modelProvider({ near, contract, signal, ...sending }: ModelProviderOptions): ModelProvider {
  const at = model(near, contract)
  const { accountId } = sending.account
  const cancel = signal === undefined ? {} : { signal }
  const paying = (deposit = 0n): CallOptions => ({ ...sending, ...cancel, gas: GAS, ...(deposit > 0n && { deposit }) })
  return {
    register: ({ collateral, ...offer }) => at.register_provider(tell(offer), paying(collateral + PROVIDER_STORAGE)),
    async update(change) {
      const now = await readHost(near, contract, accountId, cancel)
      if (now === null) throw unknown(accountId, contract)
      return at.update_provider(tell({ ...now, ...change }), paying())
    },
    deposit: (amount) => at.deposit_collateral({}, paying(amount)),
    withdraw: (amount) => at.withdraw_collateral({ amount }, paying()),
    admit: (sessionKey) => at.admit_session({ session_key: sessionKey }, paying()),
    dismiss: (sessionKey) => at.dismiss_session({ session_key: sessionKey }, paying()),
    leave: () => at.leave({}, paying()),
    overview: (options = {}) => hostOverview(near, contract, accountId, { ...options, ...cancel }),
  }
}

/**
 * A host's offer, collateral and open channels; null for an account that does not host the model.
 * @param options.first channel id to look from, as {@link openChannels} does
 * @throws DcmlError what {@link Near.request} throws
 */
export async function hostOverview(
  near: Near,
  contract: string,
  account: string,
  options: Cancellable & { first?: bigint } = {},
): Promise<HostOverview | null> {
  const { first: _, ...cancel } = options
  const host = await readHost(near, contract, account, cancel)
  if (host === null) return null
  const channels = await openChannels(near, contract, options)
  return { ...host, channels: channels.filter(({ provider }) => provider === account) }
}

async function readHost(near: Near, contract: string, account: string, options: Cancellable) {
  const found = await model(near, contract).provider({ account }, options)
  if (found === null) return null
  const { endpoint, prices, por_account: porAccount = null, free, locked, sessions } = found
  return { endpoint, hostInput: prices.input, hostOutput: prices.output, porAccount, free, locked, sessions }
}

const tell = ({ endpoint, hostInput, hostOutput, porAccount }: HostOffer) => ({
  endpoint,
  prices: { input: hostInput, output: hostOutput },
  por_account: porAccount,
})

const unknown = (account: string, contract: string): DcmlError =>
  new DcmlError('provider_unknown', `${account} does not host the model of ${contract}.`, {
    hint: 'Register first.',
  })
