// One channel in one process: its state, changed by one at a time and kept before anyone acts on it.
import { type Amounts, type Payer, payerAmounts, stopPaying } from '@dcml/channels'
import { DcmlError, type Signer } from '@dcml/protocol'
import { type ChannelRecord, formatRecord } from './record.ts'
import { refusal } from './refusal.ts'
import type { ChannelStore } from './store.ts'

/** What is told to who watches the amounts. */
export type AmountsListener = (amounts: Amounts) => void

export class Purse {
  readonly signer: Signer
  readonly clock: () => number
  readonly #store: ChannelStore
  readonly #listeners = new Set<AmountsListener>()
  #record: ChannelRecord
  #last: Promise<unknown> = Promise.resolve()
  #distrust: DcmlError | undefined
  #isReleased = false

  constructor(record: ChannelRecord, signer: Signer, { store, clock }: { store: ChannelStore; clock: () => number }) {
    this.#record = record
    this.signer = signer
    this.#store = store
    this.clock = clock
  }

  get record(): ChannelRecord {
    return this.#record
  }

  /** @throws DcmlError `channel_not_open` */
  get payer(): Payer {
    return openPayerOf(this.#record)
  }

  amounts(): Amounts {
    return payerAmounts(this.payer)
  }

  watch(listener: AmountsListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /**
   * Makes the next state and keeps it. The state is as before where either fails.
   * @throws DcmlError `channel_store_failed`, and what `next` throws
   */
  change(next: (record: ChannelRecord) => ChannelRecord | Promise<ChannelRecord>): Promise<ChannelRecord> {
    const changed = this.#last.then(async () => {
      if (this.#isReleased) throw released()
      const record = await next(this.#record)
      await this.#keep(record)
      const before = this.#record.payer
      this.#record = record
      this.#tell(before, record.payer)
      return record
    })
    this.#last = changed.catch(() => {})
    return changed
  }

  /** The same for what the payer's own functions return. @throws DcmlError `channel_not_open` besides */
  async pays(next: (payer: Payer) => Payer | Promise<Payer>): Promise<Payer> {
    const record = await this.change(async (now) => ({ ...now, payer: await next(openPayerOf(now)) }))
    return openPayerOf(record)
  }

  /** Pays no more, and says why to whoever tries: what the enclave said contradicts what it said before. */
  async distrust(error: DcmlError): Promise<void> {
    this.#distrust ??= error
    await this.pays((payer) => stopPaying(payer, this.clock()))
  }

  /** @throws DcmlError what {@link distrust} was told */
  requireTrust(): void {
    if (this.#distrust !== undefined) throw this.#distrust
  }

  /** True once it was ended on chain. */
  get isOver(): boolean {
    const { payer, gone } = this.#record
    return gone || (payer !== null && payer.settled !== null)
  }

  /** True once it is left for another time, perhaps another process: from then on nothing here changes. */
  get isReleased(): boolean {
    return this.#isReleased
  }

  async release(): Promise<void> {
    const last = this.#last.then(() => {
      const before = this.#isReleased
      this.#isReleased = true
      return before
    })
    this.#last = last
    if (!(await last)) await this.#store.release()
  }

  async #keep(record: ChannelRecord): Promise<void> {
    try {
      await this.#store.saveState(formatRecord(record))
    } catch (cause) {
      if (DcmlError.isInstance(cause)) throw cause
      throw refusal(
        'channel_store_failed',
        'The state of the channel could not be kept.',
        'See whether its file can be written and its disk has room. Nothing was paid.',
        {},
        cause,
      )
    }
  }

  #tell(before: Payer | null, after: Payer | null): void {
    if (after === null) return
    const [old, amounts] = [before && payerAmounts(before), payerAmounts(after)]
    const names = ['deposited', 'authorised', 'spent', 'settled'] as const
    if (old !== null && names.every((name) => old[name] === amounts[name])) return
    for (const listener of this.#listeners) listener(amounts)
  }
}

const released = (): DcmlError =>
  refusal('channel_released', 'The channel was released here.', 'Resume it from its store.')

function openPayerOf({ payer }: ChannelRecord): Payer {
  if (payer !== null) return payer
  throw refusal(
    'channel_not_open',
    'The channel was prepared, and the contract has not opened it.',
    'Call pay again: it goes on from there.',
  )
}
