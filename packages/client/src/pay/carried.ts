// The half of an air-gapped payment that happens where the chain is: open, top up and close for an enclave that only
// somebody with a file can reach (paper §6: the user may host the model isolated from the Internet).
import { equalBytes } from '@dcml/protocol'
import { usedStore } from './carry.ts'
import { type JudgeOptions, readChallenge } from './challenge-file.ts'
import { type ChannelPayer, handleOf, readPurse, releasing, stillOpen, takeUp } from './channel.ts'
import { carryProofs } from './deposits.ts'
import { unreachableDesk } from './desk.ts'
import { openChannel } from './opening.ts'
import type { OpenOptions } from './options.ts'
import type { Purse } from './purse.ts'
import type { ChannelStore } from './store.ts'
import type { ChannelWallet } from './wallet.ts'

/** Options of {@link openCarried}. */
export interface OpenCarriedOptions extends OpenOptions, Omit<JudgeOptions, 'now'> {
  readonly store: ChannelStore
  /** Unix time in milliseconds. Default `Date.now`. */
  readonly clock?: () => number
}

/** Options of {@link resumeCarried}. */
export interface ResumeCarriedOptions {
  readonly store: ChannelStore
  readonly wallet: ChannelWallet
  /** Unix time in milliseconds. Default `Date.now`. */
  readonly clock?: () => number
}

/**
 * Opens a channel with an enclave that was met elsewhere, and fetches the proof to carry there. Where the store holds the
 * channel of this opening already, only what is missing is done.
 * @param challenge what `client.challenge` wrote
 * @throws DcmlError `challenge_file_invalid`, `attestation_refused`, and as `client.pay`
 */
export async function openCarried(challenge: string, options: OpenCarriedOptions): Promise<ChannelPayer> {
  const { store, wallet, clock = Date.now } = options
  const now = new Date(clock())
  const invitation = await readChallenge(challenge, { ...options, now })
  const kept = await readPurse(store, { clock })
  return carrying(store, wallet, async () => {
    const open = await stillOpen(kept, options)
    if (open === undefined) return openChannel(invitation, options, { clock, modelH: options.policy.modelH })
    if (!equalBytes(open.record.wanted.challenge, invitation.answer.challenge)) throw usedStore()
    return open
  })
}

/**
 * Takes up a channel again to top it up or to close it, where its enclave cannot be reached.
 * @throws DcmlError `channel_store_empty`, `channel_store_busy`, `channel_key_missing`, those of the wallet
 */
export async function resumeCarried(options: ResumeCarriedOptions): Promise<ChannelPayer> {
  const { store, wallet, clock = Date.now } = options
  const kept = await takeUp(store, wallet, { clock })
  return carrying(store, wallet, async () => kept)
}

async function carrying(
  store: ChannelStore,
  wallet: ChannelWallet,
  ready: () => Promise<Purse>,
): Promise<ChannelPayer> {
  const purse = await releasing(store, async () => {
    const open = await ready()
    await carryProofs(open, wallet)
    return open
  })
  return handleOf(purse, unreachableDesk(), wallet, () => carryProofs(purse, wallet))
}
