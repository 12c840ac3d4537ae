// Which channel, if any, a client pays from.
import { receiptChannelId } from '@dcml/channels'
import type { Exchange } from '../receipts/keeper.ts'
import type { GuardOptions } from '../response/guard.ts'
import { type ChannelPayer, handleOf, payWith, resumeWith, type Surroundings } from './channel.ts'
import type { PayOptions, ResumeOptions } from './options.ts'
import { refusal } from './refusal.ts'
import { PaidRequest } from './request.ts'
import { Tally } from './tally.ts'
import type { Till } from './till.ts'
import type { ChannelWallet } from './wallet.ts'

/** A request that is paid for, and what its answer is watched with. */
export interface Sale extends Required<Pick<GuardOptions, 'see' | 'onDemand'>> {
  readonly request: PaidRequest
  readonly paid: NonNullable<Exchange['paid']>
}

export class Cashier {
  readonly #around: Surroundings
  #till: Till | undefined
  #isOpening = false

  constructor(around: Surroundings) {
    this.#around = around
  }

  pay(options: PayOptions): Promise<ChannelPayer> {
    return this.#take(options.wallet, () => payWith(options, this.#around))
  }

  resume(options: ResumeOptions): Promise<ChannelPayer> {
    return this.#take(options.wallet, () => resumeWith(options, this.#around))
  }

  /** Undefined where this client does not pay. @param requestH SHA-256 of the exact body */
  sell(body: Uint8Array, requestH: Uint8Array): Sale | undefined {
    const till = this.#till
    if (till === undefined || till.purse.isReleased) return undefined
    const tally = new Tally(body)
    const request = new PaidRequest(till, requestH, tally.isStreamed)
    return {
      request,
      see: (payload) => tally.add(payload),
      onDemand: (demand) => request.resume(demand, tally.parts),
      paid: {
        channelId: receiptChannelId(till.purse.payer.terms.channelId),
        take: (signed) => request.take(signed, tally.most()),
      },
    }
  }

  /** Leaves the channel open, for another time. */
  async release(): Promise<void> {
    const till = this.#till
    this.#till = undefined
    await till?.purse.release()
  }

  async #take(wallet: ChannelWallet | undefined, open: () => Promise<Till>): Promise<ChannelPayer> {
    const purse = this.#till?.purse
    if (this.#isOpening || (purse !== undefined && !purse.isOver && !purse.isReleased))
      throw refusal(
        'client_pays_already',
        'This client pays from a channel already.',
        'Close or release that one first.',
      )
    this.#isOpening = true
    try {
      await this.release()
      this.#till = await open()
    } finally {
      this.#isOpening = false
    }
    return handleOf(this.#till.purse, this.#around.desk, wallet)
  }
}
