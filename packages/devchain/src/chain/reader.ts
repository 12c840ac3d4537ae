import type { AccountId, CryptoHash, MerklePath, PublicKey, SignedTransaction } from '@dcml/light-client'
import { DcmlError } from '@dcml/protocol'
import { type Params, paramsFor } from '../params/index.ts'
import type { ApplyChunk, BlockContext } from '../runtime/types.ts'
import type { StateRecord, Trie } from '../state/index.ts'
import type { Receipt } from '../wire/types.ts'
import { outcomeTree } from './chunk.ts'
import { BlockClock } from './clock.ts'
import { Faults } from './faults.ts'
import { accountKey, createGenesis, signersOf } from './genesis.ts'
import type { KeyPair } from './keys.ts'
import { Library } from './library.ts'
import { type ChainOptions, type ChainSettings, parseOptions } from './options.ts'
import { contextAfter, contextOf } from './produce.ts'
import type { BlockInputs, ChainRules, Tip } from './tip.ts'
import { type Trace, traceTransaction } from './trace.ts'
import type { Block, BlockRef, ChainView, StoredOutcome, Validator } from './types.ts'
import { hasQuorum } from './votes.ts'

/** A chain as it stands, and what its next block would be made of. */
export class ChainReader implements ChainView {
  readonly settings: ChainSettings
  readonly params: Params
  /** Receipts that will be delayed, dropped or failed. */
  readonly faults = new Faults()
  protected readonly rules: ChainRules
  protected readonly signers: Map<PublicKey, KeyPair>
  protected readonly library: Library
  protected readonly clock: BlockClock
  protected tip: Tip
  protected pool = new Map<CryptoHash, SignedTransaction>()
  protected patch: readonly StateRecord[] = []
  protected impersonated: ReadonlySet<AccountId> = new Set()
  protected silent: ReadonlySet<AccountId> = new Set()
  readonly #keys = new Map<AccountId, KeyPair>()

  constructor(options: ChainOptions, applyChunk: ApplyChunk) {
    this.settings = parseOptions(options)
    this.params = paramsFor(this.settings.protocolVersion)
    this.signers = new Map(signersOf(this.settings))
    this.tip = createGenesis(this.settings, this.params)
    this.library = new Library(this.tip, this.settings.keepBlocks)
    this.clock = new BlockClock(this.settings)
    const { settings, params, signers } = this
    const isBlockValid = (hash: CryptoHash, height: number) => this.isRecent(hash, height)
    this.rules = { settings, params, signers, applyChunk, isBlockValid }
  }

  get chainId(): string {
    return this.settings.chainId
  }

  get head(): Block {
    return this.tip.block
  }

  get genesis(): Block {
    return this.library.genesis.block
  }

  resolve(ref: BlockRef): Block | undefined {
    if ('height' in ref) return this.blockByHeight(ref.height)
    if ('hash' in ref) return this.blockByHash(ref.hash)
    if ('syncCheckpoint' in ref) return ref.syncCheckpoint === 'genesis' ? this.genesis : this.library.earliest.block
    // nobody else makes blocks here: where they come on demand, readers may take the newest for final
    const onDemand = this.settings.mining.mode !== 'manual' && this.hasQuorum
    if (ref.finality === 'optimistic' || onDemand) return this.head
    const { lastFinalBlock, lastDsFinalBlock } = this.head.header
    return this.blockByHash(ref.finality === 'final' ? lastFinalBlock : lastDsFinalBlock) ?? this.genesis
  }

  /** Blocks that are kept, from the oldest on, without genesis. */
  *blocks(): Iterable<Block> {
    for (const { block } of this.library.tips()) yield block
  }

  blockByHeight = (height: number): Block | undefined => this.library.byHeight(height)?.block
  blockByHash = (hash: CryptoHash): Block | undefined => this.library.byHash(hash)?.block
  chunkBlock = (chunkHash: CryptoHash): Block | undefined => this.library.byChunk(chunkHash)?.block

  wasPruned(ref: BlockRef): boolean {
    if ('hash' in ref) return this.library.isPruned(ref.hash)
    const inPast = 'height' in ref && ref.height < this.library.earliest.block.header.height
    return inPast && ref.height > this.settings.genesisHeight
  }

  stateAfter = (block: Block): Trie => block.result.trie

  transaction(hash: CryptoHash): SignedTransaction | undefined {
    return this.library.transaction(hash) ?? this.pool.get(hash)
  }

  /** Transactions of a key that wait for the next block. */
  pooledBy(accountId: AccountId, publicKey: PublicKey): bigint {
    let count = 0n
    for (const { transaction } of this.pool.values())
      if (transaction.signerId === accountId && transaction.publicKey === publicKey) count++
    return count
  }

  outcome = (id: CryptoHash): StoredOutcome | undefined => this.library.outcome(id)

  outcomeProof(id: CryptoHash): MerklePath {
    const stored = this.outcome(id)
    const block = stored && this.blockByHash(stored.blockHash)
    return block ? (outcomeTree(block.result.outcomes).paths[stored.index] ?? []) : []
  }

  receipt = (id: CryptoHash): Receipt | undefined => this.library.receipt(id)?.receipt
  parentOf = (receiptId: CryptoHash): CryptoHash | undefined => this.library.receipt(receiptId)?.parentId ?? undefined
  blockProducers = (epochId: CryptoHash): readonly Validator[] | undefined => this.library.validators(epochId)

  epochStart = (block: Block): number => this.tipOf(block).epoch.firstHeight
  contextOf = (block: Block): BlockContext => contextOf(this.tipOf(block), this.rules)
  nextContext = (): BlockContext => contextAfter(this.tip, this.nextInputs(), this.rules)

  /** Key of an account that genesis made from the seed. */
  keyOf(accountId: AccountId): KeyPair {
    const key = this.#keys.get(accountId) ?? accountKey(this.settings, accountId)
    this.#keys.set(accountId, key)
    return key
  }

  /** What happened to a transaction, receipt by receipt. @throws DcmlError `devchain_unknown_transaction` */
  trace(hash: CryptoHash): Trace {
    return traceTransaction(this.library, hash)
  }

  protected get hasQuorum(): boolean {
    return hasQuorum(this.tip, this.silent, this.rules)
  }

  protected get nextHeight(): number {
    return this.head.header.height + (this.hasQuorum ? 1 : 2)
  }

  protected nextInputs(height = this.nextHeight): BlockInputs {
    const { header } = this.head
    const fault = this.faults.begin()
    return {
      height,
      timestamp: this.clock.after(header.timestamp, height - header.height),
      transactions: [...this.pool.values()],
      patch: this.patch,
      impersonated: this.impersonated,
      silent: this.silent,
      ...(fault && { fault }),
    }
  }

  protected isRecent(hash: CryptoHash, height: number): boolean {
    const base = this.library.byHash(hash)?.block.header.height
    return base !== undefined && base <= height && height <= base + this.settings.transactionValidity
  }

  protected tipOf(block: Block): Tip {
    return this.known(block.header.hash)
  }

  protected known(hash: CryptoHash): Tip {
    const tip = this.library.byHash(hash)
    if (tip) return tip
    throw new DcmlError('devchain_unknown_block', `There is no block ${hash}.`, {
      hint: 'Ask for a younger block, or start the chain with a larger keepBlocks.',
      details: { hash },
    })
  }
}
