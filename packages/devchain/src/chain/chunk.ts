// A block's chunk and body (nearcore `core/primitives/src/{sharding,block_body}.rs`), with one shard.
import {
  type CryptoHash,
  combineHash,
  encodeSignedTransaction,
  hashLayout,
  type MerklePath,
  merklize,
  outcomeLeaf,
  parseHash,
  type Signature,
  type SignedTransaction,
  shardLeaf,
  signatureLayout,
  ZERO_HASH,
} from '@dcml/light-client'
import { concatBytes, encode, fixed, type Layout, list, struct, u8, u32, u64, u128 } from '@dcml/protocol'
import type { ChunkResult, ExecutionOutcome } from '../runtime/types.ts'
import { hashOf } from '../wire/hash.ts'
import { encodeReceipt } from '../wire/receipt.ts'
import { signedLater, validatorLayout } from './header.ts'
import type { ChunkHeader, Validator } from './types.ts'

const MANY = 2 ** 32 - 1

/** Tree over a chunk's outcomes: the root, and a path for each. */
export const outcomeTree = (outcomes: readonly ExecutionOutcome[]): { root: CryptoHash; paths: MerklePath[] } =>
  merklize(outcomes.map((outcome) => outcomeLeaf(outcome.id, outcome)))

/** A chunk's content as bytes, each item once. */
interface Content {
  readonly transactions: readonly Uint8Array[]
  readonly receipts: readonly Uint8Array[]
}

const transactionsRoot = ({ transactions }: Content): CryptoHash => merklize(transactions.map(hashOf)).root

/** One shard sends to itself: a list of its own receipts is the only leaf. */
const receiptsRoot = ({ receipts }: Content): CryptoHash =>
  shardLeaf(hashOf(concatBytes(encode(u64, 0n), encode(u32, receipts.length), ...receipts)))

/**
 * Root over the parts a chunk is sent in. With up to three producers nearcore's erasure code makes every part a copy
 * of the whole; the devchain always sends two of those.
 */
function encodedParts({ transactions, receipts }: Content) {
  const counted = (items: readonly Uint8Array[]) => [encode(u32, items.length), ...items]
  const part = concatBytes(...counted(transactions), ...counted(receipts))
  const leaf = hashOf(concatBytes(encode(u32, part.length), part))
  return { encodedMerkleRoot: combineHash(leaf, leaf), encodedLength: part.length }
}

const rootsOf = (content: Content) => ({
  ...encodedParts(content),
  outgoingReceiptsRoot: receiptsRoot(content),
  txRoot: transactionsRoot(content),
})
const NO_CONTENT = rootsOf({ transactions: [], receipts: [] })
const EMPTY_TREE = shardLeaf(ZERO_HASH)
const folded = (root: CryptoHash): CryptoHash => (root === ZERO_HASH ? EMPTY_TREE : shardLeaf(root))

const count: Layout<number> = {
  write: (value, out) => u64.write(BigInt(value), out),
  read: (cursor) => Number(u64.read(cursor)),
}

type Inner = Omit<ChunkHeader, 'hash' | 'heightIncluded' | 'signature' | 'shardId'> & { readonly shardId: number }

/** nearcore `ShardChunkHeaderInnerV5`, without its tag and {@link IDLE}. */
const innerLayout = struct<Inner>({
  prevBlockHash: hashLayout,
  prevStateRoot: hashLayout,
  prevOutcomeRoot: hashLayout,
  encodedMerkleRoot: hashLayout,
  encodedLength: count,
  heightCreated: count,
  shardId: count,
  gasUsed: u64,
  gasLimit: u64,
  balanceBurnt: u128,
  outgoingReceiptsRoot: hashLayout,
  txRoot: hashLayout,
  validatorProposals: list(validatorLayout, MANY) as Layout<readonly Validator[]>,
})
const VERSION_5 = Uint8Array.of(4)
/** Congestion, requests for bandwidth and proposed split of a shard that has none of them. */
const IDLE = new Uint8Array(1 + 16 + 16 + 8 + 2 + (1 + 4) + 1)

const innerBytes = (chunk: Inner): Uint8Array => concatBytes(VERSION_5, encode(innerLayout, chunk), IDLE)

