import { type Ed25519Check, ed25519Verifier, type SignedVoucher, type TokenCounts, verifyVoucher } from '@dcml/protocol'
import type { ChannelTerms } from '../facts.ts'
import { refusal } from '../refuse.ts'
import { Journal } from './journal.ts'
import type { LedgerOptions } from './ledger.ts'
import { costOf, type Meter, meterAmounts } from './meter.ts'
import type { ApprovalFacts } from './records.ts'
import {
  decodeChange,
  decodeImage,
  encodeChange,
  encodeImage,
  type LedgerChange,
  type LedgerState,
  MAX_CHANNELS,
} from './state.ts'

/** What a request delivered, and where its receipt stands. */
export interface Released {
  readonly delivered: TokenCounts
  /** yoctoNEAR that this cost. */
  readonly cost: bigint
  /** yoctoNEAR spent on the channel so far. */
  readonly spent: bigint
  readonly sequence: bigint
}

/** A channel as its host may see it. */
export interface LedgerEntry {
  readonly channelId: bigint
  readonly phase: 'open' | 'ended'
  /** Null once the channel has ended: only the approval counts from then on. */
  readonly deposited: bigint | null
  readonly authorised: bigint | null
  readonly spent: bigint
}

/** All that an enclave must not forget about its channels, and the journal that keeps it. */
export class Books {
  readonly #meters = new Map<bigint, Meter>()
  readonly #ended = new Map<bigint, ApprovalFacts>()
  /** Channels of which something was not written yet. */
  readonly #changed = new Set<bigint>()
  readonly #identity: LedgerOptions['identity']
  readonly #maxChannels: number
  readonly #newCheck: (publicKey: Uint8Array) => Ed25519Check
  readonly #checks = new WeakMap<ChannelTerms, Ed25519Check>()
  #sequence = 0n
  #journal!: Journal

  private constructor({ identity, ed25519 = ed25519Verifier, maxChannels = MAX_CHANNELS }: LedgerOptions) {
    this.#identity = identity
    this.#maxChannels = Math.min(maxChannels, MAX_CHANNELS)
    this.#newCheck = ed25519
  }

  /** See `EnclaveLedger.open`. */
  static async open(options: LedgerOptions): Promise<Books> {
    const books = new Books(options)
    const { journal, last } = await Journal.open(options, {
      image: (counter) => books.#image(counter),
      change: (counter) => books.#change(counter),
    })
    books.#journal = journal
    if (last === null) {
      if (!options.isNewSession)
        throw refusal(
          'channel_state_missing',
          'The anti-rollback device knows no state of this session key.',
          'Restore the device and the newest state file, or start with a new session key.',
        )
      await journal.commit()
      return books
    }
    books.#take(decodeImage(options.identity, last.image))
    for (const written of last.changes) {
      const change = decodeChange(options.identity, written)
      books.#take(change)
      for (const channelId of change.forgotten) books.#drop(channelId)
    }
    return books
  }

