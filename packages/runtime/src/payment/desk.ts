import { randomBytes } from 'node:crypto'
import {
  type ApprovalFacts,
  type BlockBundle,
  type Bundle,
  type ChallengeAnswer,
  type ChannelAmounts,
  type ClosureQuestion,
  type EnclaveLedger,
  EVENTS,
  factOf,
  type LedgerEntry,
  type ProvenFact,
  readOpened,
  readOpenedOrTold,
  readToppedUp,
  STANDARD,
  type VoucherMessage,
} from '@dcml/channels'
import { blockTime, formatTrustRoot, parseEventProof, parseLogProof, verifyEvent, verifyLog } from '@dcml/light-client'
import {
  type Chain,
  DcmlError,
  formatApproval,
  type PayerChannel,
  parseClosureRequest,
  parseVoucher,
  type Signer,
  signApproval,
  verifyClosureRequest,
} from '@dcml/protocol'
import { Allowances } from './allowances.ts'
import { Changes } from './changes.ts'
import { channelRequired } from './faults.ts'
import type { Bringer, Heads } from './heads.ts'
import { StreamTab } from './stream-tab.ts'
import type { OpenTab, PaymentObserver } from './tab.ts'
import { WholeTab } from './whole-tab.ts'

export interface DeskOptions {
  readonly ledger: EnclaveLedger
  readonly heads: Heads
  /** The session key. */
  readonly signer: Signer
  /** The contract of the measured image, on the network of its trust root. */
  readonly chain: Chain
  readonly modelH: Uint8Array
  /** Epoch of the key that has opened the model. @throws DcmlError `model_not_ready` before one has */
  readonly keyEpoch: () => bigint
  readonly limits: {
    /** Tokens that a stream sets aside at once. */
    readonly paymentStep: number
    /** How long a stream waits for a voucher, in ms. */
    readonly paymentMs: number
    /** How long it waits in all, in ms, where others wait for the engine. */
    readonly paymentGraceMs: number
    /** Oldest head, and oldest event, that money is believed to be there by, in ms. */
    readonly maxHeadAgeMs: number
    readonly maxOpeningAgeMs: number
  }
  readonly observer: PaymentObserver
  /** Milliseconds since 1970. */
  readonly clock: () => number
}

/** How one request is to be paid. */
export interface TabRequest {
  readonly channelId: bigint
  readonly requestId: string
  /** Most completion tokens, where the caller said. */
  readonly maxTokens: number | undefined
  /** yoctoNEAR that it may cost for now, where the caller said. */
  readonly allowed: bigint | undefined
}

/**
 * Where the enclave is paid (paper §6): the calls about channels, each proof judged by the light client before the
 * ledger believes it. Faults are those of `EnclaveLedger` and `verifyEvent` unless a method says more.
 */
export class PaymentDesk {
  readonly chain: Chain
  readonly #options: DeskOptions
  readonly #ledger: EnclaveLedger
  readonly #changes = new Changes()
  readonly #allowances = new Allowances()

  constructor(options: DeskOptions) {
    this.chain = options.chain
    this.#options = options
    this.#ledger = options.ledger
  }

  /** @throws DcmlError `channel_state_unsure`: nothing may be served or approved any more */
  requireSure(): void {
    this.#ledger.requireSure()
  }

