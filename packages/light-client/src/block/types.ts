import type { AccountId, CryptoHash, PublicKey, Signature } from '../transaction/types.ts'

/** The part of a block header that light clients hash themselves (nearcore `BlockHeaderInnerLite`). */
export interface InnerLite {
  readonly height: number
  readonly epochId: CryptoHash
  readonly nextEpochId: CryptoHash
  readonly prevStateRoot: CryptoHash
  /** Over the outcomes that the previous block executed. */
  readonly outcomeRoot: CryptoHash
  /** Nanoseconds since 1970. */
  readonly timestamp: bigint
  /** {@link producersHash} of the next epoch. */
  readonly nextBpHash: CryptoHash
  /** Over the hashes of all blocks before this one. */
  readonly blockMerkleRoot: CryptoHash
}

/** A header with everything its hash needs; RPC's `block_header_lite`. */
export interface HeaderLite {
  readonly innerLite: InnerLite
  /** SHA-256 of the rest of the header, which light clients do not read. */
  readonly innerRestHash: CryptoHash
  readonly prevBlockHash: CryptoHash
}

/** A block producer and its weight (nearcore `ValidatorStake`). */
export interface ValidatorStake {
  readonly accountId: AccountId
  readonly publicKey: PublicKey
  /** yoctoNEAR. */
  readonly stake: bigint
  /** True for producers as hashed before versions existed (2021): without the version's tag byte. */
  readonly legacy?: true
}

/** Answer of `next_light_client_block`: a header, two thirds of whose producers approved the block after it. */
export interface LightClientBlock extends HeaderLite {
  /** Inner hash of the next block: with this block's hash it gives what was approved. */
  readonly nextBlockInnerHash: CryptoHash
  /** Producers of the next epoch; null where they are those already known. */
  readonly nextBps: readonly ValidatorStake[] | null
  /** One for each producer of the block's own epoch, null where it did not vote; more may follow and mean nothing. */
  readonly approvalsAfterNext: readonly (Signature | null)[]
}
