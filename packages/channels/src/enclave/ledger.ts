import type { Chain, Ed25519Check, SignedVoucher, TokenCounts } from '@dcml/protocol'
import { type Amounts, nanoseconds } from '../amounts.ts'
import {
  type ChannelTerms,
  factOf,
  type Opened,
  type ProvenFact,
  readClosed,
  readCloseStarted,
  readOpened,
  readOpenedOrTold,
  readToppedUp,
} from '../facts.ts'
import { refusal } from '../refuse.ts'
import type { AntiRollback, StateStore } from './anti-rollback.ts'
import { Books, type LedgerEntry, type Released } from './books.ts'
import { Challenges } from './challenges.ts'
import { notOurs, requireHost, requireModel, requireOurs } from './identity.ts'
import * as channel from './meter.ts'
import type { ApprovalFacts } from './records.ts'
import type { EnclaveIdentity } from './state.ts'

export interface LedgerOptions {
  readonly identity: EnclaveIdentity
  /**
   * True only where the session key was made at this start. An older key without its state would approve used channels
   * at 0: a host could put in a device that remembers nothing.
   */
  readonly isNewSession: boolean
  readonly store: StateStore
  readonly antiRollback: AntiRollback
  /** Milliseconds since 1970. */
  readonly clock: () => number
  /** Reads a key to check vouchers with. Default that of WebCrypto; `@dcml/protocol/node` has a faster one. */
  readonly ed25519?: (publicKey: Uint8Array) => Ed25519Check
  /** How long a payer has from `get_challenge` to the proof of its opening. Default one hour. */
  readonly challengeLifetimeMs?: number
  /** Challenges waiting at once, the newest. Default 100,000, which take 13 MB. */
  readonly maxChallenges?: number
  /** Channels remembered at once, open and ended. Default and most 100,000. */
  readonly maxChannels?: number
}

/** A channel by its id, and by what a proof says of it where there is one. */
type Named = Pick<Opened['terms'], 'channelId'> & Partial<Pick<Opened['terms'], 'sessionKey' | 'challenge'>>

/**
 * All channels of one enclave (paper §6). What resolves has been written and marked before, so it may leave the
 * enclave; `acceptVoucher` and `deliver` need no write, because what they build on was.
 */
export class EnclaveLedger {
  readonly #options: LedgerOptions
  readonly #books: Books
  readonly #challenges: Challenges

  private constructor(options: LedgerOptions, books: Books) {
    const { clock, challengeLifetimeMs: lifetimeMs = 3_600_000, maxChallenges: limit = 100_000 } = options
    this.#options = options
    this.#books = books
    this.#challenges = new Challenges({ clock, lifetimeMs, limit })
  }

  /**
   * Starts from the last state, or without channels where there never was one. Requests that were under way count as
   * delivered in full.
   * @throws DcmlError `channel_state_rolled_back`, `channel_state_missing`, `channel_state_foreign`
   */
  static async open(options: LedgerOptions): Promise<EnclaveLedger> {
    return new EnclaveLedger(options, await Books.open(options))
  }

  /**
   * `get_challenge`: remembers a challenge for one opening.
   * @param random 32 fresh random bytes, the challenge @returns when it ends, in ms
   * @throws DcmlError `channel_state_unsure`
   */
  challenge(random: Uint8Array): number {
    this.#books.requireSure()
    return this.#challenges.add(random)
  }

