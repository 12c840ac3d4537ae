// What an application holds of the channel that its requests are paid from.
import { type Amounts, abandonRequest } from '@dcml/channels'
import { fromHex, type Prices } from '@dcml/protocol'
import { settleCall, settleIfKnown } from './calls.ts'
import { emptyStore, usedStore } from './carry.ts'
import { type CloseOptions, type Closure, closeChannel } from './closing.ts'
import { addDeposit, proveDeposits } from './deposits.ts'
import type { Desk } from './desk.ts'
import { readChannelKey } from './key.ts'
import { openChannel } from './opening.ts'
import { checkAutoTopUp, type OpenOptions, type PayOptions, policyOf, type ResumeOptions } from './options.ts'
import { type AmountsListener, Purse } from './purse.ts'
import { parseRecord } from './record.ts'
import { refusal } from './refusal.ts'
import { type ChannelStore, memoryChannel } from './store.ts'
import { Till } from './till.ts'
import type { ChannelWallet } from './wallet.ts'

/** The payer of a client: one channel, and what can be done with it. */
export interface ChannelPayer {
  /** @throws DcmlError `channel_not_open` */
  readonly channelId: bigint
  /** Fixed for the life of the channel, in yoctoNEAR per token. */
  readonly prices: Prices
  /** The four amounts, in yoctoNEAR, as this payer knows them. */
  amounts(): Amounts
  /** Tells of every change. @returns ends it */
  onAmounts(listener: AmountsListener): () => void
  /**
   * Shows the enclave the deposits it has not seen; `pay` and `topUp` do so themselves.
   * @throws DcmlError `channel_proof_missing`, `channel_challenge_unknown` and others of the enclave, those of the wallet
   */
  establish(): Promise<Amounts>
  /** Adds to the deposit. @param amount yoctoNEAR @throws DcmlError `channel_wallet_missing`, `channel_closing`, those of the wallet */
  topUp(amount: bigint): Promise<Amounts>
  /**
   * Ends the channel, as far as that goes now: asks the enclave for its approval, checks and submits it; where it stays
   * silent, has the contract close without it. Requests are not paid any more from then on.
   * @throws DcmlError those of the wallet; an enclave that does not answer is told in the result
   */
  close(options?: CloseOptions): Promise<Closure>
  /** Leaves the channel open, for `client.pay` or `client.resumeChannel` another time. */
  release(): Promise<void>
}

/** What the parts of a client share. */
export interface Surroundings {
  readonly desk: Desk
  readonly clock: () => number
  /** Models the policy accepts, lower-case hex. */
  readonly modelH: readonly string[] | undefined
}

/** Goes on with the channel of the store, or opens one. @throws DcmlError see `Client.pay` */
export async function payWith(options: PayOptions, around: Surroundings): Promise<Till> {
  const { wallet, store = memoryChannel(), autoTopUp } = options
  const { desk } = around
  checkAutoTopUp(autoTopUp)
  const kept = await readPurse(store, around)
  const purse = await releasing(store, async () => {
    const ready = (await stillOpen(kept, options)) ?? (await invited({ ...options, store }, around))
    await proveDeposits(ready, desk, wallet)
    return ready
  })
  return new Till({ purse, desk, wallet, autoTopUp })
}

async function invited(options: PayOptions & { readonly store: ChannelStore }, around: Surroundings): Promise<Purse> {
  const { answer, session } = await around.desk.challenge()
  return openChannel({ answer, attested: session.attested, lightClient: null }, options, around)
}

/** Goes on with the channel of a store. @throws DcmlError see `Client.resumeChannel` */
export async function resumeWith({ store, wallet, autoTopUp }: ResumeOptions, around: Surroundings): Promise<Till> {
  checkAutoTopUp(autoTopUp)
  const purse = await takeUp(store, wallet, around)
  return new Till({ purse, desk: around.desk, wallet, autoTopUp })
}

/** The channel of a store, with what became of its last call. @throws DcmlError `channel_store_empty`, `channel_wallet_foreign` */
export async function takeUp(
  store: ChannelStore,
  wallet: ChannelWallet | undefined,
  around: { readonly clock: () => number },
): Promise<Purse> {
  const kept = await readPurse(store, around)
  return releasing(store, async () => {
    if (kept === undefined) throw emptyStore()
    if (wallet === undefined) return kept
    requireChain(kept, wallet)
    await settleIfKnown(kept, wallet)
    return kept
  })
}

/** The kept channel; undefined where there is none. Requests that a crash cut off may have cost up to their limit. */
export async function readPurse(
  store: ChannelStore,
  { clock }: { readonly clock: () => number },
): Promise<Purse | undefined> {
  const { state, key } = await store.load()
  return releasing(store, async () => {
    if (state === null) return undefined
    if (key === null)
      throw refusal(
        'channel_key_missing',
        'The key of the channel is not there.',
        'Export the channel with its key where it was opened, and import it here.',
      )
    const record = parseRecord(state)
    const payer = record.payer?.requests.reduce((now, id) => abandonRequest(now, fromHex(id, 32)), record.payer) ?? null
    return new Purse({ ...record, payer }, await readChannelKey(key), { store, clock })
  })
}

/**
 * The kept channel if it can be gone on with, from now on within these limits; undefined where there is none or it is over.
 * @throws DcmlError `channel_store_used`, `channel_closing`, `channel_wallet_foreign`
 */
export async function stillOpen(
  kept: Purse | undefined,
  options: Pick<OpenOptions, 'wallet' | 'provider' | 'perRequestLimit' | 'step'>,
): Promise<Purse | undefined> {
  if (kept === undefined || kept.isOver) return undefined
  requireChain(kept, options.wallet)
  await settleCall(kept, options.wallet)
  const { payer, wanted } = kept.record
  if (payer === null || kept.isOver) return undefined
  if (wanted.host !== options.provider) throw usedStore()
  if (payer.closing !== null)
    throw refusal('channel_closing', 'The channel is being closed.', 'Finish that first: resumeChannel, then close.')
  const policy = policyOf(options)
  await kept.change((record) => ({ ...record, payer: { ...payer, policy } }))
  return kept
}

function requireChain({ record }: Purse, { chain }: ChannelWallet): void {
  const { networkId, contract } = record.wanted.chain
  if (chain.networkId === networkId && chain.contract === contract) return
  throw refusal(
    'channel_wallet_foreign',
    `The channel is at ${contract} on ${networkId}, and the wallet is not.`,
    'Give a wallet for that contract.',
    { networkId, contract },
  )
}

/** Leaves the store to others where something fails. */
export async function releasing<T>(store: ChannelStore, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    await store.release()
    throw error
  }
}

/** The handle that an application gets. */
export function handleOf(
  purse: Purse,
  desk: Desk,
  wallet: ChannelWallet | undefined,
  prove = proveDeposits,
): ChannelPayer {
  async function establish(): Promise<Amounts> {
    await prove(purse, desk, wallet)
    return purse.amounts()
  }
  return {
    get channelId() {
      return purse.payer.terms.channelId
    },
    get prices() {
      return purse.payer.terms.prices
    },
    amounts: () => purse.amounts(),
    onAmounts: (listener) => purse.watch(listener),
    establish,
    async topUp(amount) {
      if (wallet === undefined) throw walletMissing()
      await addDeposit(purse, wallet, amount)
      return establish()
    },
    close: (options) => closeChannel({ purse, desk, wallet }, options),
    release: () => purse.release(),
  }
}

const walletMissing = () =>
  refusal('channel_wallet_missing', 'There is no wallet here.', 'Do this where the chain can be reached.')
