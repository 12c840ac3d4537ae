import type { Demand, EnclaveLedger, Released } from '@dcml/channels'
import type { Allowances } from './allowances.ts'
import type { Changes } from './changes.ts'

/** What one request runs up on its channel, from its prompt to its receipt. */
export interface Tab {
  /** Asks for the least before the engine is kept busy. @throws DcmlError `payment_required` */
  open(): void
  /** The length of the prompt is known; nothing was sent yet. @throws DcmlError `payment_required` */
  start(promptTokens: number, contextLength: number | undefined): Promise<void>
  /** Resolves when so many completion tokens, from the first on, may be sent. @throws DcmlError `payment_required` */
  cover(completionTokens: number): Promise<void>
  /** Counts them as delivered: call it right before they are written, and write nothing if it throws. */
  count(completionTokens: number): void
  /** The end of an answer: what its receipt says. Send no receipt, and no whole answer, if it throws. */
  end(tokens: Tokens): Promise<Paid>
  /**
   * Gives back what is promised and was not delivered. Safe to call after everything.
   * @param isReaderGone true where the reader left of itself: the prompt that the engine was given is charged all the same
   */
  drop(isReaderGone: boolean): Promise<void>
}

/** What the receipt of a paid answer says. */
export interface Paid extends Released {
  readonly channelId: bigint
}

/** Opens the tab of one request; without `pauses`, for an answer that leaves whole. @throws DcmlError `payment_required` */
export type OpenTab = (pauses?: Pauses) => Tab

export interface Tokens {
  readonly promptTokens: number
  readonly completionTokens: number
}

/** What a tab needs of the desk that made it. */
export interface TabContext {
  readonly ledger: EnclaveLedger
  readonly changes: Changes
  readonly allowances: Allowances
  readonly observer: PaymentObserver
  readonly channelId: bigint
  /** Names the request inside the ledger. */
  readonly requestId: string
}

/** Told what happens to money, for metrics. Amounts in yoctoNEAR. */
export interface PaymentObserver {
  voucher(): void
  pause(): void
  spent(cost: bigint): void
}

/** A stream's way to its reader. */
export interface Pauses {
  /** Aborts when the reader is gone or the time of the request is up. */
  readonly signal: AbortSignal
  /** True while others wait for the engine. */
  crowded(): boolean
  /** Tells the reader what is due. */
  announce(demand: Demand): void
}

/** Most completion tokens an answer can have; undefined where nobody says. */
export function mostCompletion(known: {
  readonly maxTokens: number | undefined
  readonly contextLength: number | undefined
  readonly promptTokens: number
}): number | undefined {
  const { maxTokens, contextLength, promptTokens } = known
  if (contextLength === undefined) return maxTokens
  const room = Math.max(0, contextLength - promptTokens)
  return maxTokens === undefined ? room : Math.min(maxTokens, room)
}

export const counts = ({ promptTokens, completionTokens }: Tokens) => ({
  promptTokens: BigInt(promptTokens),
  completionTokens: BigInt(completionTokens),
})
