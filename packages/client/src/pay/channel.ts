// What an application holds of the channel that its requests are paid from.
import { type Amounts, abandonRequest } from '@dcml/channels'
import { fromHex, type Prices } from '@dcml/protocol'
import { settleCall } from './calls.ts'
import { emptyStore, usedStore } from './carry.ts'
import { type CloseOptions, type Closure, closeChannel } from './closing.ts'
import { addDeposit, proveDeposits } from './deposits.ts'
import type { Desk } from './desk.ts'
import { readChannelKey } from './key.ts'
import { openChannel } from './opening.ts'
import { type PayOptions, policyOf, type ResumeOptions } from './options.ts'
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
  const { wallet, provider, store = memoryChannel(), autoTopUp } = options
  const { desk } = around
  const purse = await releasing(store, async () => {
    const kept = await readPurse(store, around)
    if (kept !== undefined) await settleCall(kept, wallet)
    const { payer, wanted, gone } = kept?.record ?? { payer: null, wanted: undefined, gone: false }
    const isOver = kept === undefined || payer === null || payer.settled !== null || gone
    if (!isOver) {
      if (wanted!.host !== provider || wanted!.chain.contract !== wallet.chain.contract) throw usedStore()
      if (payer.closing !== null) throw closing()
      await kept.change((record) => ({ ...record, payer: { ...record.payer!, policy: policyOf(options) } }))
    }
    const ready = isOver ? await invited({ ...options, store }, around) : kept
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
  const purse = await releasing(store, async () => {
    const kept = await readPurse(store, around)
    if (kept === undefined) throw emptyStore()
    if (wallet !== undefined) await settleCall(kept, wallet)
    return kept
  })
  return new Till({ purse, desk: around.desk, wallet, autoTopUp })
}

/** The kept channel; requests that a crash cut off may have cost up to their limit. */
export async function readPurse(store: ChannelStore, { clock }: { clock: () => number }): Promise<Purse | undefined> {
  const { state, key } = await store.load()
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
}

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

const closing = () =>
  refusal('channel_closing', 'The channel is being closed.', 'Finish that first: resumeChannel, then close.')

const walletMissing = () =>
  refusal('channel_wallet_missing', 'There is no wallet here.', 'Do this where the chain can be reached.')
