// How a block gets its hash, and what its producers sign (nearcore `core/primitives/src/block_header.rs`).
import { concatBytes, encode, type Layout, struct, u64 } from '@dcml/protocol'
import { combineHash } from '../merkle/path.ts'
import type { CryptoHash } from '../transaction/types.ts'
import { hashLayout, hashOf, parseHash } from '../wire/hash.ts'
import { mapped } from '../wire/union.ts'
import type { HeaderLite, InnerLite } from './types.ts'

const heightLayout: Layout<number> = mapped(u64, { toWire: BigInt, fromWire: Number })

/** Borsh of {@link InnerLite}. */
export const innerLiteLayout: Layout<InnerLite> = struct<InnerLite>({
  height: heightLayout,
  epochId: hashLayout,
  nextEpochId: hashLayout,
  prevStateRoot: hashLayout,
  outcomeRoot: hashLayout,
  timestamp: u64,
  nextBpHash: hashLayout,
  blockMerkleRoot: hashLayout,
})

export const innerLiteHash = (innerLite: InnerLite): CryptoHash => hashOf(encode(innerLiteLayout, innerLite))

/** Hash of a header without its parent: the `next_block_inner_hash` of the block before. */
export const blockInnerHash = ({ innerLite, innerRestHash }: Omit<HeaderLite, 'prevBlockHash'>): CryptoHash =>
  combineHash(innerLiteHash(innerLite), innerRestHash)

/** A block's hash. */
export const blockHash = (header: HeaderLite): CryptoHash => combineHash(blockInnerHash(header), header.prevBlockHash)

/** Hash of the block after one with hash `parentHash`. */
export const nextBlockHash = (nextBlockInnerHash: CryptoHash, parentHash: CryptoHash): CryptoHash =>
  combineHash(nextBlockInnerHash, parentHash)

/**
 * What a producer signs to endorse the block `parentHash` for a block at `targetHeight` (nearcore `ApprovalInner::
 * Endorsement`). The bytes themselves are signed, not their hash.
 */
export const endorsementMessage = (parentHash: CryptoHash, targetHeight: number): Uint8Array<ArrayBuffer> =>
  concatBytes(Uint8Array.of(0), parseHash(parentHash), encode(heightLayout, targetHeight))