const chunkHash = (chunk: Inner): CryptoHash => combineHash(hashOf(innerBytes(chunk)), chunk.encodedMerkleRoot)

/** The chunk that follows an execution: its transactions, and what the previous block's came to. */
export function createChunk(
  {
    prevBlockHash,
    height,
    gasLimit,
    previous,
    transactions,
  }: {
    readonly prevBlockHash: CryptoHash
    readonly height: number
    readonly gasLimit: bigint
    readonly previous: ChunkResult
    readonly transactions: readonly SignedTransaction[]
  },
  sign: (message: Uint8Array) => Signature,
): ChunkHeader {
  const isEmpty = transactions.length === 0 && previous.outgoing.length === 0
  const fields = {
    prevBlockHash,
    prevStateRoot: previous.trie.root,
    prevOutcomeRoot: outcomeTree(previous.outcomes).root,
    ...(isEmpty
      ? NO_CONTENT
      : rootsOf({
          transactions: transactions.map(encodeSignedTransaction),
          receipts: previous.outgoing.map(encodeReceipt),
        })),
    heightCreated: height,
    heightIncluded: height,
    shardId: 0 as const,
    gasUsed: previous.gasUsed,
    gasLimit,
    balanceBurnt: previous.balanceBurnt,
    validatorProposals: previous.proposals,
  }
  const hash = chunkHash(fields)
  return signedLater({ hash, ...fields }, () => sign(parseHash(hash)))
}

/** The chunk a chain begins with: state, and nothing before it. */
export const genesisChunk = (stateRoot: CryptoHash, height: number, gasLimit: bigint): ChunkHeader => {
  const fields = {
    prevBlockHash: ZERO_HASH,
    prevStateRoot: stateRoot,
    prevOutcomeRoot: ZERO_HASH,
    encodedMerkleRoot: ZERO_HASH,
    encodedLength: 0,
    heightCreated: height,
    heightIncluded: height,
    shardId: 0 as const,
    gasUsed: 0n,
    gasLimit,
    balanceBurnt: 0n,
    outgoingReceiptsRoot: ZERO_HASH,
    txRoot: ZERO_HASH,
    validatorProposals: [],
  }
  return { hash: chunkHash(fields), ...fields, signature: NO_SIGNATURE }
}

/** 64 zero bytes, as nearcore signs genesis. */
export const NO_SIGNATURE: Signature = `ed25519:${'1'.repeat(64)}`

const restOfBody = struct<{
  heightIncluded: bigint
  signature: Signature
  vrfValue: Uint8Array
  vrfProof: Uint8Array
  endorsements: number[][]
}>({
  heightIncluded: u64,
  signature: signatureLayout,
  vrfValue: fixed(32),
  vrfProof: fixed(64),
  endorsements: list(list(u8, MANY), MANY),
})
/** Tag of `BlockBodyV2`, one chunk, tag of its header's version 3. */
const START_OF_BODY = Uint8Array.of(1, 1, 0, 0, 0, 2)

/**
 * What a header says about its one chunk. Over the chunk's roots are trees with one leaf. The body's hash covers what
 * RPC does not show, so nobody can compute it: the chunk's signature, VRF proof and endorsements are empty in it.
 */
export function foldChunk(chunk: ChunkHeader, vrfValue: Uint8Array) {
  const heightIncluded = BigInt(chunk.heightIncluded)
  const rest = encode(restOfBody, {
    heightIncluded,
    signature: NO_SIGNATURE,
    vrfValue,
    vrfProof: new Uint8Array(64),
    endorsements: [[]],
  })
  return {
    blockBodyHash: hashOf(concatBytes(START_OF_BODY, innerBytes(chunk), rest)),
    prevStateRoot: shardLeaf(chunk.prevStateRoot),
    outcomeRoot: folded(chunk.prevOutcomeRoot),
    chunkReceiptsRoot: shardLeaf(chunk.outgoingReceiptsRoot),
    chunkHeadersRoot: hashOf(concatBytes(parseHash(chunk.hash), encode(u64, heightIncluded))),
    chunkTxRoot: folded(chunk.txRoot),
    chunkHash: chunk.hash,
    validatorProposals: chunk.validatorProposals,
  }
}
