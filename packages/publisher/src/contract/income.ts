import { type Cancellable, type Near, readEvents, sendTransaction } from '@dcml/near'
import { model, type OpenChannel, openChannels, type SentCall } from '@dcml/near/model'
import { DcmlError } from '@dcml/protocol'
import { actions } from 'near-api-js'
import { finalHeight, type OwnerOptions, ownerCall } from './owner.ts'

/** How one channel ended, in yoctoNEAR. */
export interface SettledChannel {
  readonly channelId: bigint
  /** The owner's share of what was used; of a forfeited channel the host's whole lock. */
  readonly toOwner: bigint
  readonly toProvider: bigint
  readonly toPayer: bigint
  /** True where nobody brought an approval. */
  readonly forfeited: boolean
  readonly blockHeight: number
}

/** What a model earns, in yoctoNEAR. */
export interface Income {
  /** Who earns on channels that open now. */
  readonly beneficiary: string
  /** Channels that have not ended. What was used on them only their enclaves know. */
  readonly open: readonly OpenChannel[]
  /** The open channels' deposits: the most they can still bring to owner and hosts together. */
  readonly deposited: bigint
  /** Channels that ended since the block asked for. */
  readonly settled: readonly SettledChannel[]
  /** The owner's part of those, paid to the beneficiary that each channel was opened with. */
  readonly earned: bigint
  /** What transfers to the beneficiary failed to deliver; see {@link collectOwed}. */
  readonly owed: bigint
  /** Block to begin at the next time. */
  readonly next: number
}

export interface IncomeOptions extends Cancellable {
  readonly near: Near
  readonly contract: string
  /** Block to begin at: that of the deployment, or `next` of the time before. Costs a request per block. */
  readonly from: number
  /** First channel that may be open. Default 1; costs a request per channel since. */
  readonly firstChannel?: bigint
  /** Blocks read so far, and in all. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void
}

/**
 * Reads what a model earns: ended channels from the contract's events, open ones and debts from its views. One node's
 * word; for a proof of one event see `fetchProof`.
 * @throws DcmlError `near_block_unknown` where the node no longer keeps `from`, and what `readEvents` throws
 */
export async function income(options: IncomeOptions): Promise<Income> {
  const { near, contract, from, firstChannel = 1n, onProgress, ...cancel } = options
  const at = model(near, contract)
  const settled: SettledChannel[] = []
  const to = await finalHeight(near, cancel)
  let next = from
  for (;;) {
    const page = await readEvents(near, { contractId: contract, from: next, to, standard: 'dcml_model', ...cancel })
    for (const { blockHeight, ...event } of page.events) {
      const typed = at.parseEvent(event)
      if (typed?.event === 'channel_closed') {
        const { channel_id: channelId, to_owner: toOwner, to_provider: toProvider, to_payer: toPayer } = typed.data
        settled.push({ channelId, toOwner, toProvider, toPayer, forfeited: false, blockHeight })
      } else if (typed?.event === 'channel_forfeited') {
        const { channel_id: channelId, to_owner: toOwner, to_payer: toPayer } = typed.data
        settled.push({ channelId, toOwner, toProvider: 0n, toPayer, forfeited: true, blockHeight })
      }
    }
    if (page.next === next) break
    next = page.next
    onProgress?.({ done: next - from, total: to - from })
  }
  const open = await openChannels(near, contract, { first: firstChannel, ...cancel })
  const { beneficiary } = await at.terms({}, cancel)
  return {
    beneficiary,
    open,
    deposited: open.reduce((sum, channel) => sum + channel.deposited, 0n),
    settled,
    earned: settled.reduce((sum, channel) => sum + channel.toOwner, 0n),
    owed: await at.owed_of({ account: beneficiary }, cancel),
    next,
  }
}

/**
 * Has the contract send again what it owes an account; anyone may ask.
 * @param options.of the account that is owed
 * @throws DcmlError `nothing_owed`, and what `sendTransaction` throws
 */
export async function collectOwed(options: OwnerOptions & { readonly of: string }): Promise<SentCall> {
  const { of, ...rest } = options
  const { at, options: call } = ownerCall(rest)
  if ((await at.owed_of({ account: of }, options.signal === undefined ? {} : { signal: options.signal })) === 0n)
    throw new DcmlError('nothing_owed', `${rest.contract} owes ${of} nothing.`, {
      hint: 'Amounts are sent when a channel ends; only what could not be delivered is owed.',
    })
  return at.collect_owed({ account: of }, call)
}

/**
 * Sends income on from the beneficiary's account.
 * @param options.amount yoctoNEAR
 * @throws DcmlError what `sendTransaction` throws
 */
export async function moveIncome(
  options: Omit<OwnerOptions, 'contract'> & { readonly to: string; readonly amount: bigint },
): Promise<SentCall> {
  const { near, to, amount, ...rest } = options
  return sendTransaction(near, { ...rest, receiverId: to, actions: [actions.transfer(amount)] })
}
