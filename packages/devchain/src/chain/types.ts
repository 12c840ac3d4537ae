import type { AccountId, CryptoHash, MerklePath, PublicKey, Signature, SignedTransaction } from '@dcml/light-client'
import type { Params, ProtocolVersion } from '../params/types.ts'
import type { BlockContext, ChunkResult, ExecutionOutcome, InvalidTxError } from '../runtime/types.ts'
import type { Trie } from '../state/types.ts'
import type { Receipt } from '../wire/types.ts'

/** A validator with its key; the devchain signs for all of them. */
export interface Validator {
  readonly accountId: AccountId
  readonly publicKey: PublicKey
  readonly stake: bigint
}

/**
 * Header of a block: `inner_lite` and `inner_rest` (V6), enough to compute its hash again. Constant on one shard:
 * `chunk_mask` is `[true]`, `epoch_sync_data_hash` and `shard_split` null, `chunk_endorsements`
 * `[[]]`, `latest_protocol_version` is {@link protocolVersion}.
 */
export interface BlockHeader {
  readonly height: number
  readonly prevHeight: number
  readonly epochId: CryptoHash
  readonly nextEpochId: CryptoHash
  readonly hash: CryptoHash
  readonly prevHash: CryptoHash
  readonly prevStateRoot: CryptoHash
  /** Of the outcomes executed by the previous block. */
  readonly outcomeRoot: CryptoHash
  /** Nanoseconds. */
  readonly timestamp: bigint
  readonly nextBpHash: CryptoHash
  /** Over the hashes of all blocks before this one. */
  readonly blockMerkleRoot: CryptoHash
  readonly innerRestHash: CryptoHash
  readonly blockBodyHash: CryptoHash
  /** Of the receipts the previous block sent (`prev_chunk_outgoing_receipts_root`). */
  readonly chunkReceiptsRoot: CryptoHash
  readonly chunkHeadersRoot: CryptoHash
  readonly chunkTxRoot: CryptoHash
  /** Stakes proposed in the previous block. */
  readonly validatorProposals: readonly Validator[]
  readonly lastFinalBlock: CryptoHash
  readonly lastDsFinalBlock: CryptoHash
  /** Of the next block's transactions (`next_gas_price`). */
  readonly gasPrice: bigint
  readonly totalSupply: bigint
  readonly randomValue: CryptoHash
  readonly blockOrdinal: number
  /** Per block producer of the epoch; null where it did not vote for the previous block. */
  readonly approvals: readonly (Signature | null)[]
  readonly signature: Signature
  readonly author: AccountId
  readonly chunkHash: CryptoHash
  readonly protocolVersion: ProtocolVersion
}

/** Header of a block's only chunk (`ShardChunkHeaderInnerV5`): what the previous block's execution came to. */
export interface ChunkHeader {
  readonly hash: CryptoHash
  readonly prevBlockHash: CryptoHash
  /** After the previous block, not yet folded into the block's one-leaf tree. */
  readonly prevStateRoot: CryptoHash
  readonly prevOutcomeRoot: CryptoHash
  readonly encodedMerkleRoot: CryptoHash
  readonly encodedLength: number
  readonly heightCreated: number
  readonly heightIncluded: number
  readonly shardId: 0
  /** By the previous block. */
  readonly gasUsed: bigint
  readonly gasLimit: bigint
  /** By the previous block. */
  readonly balanceBurnt: bigint
  readonly outgoingReceiptsRoot: CryptoHash
  readonly txRoot: CryptoHash
  readonly validatorProposals: readonly Validator[]
  readonly signature: Signature
}

/** A block with what its one chunk did. Transactions and receipts of a block are executed by that block. */
export interface Block {
  readonly header: BlockHeader
  readonly chunk: ChunkHeader
  readonly transactions: readonly SignedTransaction[]
  readonly incoming: readonly Receipt[]
  /** After execution. */
  readonly result: ChunkResult
  readonly epochHeight: number
}

/** `ExecutionOutcome` with where it happened. */
export interface StoredOutcome {
  readonly outcome: ExecutionOutcome
  readonly blockHash: CryptoHash
  /** Place among the block's outcomes: the leaf of its proof. */
  readonly index: number
}

