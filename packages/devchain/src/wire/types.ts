// Receipts: what accounts send each other (nearcore `core/primitives/src/receipt.rs`). Transactions and actions are
// @dcml/light-client's.
import type { AccountId, Action, CryptoHash, PublicKey } from '@dcml/light-client'

/** Who waits for a receipt's result, and under which data id. */
export interface DataReceiver {
  readonly dataId: CryptoHash
  readonly receiverId: AccountId
}

export interface ActionReceipt {
  /** Signer of the transaction all this came from. */
  readonly signerId: AccountId
  readonly signerPublicKey: PublicKey
  /**
   * Whom a failed receipt's deposit goes back to; `null` is the predecessor. Receipts that no contract made have no
   * such field, in bytes as well.
   */
  readonly refundTo?: AccountId | null
  /** yoctoNEAR per gas at which this receipt's gas was bought. */
  readonly gasPrice: bigint
  readonly outputDataReceivers: readonly DataReceiver[]
  /** The receipt waits until all of these have arrived. */
  readonly inputDataIds: readonly CryptoHash[]
  readonly actions: readonly Action[]
}

export interface GlobalContractDistribution {
  readonly id:
    | { readonly type: 'CodeHash'; readonly codeHash: CryptoHash }
    | { readonly type: 'AccountId'; readonly accountId: AccountId }
  readonly code: Uint8Array
  /** Counts the deployments under this id, so that an older one never replaces a newer; 0 if not given. */
  readonly nonce?: bigint
}

export type ReceiptBody =
  | ({ readonly type: 'Action' } & ActionReceipt)
  /** Waits for a resume, or for its timeout. */
  | ({ readonly type: 'PromiseYield' } & ActionReceipt)
  /** `null` is a failed promise. */
  | { readonly type: 'Data'; readonly dataId: CryptoHash; readonly data: Uint8Array | null }
  | { readonly type: 'PromiseResume'; readonly dataId: CryptoHash; readonly data: Uint8Array | null }
  | ({ readonly type: 'GlobalContractDistribution' } & GlobalContractDistribution)

export interface Receipt {
  readonly predecessorId: AccountId
  readonly receiverId: AccountId
  readonly receiptId: CryptoHash
  readonly body: ReceiptBody
}
