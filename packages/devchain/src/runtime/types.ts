import type { AccountId, CryptoHash, PublicKey, SignedTransaction } from '@dcml/light-client'
import type { Params } from '../params/types.ts'
import type { Trie } from '../state/types.ts'
import type { GasProfile } from '../vm/types.ts'
import type { Receipt } from '../wire/types.ts'

/** What one block's execution is given besides state and receipts. */
export interface BlockContext {
  readonly params: Params
  readonly chainId: string
  readonly height: number
  /** Nanoseconds. */
  readonly timestamp: bigint
  readonly gasPrice: bigint
  /** Gas after which receipts are delayed to the next block. */
  readonly gasLimit: bigint
  readonly epochId: CryptoHash
  readonly epochHeight: bigint
  /** 32 bytes; seeds `random_seed`. */
  readonly randomValue: Uint8Array
  readonly validators: ReadonlyMap<AccountId, bigint>
  /** Least a validator may stake, yoctoNEAR; without it any positive stake is a proposal. */
  readonly minimumStake?: bigint
  /** True if the transaction's block is known and within its validity period. */
  readonly isBlockValid: (blockHash: CryptoHash) => boolean
  /**
   * Development only: accounts whose transactions and delegate actions need no signature, access key or nonce. They pay
   * like everybody; what such an account did sign is judged as usual. Production NEAR has nothing of the kind.
   */
  readonly impersonated: ReadonlySet<AccountId>
  /**
   * Development only: lets a test hold back, drop or fail a receipt; asked each time one is about to be processed.
   * `delay` queues it for the next block, `drop` burns what it carries, `fail` ends it before its first action (data
   * arrives as that of a failed promise). Production NEAR has nothing of the kind.
   */
  readonly fault?: (receipt: Receipt) => 'run' | 'delay' | 'drop' | 'fail'
}

export type ExecutionStatus =
  | { readonly type: 'Unknown' }
  /** nearcore's `TxExecutionError` in its serde shape. */
  | { readonly type: 'Failure'; readonly error: TxExecutionError }
  | { readonly type: 'SuccessValue'; readonly value: Uint8Array }
  | { readonly type: 'SuccessReceiptId'; readonly receiptId: CryptoHash }

/** `{ ActionError: { index, kind } }` or `{ InvalidTxError: … }`. */
export type TxExecutionError = { readonly ActionError: ActionError } | { readonly InvalidTxError: InvalidTxError }
export interface ActionError {
  readonly index: number | null
  readonly kind: string | { readonly [variant: string]: unknown }
}
export type InvalidTxError = string | { readonly [variant: string]: unknown }

export interface ExecutionOutcome {
  /** Transaction hash or receipt id. */
  readonly id: CryptoHash
  readonly executorId: AccountId
  readonly logs: readonly string[]
  readonly receiptIds: readonly CryptoHash[]
  readonly gasBurnt: bigint
  /** yoctoNEAR. */
  readonly tokensBurnt: bigint
  readonly status: ExecutionStatus
  /** Empty for transactions. */
  readonly profile: GasProfile
}

export interface ChunkInput {
  readonly trie: Trie
  readonly transactions: readonly SignedTransaction[]
  /** Sent by the previous block's execution, in order. */
  readonly incoming: readonly Receipt[]
  /** Set on the first block of an epoch: rewards and stakes that come back (`update_validator_accounts`). */
  readonly validatorUpdate?: ValidatorUpdate
}

export interface ValidatorUpdate {
  /** Most that must stay locked, by account. */
  readonly maxStakes: ReadonlyMap<AccountId, bigint>
  readonly lastProposals: ReadonlyMap<AccountId, bigint>
  readonly rewards: ReadonlyMap<AccountId, bigint>
}

export interface ChunkResult {
  readonly trie: Trie
  readonly outcomes: readonly ExecutionOutcome[]
  /** To be executed by the next block, in order. */
  readonly outgoing: readonly Receipt[]
  readonly gasUsed: bigint
  /** yoctoNEAR this chunk took out of the total supply. */
  readonly balanceBurnt: bigint
  /** yoctoNEAR it brought in (one-yocto rule, rewards). */
  readonly balanceMinted: bigint
  readonly proposals: readonly {
    readonly accountId: AccountId
    readonly publicKey: PublicKey
    readonly stake: bigint
  }[]
  /**
   * Receipts this chunk made, with the transaction or receipt that made each (null where a yield ran out of time): for
   * `receipt`, `receipt_to_tx` and traces. Over all chunks, every receipt is here once.
   */
  readonly processed: readonly { readonly receipt: Receipt; readonly parentId: CryptoHash | null }[]
  /** State changes by cause, for `changes`. */
  readonly changes: readonly StateChange[]
}

export interface StateChange {
  readonly cause:
    | { readonly type: 'transaction_processing'; readonly txHash: CryptoHash }
    | {
        readonly type:
          | 'action_receipt_processing_started'
          | 'receipt_processing'
          | 'action_receipt_gas_reward'
          | 'postponed_receipt'
        readonly receiptHash: CryptoHash
      }
    | {
        readonly type: 'validator_accounts_update' | 'updated_delayed_receipts' | 'initial_state' | 'sandbox_patch'
      }
  readonly key: Uint8Array
  readonly value: Uint8Array | undefined
}

/** `runtime/apply.ts`: one shard's state transition. Pure: the same input and context give the same result. */
export type ApplyChunk = (input: ChunkInput, context: BlockContext) => ChunkResult

/** `runtime/verify/transaction.ts`: what RPC asks before it takes a transaction into the pool. Null if it would be accepted. */
export type VerifyTransaction = (
  trie: Trie,
  transaction: SignedTransaction,
  context: BlockContext,
) => InvalidTxError | null
export type { SignedTransaction }
