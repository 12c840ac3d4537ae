import type { AccountId, CryptoHash, PublicKey, Signature, SignedTransaction } from '@dcml/light-client'
import type { Params, ProtocolVersion } from '../params/types.ts'
import type { ChunkResult, ExecutionOutcome, InvalidTxError } from '../runtime/types.ts'
import type { Trie } from '../state/types.ts'
import type { Receipt } from '../wire/types.ts'

/** A validator with its key; the devchain signs for all of them. */
export interface Validator {
  readonly accountId: AccountId
  readonly publicKey: PublicKey
  readonly stake: bigint
}

/** Header of a block: `inner_lite` and the parts of `inner_rest` (V6) that mean something on one shard. */
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
  readonly lastFinalBlock: CryptoHash
  readonly lastDsFinalBlock: CryptoHash
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

/** A block with what its one chunk did. Transactions and receipts of a block are executed by that block. */
export interface Block {
  readonly header: BlockHeader
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
  receipt(id: CryptoHash): Receipt | undefined
  /** The receipt or transaction that made this receipt. */
  parentOf(receiptId: CryptoHash): CryptoHash | undefined
  blockProducers(epochId: CryptoHash): readonly Validator[] | undefined
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
}

/** Answers of `next_light_client_block` and `light_client_proof`, in RPC's JSON shape; built in `chain/proofs.ts`. */
export interface ChainProofs {
  /** Null when `lastBlockHash` is already the newest provable block. Mines up to 3 empty blocks if needed and allowed. */
  nextLightClientBlock(lastBlockHash: CryptoHash): Record<string, unknown> | null
  executionProof(id: CryptoHash, lightClientHead: CryptoHash): Record<string, unknown>
  blockProof(blockHash: CryptoHash, lightClientHead: CryptoHash): Record<string, unknown>
}
