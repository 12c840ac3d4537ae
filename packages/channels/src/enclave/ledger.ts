import { type Chain, ed25519Verifier, type SignedVoucher, type TokenCounts, verifyVoucher } from '@dcml/protocol'
import { type Amounts, nanoseconds } from '../amounts.ts'
import {
  type ChannelTerms,
  factOf,
  type Opened,
  type ProvenFact,
  readClosed,
  readCloseStarted,
  readOpened,
  readToppedUp,
} from '../facts.ts'
import { refusal } from '../refuse.ts'
import type { AntiRollback, StateStore } from './anti-rollback.ts'
import { Challenges } from './challenges.ts'
import { notOurs, requireModel, requireOurs } from './identity.ts'
import { Journal } from './journal.ts'
import * as channel from './meter.ts'
import { type ApprovalFacts, decodeState, type EnclaveIdentity, encodeState } from './state.ts'

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
  /** How long a payer has from `get_challenge` to the proof of its opening. Default one hour. */
  readonly challengeLifetimeMs?: number
  /** Challenges waiting at once. Default 10,000. */
  readonly maxChallenges?: number
}

/** A channel by its id, and by what a proof says of it where there is one. */
type Named = Pick<Opened['terms'], 'channelId'> & Partial<Pick<Opened['terms'], 'sessionKey' | 'challenge'>>

/** What a request delivered, and where its receipt stands. */
export interface Released {
  readonly delivered: TokenCounts
  /** yoctoNEAR spent on the channel so far. */
  readonly spent: bigint
  readonly sequence: bigint
}

/**
 * All channels of one enclave (paper §6). What resolves has been written and marked before, so it may leave the
 * enclave; `acceptVoucher` and `deliver` need no write, because what they build on was.
 */
export class EnclaveLedger {
  readonly #options: LedgerOptions
  readonly #challenges: Challenges
  readonly #meters = new Map<bigint, channel.Meter>()
  readonly #ended = new Map<bigint, ApprovalFacts>()
  readonly #verifiers = new WeakMap<ChannelTerms, ReturnType<typeof ed25519Verifier>>()
  #sequence = 0n
  #journal!: Journal

  private constructor(options: LedgerOptions) {
    const { clock, challengeLifetimeMs: lifetimeMs = 3_600_000, maxChallenges: limit = 10_000 } = options
    this.#options = options
    this.#challenges = new Challenges({ clock, lifetimeMs, limit })
  }

