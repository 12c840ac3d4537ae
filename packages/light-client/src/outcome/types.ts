import type { AccountId, CryptoHash } from '../transaction/types.ts'

/** How a transaction or receipt ended. */
export type OutcomeStatus =
  | { readonly type: 'Unknown' }
  /** What went wrong is not hashed: nobody proves an error text. */
  | { readonly type: 'Failure'; readonly error: unknown }
  | { readonly type: 'SuccessValue'; readonly value: Uint8Array }
  /** Went on in this receipt, whose outcome decides. */
  | { readonly type: 'SuccessReceiptId'; readonly receiptId: CryptoHash }

/** The part of an execution outcome that the chain's roots cover. Profiles and metadata are not. */
export interface Outcome {
  readonly executorId: AccountId
  readonly logs: readonly string[]
  /** Receipts it sent. */
  readonly receiptIds: readonly CryptoHash[]
  readonly gasBurnt: bigint
  /** yoctoNEAR. */
  readonly tokensBurnt: bigint
  readonly status: OutcomeStatus
}
