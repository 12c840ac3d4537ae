import type { Policy } from '@dcml/attestation'
import {
  DcmlError,
  fromBase64url,
  type Hasher,
  parseReceipt,
  type SignedReceipt,
  toBase64url,
  toHex,
} from '@dcml/protocol'
import type { Answer } from '../response/guard.ts'
import type { Session } from '../transport.ts'
import { checkReceipt } from './check.ts'
import { ReceiptRefused } from './outcome.ts'
import type { ReceiptRecord } from './record.ts'
import { SequenceLog } from './sequences.ts'
import type { ReceiptStore } from './store.ts'

export interface KeeperOptions {
  readonly receipts: ReceiptStore
  readonly policy: Policy
  readonly endpoint: string
  readonly clock: () => number
  /** A fresh SHA-256. */
  readonly createHasher: () => Hasher
}

/** One request and the connection it went over. */
export interface Exchange {
  readonly session: Session
  /** Exact body of the request. */
  readonly request: Uint8Array
  /** The header `dcml-model-h`, where there was one. */
  readonly headerModelH: string | null
  /** Unix ms. */
  readonly sentAt: number
  /** Where the request was paid for. */
  readonly paid?: {
    /** As receipts name the channel. */
    readonly channelId: Uint8Array
    /** Throws the error that names what is wrong with what was charged. */
    readonly take: (signed: SignedReceipt) => Promise<void>
  }
}

/** Judges every receipt and keeps it with what it takes to judge it again. */
export class ReceiptKeeper {
  readonly #options: KeeperOptions
  readonly #sequences = new SequenceLog()
  #loading: Promise<void> | undefined

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  /** Reads the store, once: numbers that an earlier process saw count as used. @throws whatever the store throws */
  ready(): Promise<void> {
    this.#loading ??= this.#load().catch((error: unknown) => {
      this.#loading = undefined
      throw error
    })
    return this.#loading
  }

  /**
   * Keeps the receipt. @throws DcmlError `receipt_invalid` (a `ReceiptRefused`), `receipt_store_failed`, and what
   * `paid.take` throws
   */
  async judge(
    { session, request, headerModelH, sentAt, paid }: Exchange,
    { field, responseH, usage }: Answer,
  ): Promise<void> {
    const { policy, endpoint, clock, createHasher } = this.#options
    const { attested, evidence } = session
    const hasher = createHasher()
    hasher.update(request)
    const requestH = Uint8Array.from(hasher.digest())
    const now = clock()
    const { sessionKey } = attested.claims
    let unpayable: unknown
    const pay = async (signed: SignedReceipt): Promise<void> => {
      await paid?.take(signed).catch((error: unknown) => {
        unpayable = error
        throw error
      })
    }
    const verdict = await checkReceipt(field.receipt, {
      attested,
      modelH: policy.modelH,
      requestH,
      responseH,
      usage,
      shownModelH: headerModelH === null ? [field.modelH] : [field.modelH, headerModelH],
      sentAt,
      now,
      channelId: paid?.channelId,
      pay: paid && pay,
      admit: (sequence) => this.#sequences.admit(sessionKey, sequence),
    })
    await this.#keep({
      v: 1,
      receipt: field.receipt,
      sessionKey: toBase64url(sessionKey),
      evidence,
      requestH: toHex(requestH),
      responseH: toHex(responseH),
      ...(usage && Number.isSafeInteger(usage.promptTokens) && { usage }),
      endpoint,
      receivedAt: now,
      verdict,
    })
    if (unpayable !== undefined) throw unpayable
    if (!verdict.ok) throw new ReceiptRefused(verdict.checks)
  }

  async #load(): Promise<void> {
    for await (const { receipt, sessionKey, verdict } of this.#options.receipts.list())
      if (verdict.ok) this.#sequences.admit(fromBase64url(sessionKey), parseReceipt(receipt).receipt.sequence)
  }

  async #keep(record: ReceiptRecord): Promise<void> {
    try {
      await this.#options.receipts.add(record)
    } catch (cause) {
      if (DcmlError.isInstance(cause)) throw cause
      throw new DcmlError('receipt_store_failed', 'The receipt could not be kept.', {
        hint: 'See whether the receipt store can be written and its disk has room.',
        cause,
      })
    }
  }
}
