// Block headers (nearcore `core/primitives/src/block_header.rs`): `inner_lite` for light clients, `inner_rest` in
// version 6, and the block's hash over both.
import {
  type AccountId,
  accountIdLayout,
  blockHash,
  blockInnerHash,
  type CryptoHash,
  endorsementMessage,
  formatHash,
  hashLayout,
  type InnerLite,
  type PublicKey,
  publicKeyLayout,
  type Signature,
  signatureLayout,
} from '@dcml/light-client'
import { bytes, encode, type Layout, list, option, struct, u8, u32, u64, u128 } from '@dcml/protocol'
import { sha256 } from '../wire/hash.ts'
import type { BlockHeader, Validator } from './types.ts'

const MANY = 2 ** 32 - 1
/** nearcore `ValidatorStake`, whose only version has tag 0. */
export const validatorLayout: Layout<Validator> = {
  write(validator, out) {
    u8.write(0, out)
    fields.write(validator, out)
  },
  read(cursor) {
    u8.read(cursor)
    return fields.read(cursor)
  },
}
const fields = struct<Validator>({
  accountId: accountIdLayout as Layout<AccountId>,
  publicKey: publicKeyLayout as Layout<PublicKey>,
  stake: u128,
})

/** The devchain never splits its shard. */
const never: Layout<null> = { write: (_, out) => u8.write(0, out), read: () => null }

interface InnerRest {
  readonly blockBodyHash: CryptoHash
  readonly chunkReceiptsRoot: CryptoHash
  readonly chunkHeadersRoot: CryptoHash
  readonly chunkTxRoot: CryptoHash
  readonly randomValue: CryptoHash
  readonly validatorProposals: readonly Validator[]
  readonly chunkMask: readonly number[]
  readonly gasPrice: bigint
  readonly totalSupply: bigint
  readonly lastFinalBlock: CryptoHash
  readonly lastDsFinalBlock: CryptoHash
  readonly blockOrdinal: bigint
  readonly prevHeight: bigint
  readonly epochSyncDataHash: null
  readonly approvals: readonly (Signature | null)[]
  readonly protocolVersion: number
  readonly chunkEndorsements: readonly Uint8Array[]
  readonly shardSplit: null
}

/** nearcore `BlockHeaderInnerRestV6`. */
const innerRestLayout = struct<InnerRest>({
  blockBodyHash: hashLayout,
  chunkReceiptsRoot: hashLayout,
  chunkHeadersRoot: hashLayout,
  chunkTxRoot: hashLayout,
  randomValue: hashLayout,
  validatorProposals: list(validatorLayout, MANY) as Layout<readonly Validator[]>,
  chunkMask: list(u8, MANY) as Layout<readonly number[]>,
  gasPrice: u128,
  totalSupply: u128,
  lastFinalBlock: hashLayout,
  lastDsFinalBlock: hashLayout,
  blockOrdinal: u64,
  prevHeight: u64,
  epochSyncDataHash: never,
  approvals: list(option(signatureLayout), MANY) as Layout<readonly (Signature | null)[]>,
  protocolVersion: u32,
  chunkEndorsements: list(bytes(MANY), MANY) as Layout<readonly Uint8Array[]>,
  shardSplit: never,
})

/** A header before it is hashed and signed. */
export type HeaderFields = Omit<BlockHeader, 'hash' | 'innerRestHash' | 'signature'>

/** `hash` and `inner_rest_hash` of a header. */
export function hashHeader(header: HeaderFields): { readonly hash: CryptoHash; readonly innerRestHash: CryptoHash } {
  const innerRest = encode(innerRestLayout, {
    ...header,
    chunkMask: [1],
    blockOrdinal: BigInt(header.blockOrdinal),
    prevHeight: BigInt(header.prevHeight),
    epochSyncDataHash: null,
    chunkEndorsements: [new Uint8Array()],
    shardSplit: null,
  })
  const innerRestHash = formatHash(sha256(innerRest))
  return {
    hash: blockHash({ innerLite: innerLite(header), innerRestHash, prevBlockHash: header.prevHash }),
    innerRestHash,
  }
}

/** The part that light clients read. */
export const innerLite = ({
  height,
  epochId,
  nextEpochId,
  prevStateRoot,
  outcomeRoot,
  timestamp,
  nextBpHash,
  blockMerkleRoot,
}: HeaderFields): InnerLite => ({
  height,
  epochId,
  nextEpochId,
  prevStateRoot,
  outcomeRoot,
  timestamp,
  nextBpHash,
  blockMerkleRoot,
})

/** This header's hash without its parent: `next_block_inner_hash` to the light client's block before it. */
export const innerHash = (header: BlockHeader): CryptoHash =>
  blockInnerHash({ innerLite: innerLite(header), innerRestHash: header.innerRestHash })

/** What the makers of the block at `height` say about its parent: an endorsement, or a skip over missed heights. */
export function approvalOf(parent: BlockHeader, height: number): Uint8Array {
  if (height === parent.height + 1) return endorsementMessage(parent.hash, height)
  return encode(skip, { tag: 1, parentHeight: BigInt(parent.height), height: BigInt(height) })
}
const skip = struct<{ tag: number; parentHeight: bigint; height: bigint }>({ tag: u8, parentHeight: u64, height: u64 })

/** Signs when somebody looks: hashes of blocks do not cover these signatures, which cost as much as all the hashing. */
export function signedLater<T extends object>(fields: T, sign: () => Signature): T & { readonly signature: Signature } {
  let signature: Signature | undefined
  return Object.defineProperty(fields, 'signature', {
    enumerable: true,
    get: () => {
      signature ??= sign()
      return signature
    },
  }) as T & { readonly signature: Signature }
}
