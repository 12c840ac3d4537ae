// Pays for requests: a voucher with each, more where the enclave asks within the limits, and a look at every receipt.
import {
  abandonRequest,
  beginRequest,
  ceilingOf,
  type Demand,
  dropRequest,
  type Payer,
  pay,
  takeReceipt,
} from '@dcml/channels'
import { DcmlError, formatVoucher, type SignedReceipt, type TokenCounts } from '@dcml/protocol'
import { currentDemand, type Floor } from './demand.ts'
import { addDeposit, proveDeposits } from './deposits.ts'
import type { Desk } from './desk.ts'
import type { AutoTopUp } from './options.ts'
import type { Purse } from './purse.ts'
import { knownDeposit } from './record.ts'
import { refusal } from './refusal.ts'
import type { ChannelWallet } from './wallet.ts'

/** What contradicts what the enclave said before: nothing more is paid after one of these. */
const LIES: ReadonlySet<string> = new Set([
  'payment_demand_wrong',
  'payment_voucher_ignored',
  'receipt_forged',
  'receipt_foreign',
  'receipt_replayed',
  'receipt_spent_fell',
  'receipt_overcharged',
])

/** A voucher that was kept, and may leave. */
export interface Payment {
  /** Text form. */
  readonly voucher: string
  readonly floor: Floor
}

/** What one request may cost in all. */
interface RequestAllowance {
  readonly requestId: string
  readonly allowed: bigint
}

export interface TillOptions {
  readonly purse: Purse
  readonly desk: Desk
  readonly wallet: ChannelWallet | undefined
  readonly autoTopUp: AutoTopUp | undefined
}

/** All payments of one channel. Requests may run side by side. */
export class Till {
  readonly purse: Purse
  readonly #options: TillOptions
  /** Most that the enclave has said it was authorised. */
  #acknowledged = 0n
  #topUp: Promise<unknown> = Promise.resolve()

  constructor(options: TillOptions) {
    this.#options = options
    this.purse = options.purse
  }

  /** Puts a request under way. @throws DcmlError `channel_closing`, what the channel is distrusted for, `channel_store_failed` */
  begin(requestH: Uint8Array): Promise<Payment> {
    return this.#sign((payer) => pay(beginRequest(payer, requestH), this.purse.signer))
  }

  /** The best voucher there is. */
  again(): Promise<Payment> {
    return this.#sign((payer) => pay(payer, this.purse.signer))
  }