/** Names a block as RPC does. */
export type BlockRef =
  | { readonly finality: 'optimistic' | 'near-final' | 'final' }
  | { readonly height: number }
  | { readonly hash: CryptoHash }
  | { readonly syncCheckpoint: 'genesis' | 'earliest_available' }

/** How much of a transaction must have happened before an answer. */
export type WaitUntil = 'NONE' | 'INCLUDED' | 'EXECUTED_OPTIMISTIC' | 'INCLUDED_FINAL' | 'EXECUTED' | 'FINAL'

export type Mining =
  /** A block per transaction, and as many more as its receipts and the asked finality need. */
  | { readonly mode: 'auto' }
  /** As `auto`, plus a block every `ms`. */
  | { readonly mode: 'interval'; readonly ms: number }
  /** Only `mine()` makes blocks. */
  | { readonly mode: 'manual' }

/**
 * What RPC and tests ask of the chain; `chain/chain.ts` implements it. Reads take a block (its state after execution);
 * ids that are unknown give `undefined`, and RPC turns that into NEAR's error.
 */
export interface ChainView {
  readonly chainId: string
  readonly params: Params
  readonly head: Block
  readonly genesis: Block
  resolve(ref: BlockRef): Block | undefined
  blockByHeight(height: number): Block | undefined
  blockByHash(hash: CryptoHash): Block | undefined
  /** True if a block of this height or hash existed and was pruned. */
  wasPruned(ref: BlockRef): boolean
  chunkBlock(chunkHash: CryptoHash): Block | undefined
  stateAfter(block: Block): Trie
  transaction(hash: CryptoHash): SignedTransaction | undefined
  outcome(id: CryptoHash): StoredOutcome | undefined
  /** From an outcome's leaf to its chunk's outcome root. */
  outcomeProof(id: CryptoHash): MerklePath
  receipt(id: CryptoHash): Receipt | undefined
  /** The receipt or transaction that made this receipt. */
  parentOf(receiptId: CryptoHash): CryptoHash | undefined
  blockProducers(epochId: CryptoHash): readonly Validator[] | undefined
  /** Height at which the epoch of this block began. */
  epochStart(block: Block): number
  /** What the next block will be executed with: for checking transactions and for views. */
  nextContext(): BlockContext
  /** What a block was executed with: for views of its state. */
  contextOf(block: Block): BlockContext
}

/** What changes the chain. All of it is synchronous inside; a block is made whole or not at all. */
export interface ChainControl {
  /** Checks and pools a transaction. A known one is taken again without effect. */
  submit(transaction: SignedTransaction): { readonly error: InvalidTxError | null }
  /** Produces `count` blocks (default 1) and returns the new head. */
  mine(count?: number): Block
  /** Mines until the transaction has reached `until` (auto and interval mode), bounded. */
  settle(hash: CryptoHash, until: WaitUntil): void
  /** Jumps heights lazily, with time, crossing epochs in order (sandbox_fast_forward). */
  fastForward(deltaHeight: number): void
  /**
   * Overwrites state with the next block, which auto and interval mode make at once. Takes RPC's `StateRecord`s.
   * @throws DcmlError `devchain_record_invalid`, and then nothing is patched
   */
  patchState(records: readonly unknown[]): void
}

/**
 * Answers of `next_light_client_block` and `light_client_proof`, in RPC's JSON shape; built in `chain/proofs.ts`.
 * Timestamps are exact in `timestamp_nanosec`; `timestamp` is a bigint, for RPC's serializer to write as a number.
 * Throws DcmlError `devchain_unknown_block`, `devchain_unknown_outcome` (UNKNOWN_TRANSACTION_OR_RECEIPT),
 * `devchain_not_confirmed` (NOT_CONFIRMED) or `devchain_inconsistent_head` (the head is older than what it should prove).
 */
export interface ChainProofs {
  /**
   * Null when `lastBlockHash` is already the newest provable block. In auto mode empty blocks are made
   * until the newest outcome can be proven against the answer, usually 4.
   */
  nextLightClientBlock(lastBlockHash: CryptoHash): Record<string, unknown> | null
  executionProof(id: CryptoHash, lightClientHead: CryptoHash): Record<string, unknown>
  blockProof(blockHash: CryptoHash, lightClientHead: CryptoHash): Record<string, unknown>
}