  /** Where the light client stands, as text. */
  head(): string {
    return formatTrustRoot(this.#options.heads.newest)
  }

  /** Goes over blocks without a proof, where the way to one is longer than a bundle. */
  async follow(bundle: BlockBundle, by: Bringer): Promise<void> {
    await this.#options.heads.follow(bundle, by)
  }

  /** `get_challenge` @throws DcmlError `model_not_ready`: a channel would be opened for nothing */
  challenge(): ChallengeAnswer {
    const { chain, modelH, signer, keyEpoch } = this.#options
    const epoch = keyEpoch()
    const challenge = Uint8Array.from(randomBytes(32))
    const validUntil = this.#ledger.challenge(challenge)
    return { challenge, sessionKey: signer.publicKey, validUntil, ...chain, modelH, keyEpoch: epoch }
  }

  /** `establish_payment_channel` */
  async establish(bundle: Bundle): Promise<ChannelAmounts> {
    const { limits, keyEpoch } = this.#options
    const opening = await this.#prove(bundle, EVENTS.opened, limits.maxOpeningAgeMs)
    await this.#ledger.establish(opening, keyEpoch())
    return this.#amounts(readOpened(factOf(opening), this.chain).terms.channelId)
  }

  /** An old top-up counts too: what is deposited never falls while the channel is open. */
  async topUp(bundle: Bundle): Promise<ChannelAmounts> {
    const event = await this.#prove(bundle, EVENTS.toppedUp, 'any')
    await this.#ledger.topUp(event)
    const { channelId } = readToppedUp(factOf(event), this.chain)
    this.#changes.notify(channelId)
    return this.#amounts(channelId)
  }

  /**
   * Takes a voucher; and with a request's name what that one may cost in all from now on. A voucher that a better one has
   * overtaken still tells who says so.
   * @throws DcmlError `voucher_…`
   */
  async acceptVoucher({ voucher, requestId, allowed }: VoucherMessage): Promise<ChannelAmounts> {
    const signed = parseVoucher(voucher)
    const { channelId } = signed.voucher
    const allow = (): void => {
      if (requestId !== undefined && allowed !== undefined) this.#allowances.raise(requestId, channelId, allowed)
      this.#changes.notify(channelId)
    }
    try {
      await this.#ledger.acceptVoucher(signed)
    } catch (error) {
      if (DcmlError.isInstance(error) && error.code === 'voucher_stale') allow()
      throw error
    }
    this.#options.observer.voucher()
    allow()
    return this.#amounts(channelId)
  }

  /**
   * `request_channel_closure` by the payer. The approval of a channel that has ended is the same for everyone: whoever
   * has it can do nothing but close as both sides left it.
   * @throws DcmlError `closure_request_…`
   */
  async requestClosure({ request, opening }: ClosureQuestion, by: Bringer = 'anyone'): Promise<string> {
    const signed = parseClosureRequest(request)
    const { channelId } = signed.request
    const open = this.#payerOf(channelId)
    if (open === undefined && opening !== undefined) {
      const proven = await this.#proveEither(opening, [EVENTS.opened, EVENTS.told], by)
      await verifyClosureRequest(signed, readOpenedOrTold(factOf(proven), this.chain).terms)
      return this.#approve(await this.#ledger.requestClosure(channelId, proven))
    }
    if (open !== 'ended') await verifyClosureRequest(signed, open ?? this.#ledger.terms(channelId))
    return this.#approve(await this.#ledger.requestClosure(channelId))
  }

  /** The same by the host, which may stop serving a payer who has vanished. */
  async closeForHost(channelId: bigint): Promise<string> {
    return this.#approve(await this.#ledger.requestClosure(channelId))
  }

  /** `answer_closure`: good for the whole challenge period, and so however old the event is. */
  async answerClosure(bundle: Bundle, by: Bringer): Promise<string> {
    return this.#approve(await this.#ledger.answerClosure(await this.#prove(bundle, EVENTS.closeStarted, 'any', by)))
  }

  /** Forgets a channel that the chain has ended. */
  async forget(bundle: Bundle, by: Bringer): Promise<void> {
    await this.#ledger.forget(await this.#proveEither(bundle, [EVENTS.closed, EVENTS.forfeited], by))
  }

  /** Channels that take requests. */
  get open(): number {
    return [...this.#ledger.entries()].filter(({ phase }) => phase === 'open').length
  }

  /** Every channel, for the host. */
  entries(): Iterable<LedgerEntry> {
    return this.#ledger.entries()
  }

  /**
   * Who pays for a request, by the voucher that came with it: only payer and enclave ever know one.
   * @throws DcmlError `payment_required` without one
   */
  async admit(voucher: string | undefined): Promise<bigint> {
    if (voucher === undefined) throw channelRequired()
    return (await this.acceptVoucher({ voucher })).channelId
  }

  /** For {@link admit}ted requests: opens a tab before the engine is kept busy. */
  tabs({ channelId, requestId, maxTokens, allowed }: TabRequest): OpenTab {
    const { paymentStep: step, paymentMs: patienceMs, paymentGraceMs: graceMs } = this.#options.limits
    const [ledger, changes, allowances] = [this.#ledger, this.#changes, this.#allowances]
    const context = { ledger, changes, allowances, observer: this.#options.observer, channelId, requestId }
    return (pauses) => {
      if (allowed !== undefined) allowances.begin(requestId, channelId, allowed)
      const tab =
        pauses === undefined
          ? new WholeTab(context, maxTokens)
          : new StreamTab(context, { ...pauses, maxTokens, step, patienceMs, graceMs })
      try {
        tab.open()
      } catch (error) {
        allowances.end(requestId)
        throw error
      }
      return tab
    }
  }

  /** The channel's payer; undefined for a channel that is not known here. */
  #payerOf(channelId: bigint): PayerChannel | 'ended' | undefined {
    try {
      return this.#ledger.terms(channelId)
    } catch (error) {
      if (!DcmlError.isInstance(error)) throw error
      if (error.code === 'channel_ended') return 'ended'
      if (error.code === 'channel_unknown') return undefined
      throw error
    }
  }

  #amounts(channelId: bigint): ChannelAmounts {
    const { deposited, authorised, spent } = this.#ledger.amounts(channelId)
    return { channelId, deposited, authorised, spent }
  }

  async #approve(facts: ApprovalFacts): Promise<string> {
    // whoever waits for a voucher on it waits in vain
    this.#changes.notify(facts.channelId)
    return formatApproval(await signApproval(this.chain, facts, this.#options.signer))
  }

  /**
   * @param maxEventAge in ms; `any` for what stays true for good: it is judged at the time of its own head, so that a
   * host whose clock is wrong can still answer for its lock
   */
  async #prove(
    { proof, ...way }: Bundle,
    event: string,
    maxEventAge: number | 'any',
    by: Bringer = 'anyone',
  ): Promise<ProvenFact> {
    const { heads, clock, limits } = this.#options
    const state = await heads.follow(way, by)
    const lasting = maxEventAge === 'any'
    const now = new Date(lasting ? blockTime(state.head.innerLite) : clock())
    const maxHeadAge = lasting ? 0 : limits.maxHeadAgeMs
    const options = { contract: this.chain.contract, standard: STANDARD, event, state, now, maxHeadAge, maxEventAge }
    const verdict =
      'receipt' in proof ? verifyLog(parseLogProof(proof), options) : verifyEvent(parseEventProof(proof), options)
    if (!verdict.ok) throw verdict.error
    return verdict
  }

  async #proveEither(bundle: Bundle, [event, other]: readonly [string, string], by: Bringer): Promise<ProvenFact> {
    try {
      return await this.#prove(bundle, event, 'any', by)
    } catch (error) {
      const isOther = DcmlError.isInstance(error) && /^(event|log)_event$/.test(error.code)
      if (!isOther) throw error
      return this.#prove(bundle, other, 'any', by)
    }
  }
}
