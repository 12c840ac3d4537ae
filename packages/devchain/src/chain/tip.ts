import type { AccountId, CryptoHash, PublicKey, SignedTransaction } from '@dcml/light-client'
import type { Params } from '../params/types.ts'
import type { ApplyChunk, BlockContext } from '../runtime/types.ts'
import type { StateRecord } from '../state/index.ts'
import type { BlockTree } from './block-tree.ts'
import type { EpochCursor } from './epochs.ts'
import type { KeyPair } from './keys.ts'
import type { ChainSettings } from './options.ts'
import type { Block } from './types.ts'

/** A block with what the next one needs to know. Nothing in it changes: a snapshot of a chain is a reference to one. */
export interface Tip {
  readonly block: Block
  /** Over the hashes of the blocks before this one. */
  readonly tree: BlockTree
  readonly epoch: EpochCursor
  readonly lastFinalHeight: number
  /** At which this block's transactions were executed. */
  readonly gasPrice: bigint
  /** Epoch rewards paid in this block, yoctoNEAR. */
  readonly minted: bigint
  /** Height of the newest block, up to this one, that executed anything. */
  readonly busyHeight: number
}

/** Everything a block is made of besides its parent: told again, it gives the same block. */
export interface BlockInputs {
  readonly height: number
  /** Nanoseconds. */
  readonly timestamp: bigint
  readonly transactions: readonly SignedTransaction[]
  /** State overwritten before anything else happens. */
  readonly patch: readonly StateRecord[]
  readonly impersonated: ReadonlySet<AccountId>
  /** Validators that do not vote. */
  readonly silent: ReadonlySet<AccountId>
  readonly fault?: BlockContext['fault']
}

/** What stays the same over a chain's life. */
export interface ChainRules {
  readonly settings: ChainSettings
  readonly params: Params
  readonly signers: ReadonlyMap<PublicKey, KeyPair>
  readonly applyChunk: ApplyChunk
  readonly isBlockValid: (blockHash: CryptoHash, height: number) => boolean
}