  /** @throws DcmlError `channel_unknown`, `channel_ended`, `channel_state_unsure` */
  meter(channelId: bigint): Meter {
    this.requireSure()
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

  /**
   * A state that outgrows its format could not be written at all. Openings get nine tenths of the room, so that they never
   * take it from closures that somebody forces.
   * @throws DcmlError `channels_full`
   */
  requireRoom(share: number): void {
    if (this.#meters.size + this.#ended.size < this.#maxChannels * share) return
    throw refusal(
      'channels_full',
      'This enclave remembers as many channels as it can.',
      'Ask another, or again once some have ended on the chain; bring it the proofs of those that have.',
      {},
      { retryable: true },
    )
  }

  isOpen(channelId: bigint): boolean {
    return this.#meters.has(channelId)
  }

  /** The last word on a channel that takes no more requests. Its counter is 0 until it was written. */
  lastWord(channelId: bigint): ApprovalFacts | undefined {
    return this.#ended.get(channelId)
  }

  set(meter: Meter): void {
    if (this.#meters.get(meter.terms.channelId) === meter) return
    this.#meters.set(meter.terms.channelId, meter)
    this.#changed.add(meter.terms.channelId)
  }

  /** As {@link set}, where what is written of the meter stays the same: reserved tokens are written as delivered. */
  setUnwritten(meter: Meter): void {
    this.#meters.set(meter.terms.channelId, meter)
  }

  end(last: ApprovalFacts): void {
    this.#meters.delete(last.channelId)
    this.#ended.set(last.channelId, last)
    this.#changed.add(last.channelId)
  }

  forget(channelId: bigint): void {
    if (this.#drop(channelId)) this.#changed.add(channelId)
  }

  /** As `verifyVoucher`. The key is read once: the terms of a channel stay one object while it is open. */
  verify(signed: SignedVoucher, terms: ChannelTerms): Promise<void> {
    const check = this.#checks.get(terms) ?? this.#newCheck(terms.payerKey)
    this.#checks.set(terms, check)
    return verifyVoucher(signed, terms, async (_key, message, signature) => check(message, signature))
  }

  /** Gives a request that is over the number of its receipt, and keeps that. */
  async number(meter: Meter, delivered: TokenCounts): Promise<Released> {
    this.#sequence += 1n
    const [cost, spent] = [costOf(meter, delivered), meterAmounts(meter).spent]
    const released = { delivered, cost, spent, sequence: this.#sequence }
    await this.#journal.commit()
    return released
  }

  /** Resolves when all that was so survives the host. Writes where something changed: a device has only so many steps. */
  commit(): Promise<void> {
    return this.#changed.size > 0 ? this.#journal.commit() : this.#journal.settled()
  }

  /** @throws DcmlError `channel_state_unsure` */
  requireSure(): void {
    this.#journal.requireSure()
  }

  *entries(): Generator<LedgerEntry> {
    for (const [channelId, meter] of this.#meters) {
      const { deposited, authorised, spent } = meterAmounts(meter)
      yield { channelId, phase: 'open', deposited, authorised, spent }
    }
    for (const { channelId, spent } of this.#ended.values())
      yield { channelId, phase: 'ended', deposited: null, authorised: null, spent }
  }

  #take({ meters, ended, sequence }: LedgerState): void {
    for (const meter of meters) this.#meters.set(meter.terms.channelId, meter)
    for (const last of ended) {
      this.#meters.delete(last.channelId)
      this.#ended.set(last.channelId, last)
    }
    this.#sequence = sequence
  }

  #drop(channelId: bigint): boolean {
    const [wasOpen, hadEnded] = [this.#meters.delete(channelId), this.#ended.delete(channelId)]
    return wasOpen || hadEnded
  }

  #image(counter: bigint): Uint8Array {
    this.#changes(counter)
    const [meters, ended] = [[...this.#meters.values()], [...this.#ended.values()]]
    return encodeImage(this.#identity, { counter, sequence: this.#sequence, meters, ended })
  }

  #change(counter: bigint): Uint8Array {
    return encodeChange({ counter, sequence: this.#sequence, ...this.#changes(counter) })
  }

  /** What was not written yet, with the counter that a last word gets when it is. */
  #changes(counter: bigint): Pick<LedgerChange, 'meters' | 'ended' | 'forgotten'> {
    const [meters, ended, forgotten]: [Meter[], ApprovalFacts[], bigint[]] = [[], [], []]
    for (const channelId of this.#changed) {
      const [meter, last] = [this.#meters.get(channelId), this.#ended.get(channelId)]
      if (meter !== undefined) meters.push(meter)
      else if (last === undefined) forgotten.push(channelId)
      else {
        const numbered = last.counter === 0n ? { ...last, counter } : last
        this.#ended.set(channelId, numbered)
        ended.push(numbered)
      }
    }
    this.#changed.clear()
    return { meters, ended, forgotten }
  }
}