  /**
   * Pays what is asked for, within the limits.
   * @param floor where the channel stood when the request left
   * @param steps to pay ahead, where requests side by side would use up what is paid for this one
   * @throws DcmlError `payment_limit_reached`, `payment_deposit_exhausted`, `payment_demand_wrong`, `channel_closing`
   */
  async meet(demand: Demand, floor: Floor, steps = 0): Promise<Payment> {
    const { signer } = this.purse
    const paid = () =>
      this.#sign((payer) => pay(payer, signer, ahead(currentDemand(demand, floor, payer), payer, steps)))
    try {
      return await paid()
    } catch (error) {
      if (!hasCode(error, 'payment_deposit_exhausted') || !(await this.#refill(demand.required))) throw error
      return paid()
    }
  }

  /**
   * Pays inside of a stream: the voucher goes over another connection.
   * @param allowed what its request may cost in all from now on, and what the enclave knows of that, in yoctoNEAR
   * @throws DcmlError as {@link meet}, `payment_voucher_ignored`, `channel_used_elsewhere`, those of {@link Desk}
   */
  async resume(demand: Demand, floor: Floor, { allowed, told }: { allowed: bigint; told: bigint }): Promise<void> {
    const { request } = demand
    const isAllowed = request === undefined || request.required <= told
    // a voucher for another request has overtaken this one
    if (demand.required <= this.#acknowledged && isAllowed) return
    const payment = await this.meet(demand, floor)
    try {
      await this.#deliver(payment, request && { requestId: request.id, allowed })
    } catch (error) {
      // the enclave was told what the request may cost all the same
      if (!hasCode(error, 'voucher_stale')) throw error
      this.requireNewest(payment)
    }
  }

  /** Checks a receipt, and ends its request. @throws DcmlError those of `takeReceipt` */
  async take(signed: SignedReceipt, requestH: Uint8Array, counted: TokenCounts): Promise<void> {
    await this.#watch(() => this.purse.pays((payer) => takeReceipt(payer, signed, { requestH, counted })))
  }

  /** Lets a request go that delivered nothing. */
  drop = (requestH: Uint8Array): Promise<unknown> => this.purse.pays((payer) => dropRequest(payer, requestH))

  /** Lets a request go that may have cost something. @param allowed the most that the enclave was told */
  abandon = (requestH: Uint8Array, allowed: bigint): Promise<unknown> =>
    this.purse.pays((payer) => abandonRequest(payer, requestH, allowed))

  /** After "voucher_stale": there must be a better voucher than this one. @throws DcmlError `channel_used_elsewhere` */
  requireNewest({ floor }: Payment): void {
    if (this.purse.payer.authorised > floor.authorised) return
    throw refusal(
      'channel_used_elsewhere',
      'The enclave has a better voucher of this channel than this client ever signed.',
      'Another process pays from the same channel, or its file was restored from an older copy. Use one of them.',
    )
  }

  async #deliver({ voucher, floor }: Payment, request: RequestAllowance | undefined): Promise<void> {
    const { channelId, authorised } = await this.#options.desk.acceptVoucher({ voucher, ...request })
    if (channelId === this.purse.payer.terms.channelId && authorised >= floor.authorised) {
      if (authorised > this.#acknowledged) this.#acknowledged = authorised
      return
    }
    const lie = refusal(
      'payment_voucher_ignored',
      'The enclave took a voucher and says that less is authorised.',
      'Pay no more on this channel; ask for its approval and close it.',
      { sent: floor.authorised, authorised },
    )
    return this.#watch(() => Promise.reject(lie))
  }

  async #sign(next: (payer: Payer) => ReturnType<typeof pay>): Promise<Payment> {
    this.purse.requireTrust()
    let payment: Payment | undefined
    await this.#watch(() =>
      this.purse.change(async (record) => {
        const { deposited } = this.purse.payer
        const { payer, signed } = await next({ ...this.purse.payer, deposited: knownDeposit(record) })
        payment = { voucher: formatVoucher(signed), floor: { authorised: payer.authorised, spent: payer.spent } }
        return { ...record, payer: { ...payer, deposited } }
      }),
    )
    return payment!
  }

  async #watch<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      if (DcmlError.isInstance(error) && LIES.has(error.code)) await this.purse.distrust(error)
      throw error
    }
  }

  /** Tops the channel up where that was allowed, once for all requests that wait for it. */
  #refill(required: bigint): Promise<boolean> {
    const { autoTopUp, wallet, desk } = this.#options
    const refilled = this.#topUp.then(async () => {
      const { deposited } = this.purse.payer
      if (required <= deposited) {
        await proveDeposits(this.purse, desk, wallet)
        return true
      }
      if (autoTopUp === undefined || wallet === undefined) return false
      const missing = required - deposited
      const times = (missing + autoTopUp.amount - 1n) / autoTopUp.amount
      const amount = times * autoTopUp.amount
      if (deposited + amount > autoTopUp.maxDeposit) return false
      await addDeposit(this.purse, wallet, amount)
      await proveDeposits(this.purse, desk, wallet)
      return true
    })
    this.#topUp = refilled.catch(() => {})
    return refilled
  }
}

/** Asks for more of oneself than the enclave does, within the ceiling. */
function ahead(demand: Demand, payer: Payer, steps: number): Demand {
  const others = BigInt(Math.max(0, payer.requests.length - 1))
  const wanted = demand.required + others * BigInt(steps) * payer.policy.step
  const ceiling = ceilingOf(payer)
  const required = wanted < ceiling ? wanted : ceiling
  return required > demand.required ? { ...demand, required } : demand
}

const hasCode = (error: unknown, code: string): boolean => DcmlError.isInstance(error) && error.code === code