  /**
   * Starts from the last state, or without channels where there never was one. Requests that were under way count as
   * delivered in full.
   * @throws DcmlError `channel_state_rolled_back`, `channel_state_missing`, `channel_state_foreign`
   */
  static async open(options: LedgerOptions): Promise<EnclaveLedger> {
    const ledger = new EnclaveLedger(options)
    const { journal, last } = await Journal.open(options, (counter) => ledger.#render(counter))
    ledger.#journal = journal
    if (last === null) {
      if (!options.isNewSession)
        throw refusal(
          'channel_state_missing',
          'The anti-rollback device knows no state of this session key.',
          'Restore the device and the newest state file, or start with a new session key.',
        )
      await journal.commit()
      return ledger
    }
    const state = decodeState(options.identity, last.state)
    for (const meter of state.meters) ledger.#meters.set(meter.terms.channelId, meter)
    for (const approval of state.ended) ledger.#ended.set(approval.channelId, approval)
    ledger.#sequence = state.sequence
    return ledger
  }

  /**
   * `get_challenge`: remembers a challenge for one opening.
   * @param random 32 fresh random bytes, the challenge @returns when it ends, in ms
   * @throws DcmlError `channel_challenges_full`, `channel_state_unsure`
   */
  challenge(random: Uint8Array): number {
    this.#journal.requireSure()
    return this.#challenges.add(random)
  }

  /**
   * `establish_payment_channel`: takes up a channel whose opening the light client proved. The proof of a channel that
   * is open already changes nothing, so that a payer who missed the answer may ask again.
   * @throws DcmlError `channel_event_*`, `channel_not_ours`, `channel_challenge_unknown`, `channel_ended`,
   * `channel_expired`, `channel_state_unsure`
   */
  async establish(opening: ProvenFact): Promise<Amounts> {
    const opened = readOpened(factOf(opening), this.#chain)
    const { terms } = opened
    if (!this.#meters.has(terms.channelId)) {
      this.#requireAcceptable(opened)
      this.#challenges.use(terms.challenge)
      this.#meters.set(terms.channelId, channel.startMeter(opened))
    }
    await this.#journal.commit()
    return this.amounts(terms.channelId)
  }

  /** Believes a deposit that the light client proved. @throws DcmlError `channel_event_*`, `channel_unknown` */
  async topUp(event: ProvenFact): Promise<Amounts> {
    const { channelId, deposited } = readToppedUp(factOf(event), this.#chain)
    this.#meters.set(channelId, channel.raiseDeposit(this.#meter(channelId), deposited))
    await this.#journal.commit()
    return this.amounts(channelId)
  }

  /**
   * @throws DcmlError `voucher_stale`, `voucher_beyond_deposit`, `voucher_foreign`, `voucher_forged`,
   * `voucher_malformed`, `channel_unknown`, `channel_ended`
   */
  async acceptVoucher(signed: SignedVoucher): Promise<Amounts> {
    const { channelId, authorised } = signed.voucher
    const meter = this.#meter(channelId)
    channel.requireFresh(meter, authorised)
    const isSigned = this.#verifierOf(meter.terms)
    await verifyVoucher(signed, meter.terms, (_key, message, signature) => isSigned(message, signature))
    // a better one may have overtaken it, and the channel may have ended, while it was verified
    const now = this.#meter(channelId)
    if (authorised > now.authorised) this.#meters.set(channelId, channel.authorise(now, authorised))
    return this.amounts(channelId)
  }

  /**
   * Sets tokens aside for a request before it delivers any, or says what has to be authorised first (402, or a pause
   * in a stream). What is granted at once is what a crash may cost the payer: ask for a step, not for everything.
   * @throws DcmlError `channel_unknown`, `channel_ended`, `channel_expired`, `channel_state_unsure`
   */
  async reserve(channelId: bigint, requestId: string, asked: TokenCounts): Promise<channel.Granted> {
    const before = this.#meter(channelId)
    this.#requireUnexpired(before.terms.expiresAt)
    const { meter, ...result } = channel.reserve(before, requestId, asked)
    if ('demand' in result) return result
    this.#meters.set(channelId, meter)
    await this.#journal.commit()
    return result
  }

  /**
   * Counts reserved tokens as delivered. Send them after it returns, never before.
   * @throws DcmlError `channel_not_reserved`, `channel_unknown`, `channel_ended`: do not send
   */
  deliver(channelId: bigint, requestId: string, counts: TokenCounts): void {
    this.#meters.set(channelId, channel.deliver(this.#meter(channelId), requestId, counts))
  }

  /** Ends a request and numbers its receipt. @throws DcmlError `channel_unknown`, `channel_ended`, `channel_state_unsure` */
  async release(channelId: bigint, requestId: string): Promise<Released> {
    const { meter, delivered } = channel.release(this.#meter(channelId), requestId)
    this.#meters.set(channelId, meter)
    this.#sequence += 1n
    const released = { delivered, spent: channel.meterAmounts(meter).spent, sequence: this.#sequence }
    await this.#journal.commit()
    return released
  }

  /**
   * `request_channel_closure`: ends a channel here and says what its approval must say. Asked again it says the same.
   * Who may ask is the caller's to decide.
   * @param opening of a channel that names this enclave but was never taken up here: its approval is of 0
   * @throws DcmlError `channel_unknown`, `channel_not_ours`, `channel_state_unsure`
   */
  async requestClosure(channelId: bigint, opening?: ProvenFact): Promise<ApprovalFacts> {
    if (opening === undefined) return this.#close({ channelId })
    const { terms } = readOpened(factOf(opening), this.#chain)
    if (terms.channelId !== channelId) throw notOurs('another channel')
    return this.#close(terms)
  }

  /**
   * `answer_closure`: the same, for whoever proves that a close without approval has started. A channel that names this
   * enclave but was never taken up is approved at 0: nothing was delivered on it.
   */
  async answerClosure(closing: ProvenFact): Promise<ApprovalFacts> {
    return this.#close(readCloseStarted(factOf(closing), this.#chain))
  }

  /** Forgets a channel that the light client proved closed. */
  async forget(closing: ProvenFact): Promise<void> {
    const { channelId } = readClosed(factOf(closing), this.#chain)
    this.#meters.delete(channelId)
    this.#ended.delete(channelId)
    await this.#journal.commit()
  }

  /** @throws DcmlError `channel_unknown`, `channel_ended`, `channel_state_unsure` */
  amounts(channelId: bigint): Amounts {
    return channel.meterAmounts(this.#meter(channelId))
  }

  get #chain(): Chain {
    return this.#options.identity.chain
  }

  #meter(channelId: bigint): channel.Meter {
    this.#journal.requireSure()
    const meter = this.#meters.get(channelId)
    if (meter !== undefined) return meter
    if (this.#ended.has(channelId))
      throw refusal(
        'channel_ended',
        `Channel ${channelId} takes no more requests.`,
        'Submit its approval, open another.',
      )
    throw refusal('channel_unknown', `Channel ${channelId} is not open here.`, 'Prove its opening first.')
  }

  /** The terms of a channel stay one object for as long as it is open. */
  #verifierOf(terms: ChannelTerms): ReturnType<typeof ed25519Verifier> {
    const verifier = this.#verifiers.get(terms) ?? ed25519Verifier(terms.payerKey)
    this.#verifiers.set(terms, verifier)
    return verifier
  }

  #requireAcceptable({ terms }: Opened): void {
    this.#journal.requireSure()
    const { identity } = this.#options
    if (this.#ended.has(terms.channelId)) this.#meter(terms.channelId)
    requireOurs(terms.sessionKey, identity)
    requireModel(terms, identity)
    if (!this.#challenges.has(terms.challenge))
      throw refusal(
        'channel_challenge_unknown',
        'The challenge of the opening is not one that is waiting here.',
        'Close the channel (the approval is of 0), get a new challenge, open again.',
      )
    this.#requireUnexpired(terms.expiresAt)
  }

  #requireUnexpired(expiresAt: bigint): void {
    if (nanoseconds(this.#options.clock()) >= expiresAt)
      throw refusal('channel_expired', 'The channel has expired.', 'Close it and open another.')
  }

  async #close(named: Named): Promise<ApprovalFacts> {
    this.#journal.requireSure()
    const { channelId } = named
    if (!this.#ended.has(channelId)) {
      const last = this.#lastWord(named)
      this.#challenges.use(last.challenge)
      this.#meters.delete(channelId)
      this.#ended.set(channelId, last)
    }
    // its counter is given when it is written
    if (this.#ended.get(channelId)?.counter === 0n) await this.#journal.commit()
    return this.#ended.get(channelId)!
  }

  #lastWord({ channelId, sessionKey, challenge }: Named): ApprovalFacts {
    if (this.#meters.has(channelId) || sessionKey === undefined || challenge === undefined) {
      const { terms, delivered } = this.#meter(channelId)
      const { spent } = this.amounts(channelId)
      return { channelId, challenge: terms.challenge, ...delivered, spent, counter: 0n }
    }
    requireOurs(sessionKey, this.#options.identity)
    return { channelId, challenge, ...channel.NO_TOKENS, spent: 0n, counter: 0n }
  }

  #render(counter: bigint): Uint8Array {
    for (const [channelId, ended] of this.#ended)
      if (ended.counter === 0n) this.#ended.set(channelId, { ...ended, counter })
    const [meters, ended] = [this.#meters.values(), this.#ended.values()]
    return encodeState(this.#options.identity, { counter, sequence: this.#sequence, meters, ended })
  }
}