  /**
   * `establish_payment_channel`: takes up a channel whose opening the light client proved. The proof of a channel that
   * is open already changes nothing, so that a payer who missed the answer may ask again.
   * @param keyEpoch of the key that opened the model: known once the key is here, unlike all else of the identity
   * @throws DcmlError `channel_event_*`, `channel_not_ours`, `channel_challenge_unknown`, `channel_ended`, `channels_full`,
   * `channel_expired`, `channel_state_unsure`
   */
  async establish(opening: ProvenFact, keyEpoch: bigint): Promise<Amounts> {
    const opened = readOpened(factOf(opening), this.#chain)
    const { terms } = opened
    if (!this.#books.isOpen(terms.channelId)) {
      this.#requireAcceptable(opened, keyEpoch)
      this.#challenges.use(terms.challenge)
      this.#books.set(channel.startMeter(opened))
    }
    await this.#books.commit()
    return this.amounts(terms.channelId)
  }

  /** Believes a deposit that the light client proved. @throws DcmlError `channel_event_*`, `channel_unknown` */
  async topUp(event: ProvenFact): Promise<Amounts> {
    const { channelId, deposited } = readToppedUp(factOf(event), this.#chain)
    this.#books.set(channel.raiseDeposit(this.#books.meter(channelId), deposited))
    await this.#books.commit()
    return this.amounts(channelId)
  }

  /**
   * @throws DcmlError `voucher_stale`, `voucher_beyond_deposit`, `voucher_foreign`, `voucher_forged`,
   * `voucher_malformed`, `channel_unknown`, `channel_ended`
   */
  async acceptVoucher(signed: SignedVoucher): Promise<Amounts> {
    const { channelId, authorised } = signed.voucher
    const meter = this.#books.meter(channelId)
    await this.#books.verify(signed, meter.terms)
    // after it: nobody but the payer hears how good the best one is
    channel.requireFresh(meter, authorised)
    // a better one may have overtaken it, and the channel may have ended, while it was verified
    const now = this.#books.meter(channelId)
    if (authorised > now.authorised) this.#books.set(channel.authorise(now, authorised))
    return this.amounts(channelId)
  }

  /**
   * Sets tokens aside for a request before it delivers any, or says what has to be authorised first (402, or a pause
   * in a stream). What is granted at once is what a crash may cost the payer: ask for a step, not for everything.
   * @param allowed yoctoNEAR that the request may cost in all, where its payer said so
   * @throws DcmlError `channel_unknown`, `channel_ended`, `channel_expired`, `channel_state_unsure`
   */
  async reserve(channelId: bigint, requestId: string, asked: TokenCounts, allowed?: bigint): Promise<channel.Granted> {
    const before = this.#books.meter(channelId)
    this.#requireUnexpired(before.terms.expiresAt)
    const { meter, ...result } = channel.reserve(before, requestId, asked, allowed)
    if ('demand' in result) return result
    this.#books.set(meter)
    await this.#books.commit()
    return result
  }

  /**
   * Counts reserved tokens as delivered. Send them after it returns, never before.
   * @throws DcmlError `channel_not_reserved`, `channel_unknown`, `channel_ended`: do not send
   */
  deliver(channelId: bigint, requestId: string, counts: TokenCounts): void {
    this.#books.setUnwritten(channel.deliver(this.#books.meter(channelId), requestId, counts))
  }

  /**
   * What has to be authorised before so many tokens more can be delivered; undefined where they can. Promises nothing.
   * @throws DcmlError `channel_unknown`, `channel_ended`, `channel_expired`, `channel_state_unsure`
   */
  demandFor(channelId: bigint, tokens: TokenCounts, allowance?: channel.Allowance): channel.Demand | undefined {
    const meter = this.#books.meter(channelId)
    this.#requireUnexpired(meter.terms.expiresAt)
    return channel.demandFor(meter, tokens, allowance)
  }

  /**
   * Promises to a request what its answer may cost at most, all or nothing. For answers that leave whole: end it with
   * {@link charge} just before that, or with {@link free}. A crash in between costs nothing, as nothing was sent.
   * @throws DcmlError as {@link demandFor}
   */
  hold(channelId: bigint, requestId: string, most: TokenCounts, allowed?: bigint): channel.Granted {
    const before = this.#books.meter(channelId)
    this.#requireUnexpired(before.terms.expiresAt)
    const { meter, ...result } = channel.hold(before, requestId, most, allowed)
    this.#books.setUnwritten(meter)
    return result
  }

  /** Gives back what {@link hold} promised; of a channel that has ended there is nothing to give. */
  free(channelId: bigint, requestId: string): void {
    if (this.#books.isOpen(channelId)) this.#books.setUnwritten(channel.free(this.#books.meter(channelId), requestId))
  }

  /**
   * Counts an answer that leaves whole, numbers its receipt, and ends the request: one write. Send nothing where it is
   * a demand, which takes more tokens than were held.
   * @throws DcmlError `channel_unknown`, `channel_ended`, `channel_state_unsure`
   */
  async charge(
    channelId: bigint,
    requestId: string,
    counts: TokenCounts,
    allowed?: bigint,
  ): Promise<Released | { readonly demand: channel.Demand }> {
    const { meter, ...result } = channel.charge(this.#books.meter(channelId), requestId, counts, allowed)
    this.#books.set(meter)
    return 'demand' in result ? result : this.#books.number(meter, counts)
  }

  /** Ends a request and numbers its receipt. @throws DcmlError `channel_unknown`, `channel_ended`, `channel_state_unsure` */
  async release(channelId: bigint, requestId: string): Promise<Released> {
    const { meter, delivered } = channel.release(this.#books.meter(channelId), requestId)
    this.#books.set(meter)
    return this.#books.number(meter, delivered)
  }

  /**
   * `request_channel_closure`: ends a channel here and says what its approval must say. Asked again it says the same.
   * Who may ask is the caller's to decide.
   * @param opening of a channel that names this enclave but was never taken up here, or the same told again: its approval
   * is of 0
   * @throws DcmlError `channel_unknown`, `channel_not_ours`, `channel_state_unsure`
   */
  async requestClosure(channelId: bigint, opening?: ProvenFact): Promise<ApprovalFacts> {
    if (opening === undefined) return this.#close({ channelId })
    const { terms } = readOpenedOrTold(factOf(opening), this.#chain)
    if (terms.channelId !== channelId) throw notOurs('another channel')
    return this.#close(terms)
  }

  /**
   * `answer_closure`: the same, for whoever proves that a close without approval has started. A channel that names this
   * enclave but was never taken up is approved at 0, whoever its host: nothing was delivered on it.
   * @throws DcmlError `channel_event_*`, `channel_not_ours`, `channels_full`, `channel_state_unsure`
   */
  async answerClosure(closing: ProvenFact): Promise<ApprovalFacts> {
    return this.#close(readCloseStarted(factOf(closing), this.#chain))
  }

  /** Forgets a channel that the light client proved closed. */
  async forget(closing: ProvenFact): Promise<void> {
    const { channelId } = readClosed(factOf(closing), this.#chain)
    this.#books.forget(channelId)
    await this.#books.commit()
  }

  /** @throws DcmlError `channel_unknown`, `channel_ended`, `channel_state_unsure` */
  amounts(channelId: bigint): Amounts {
    return channel.meterAmounts(this.#books.meter(channelId))
  }

  /**
   * Whose signatures count on a channel that is open here. @throws DcmlError `channel_unknown`, `channel_ended`,
   * `channel_state_unsure`
   */
  terms(channelId: bigint): ChannelTerms {
    return this.#books.meter(channelId).terms
  }

  /** Every channel, open and ended, for the host. */
  entries(): Iterable<LedgerEntry> {
    return this.#books.entries()
  }

  /** Refuses once the last state could not be kept. @throws DcmlError `channel_state_unsure` */
  requireSure(): void {
    this.#books.requireSure()
  }

  get #chain(): Chain {
    return this.#options.identity.chain
  }

  #requireAcceptable({ terms }: Opened, keyEpoch: bigint): void {
    this.#books.requireSure()
    const { identity } = this.#options
    if (this.#books.lastWord(terms.channelId) !== undefined) this.#books.meter(terms.channelId)
    requireOurs(terms.sessionKey, identity)
    requireHost(terms, identity)
    requireModel(terms, identity, keyEpoch)
    if (!this.#challenges.has(terms.challenge))
      throw refusal(
        'channel_challenge_unknown',
        'The challenge of the opening is not one that is waiting here.',
        'Close the channel (the approval is of 0), get a new challenge, open again.',
      )
    this.#requireUnexpired(terms.expiresAt)
    this.#books.requireRoom(0.9)
  }

  #requireUnexpired(expiresAt: bigint): void {
    if (nanoseconds(this.#options.clock()) >= expiresAt)
      throw refusal('channel_expired', 'The channel has expired.', 'Close it and open another.')
  }

  async #close(named: Named): Promise<ApprovalFacts> {
    this.#books.requireSure()
    const { channelId } = named
    if (this.#books.lastWord(channelId) === undefined) {
      const last = this.#lastWord(named)
      this.#challenges.use(last.challenge)
      this.#books.end(last)
    }
    // it has its number as soon as it is being written, and leaves once it is marked
    await this.#books.commit()
    return this.#books.lastWord(channelId)!
  }

  #lastWord({ channelId, sessionKey, challenge }: Named): ApprovalFacts {
    if (this.#books.isOpen(channelId) || sessionKey === undefined || challenge === undefined) {
      const { terms, delivered } = this.#books.meter(channelId)
      const { spent } = this.amounts(channelId)
      return { channelId, challenge: terms.challenge, ...delivered, spent, counter: 0n }
    }
    requireOurs(sessionKey, this.#options.identity)
    this.#books.requireRoom(1)
    return { channelId, challenge, ...channel.NO_TOKENS, spent: 0n, counter: 0n }
  }
}
