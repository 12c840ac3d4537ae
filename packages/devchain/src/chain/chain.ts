import type { AccountId, CryptoHash, MerklePath, PublicKey, SignedTransaction } from '@dcml/light-client'
import { DcmlError } from '@dcml/protocol'
import { type Params, paramsFor } from '../params/index.ts'
import { applyChunk, verifyTransaction } from '../runtime/index.ts'
import type { ApplyChunk, BlockContext, InvalidTxError } from '../runtime/types.ts'
import { delayedReceiptIndices, type Trie } from '../state/index.ts'
import type { Receipt } from '../wire/types.ts'
import { outcomeTree } from './chunk.ts'
import { BlockClock, type ClockState } from './clock.ts'
import { Faults } from './faults.ts'
import { accountKey, createGenesis, signersOf } from './genesis.ts'
import { type KeyPair, keyPairFromSecret } from './keys.ts'
import { Library } from './library.ts'
import { type ChainOptions, type ChainSettings, parseOptions } from './options.ts'
import { contextAfter, contextOf, hasQuorum, produceBlock } from './produce.ts'
import { blockProof, executionProof, lightClientBlock, newestProvable } from './proofs.ts'
import { parseRecords, type StateRecord } from './records.ts'
import type { BlockInputs, ChainRules, Tip } from './tip.ts'
import { type Trace, traceTransaction } from './trace.ts'
import type {
  Block,
  BlockRef,
  ChainControl,
  ChainProofs,
  ChainView,
  StoredOutcome,
  Validator,
  WaitUntil,
} from './types.ts'

/** Blocks that auto mining makes for one request before it gives up. */
const PATIENCE = 1000

/** Everything of a chain that a snapshot brings back. */
interface Saved {
  readonly tip: Tip
  readonly seal: number
  readonly pool: ReadonlyMap<CryptoHash, SignedTransaction>
  readonly patch: readonly StateRecord[]
  readonly impersonated: ReadonlySet<AccountId>
  readonly silent: ReadonlySet<AccountId>
  readonly clock: ClockState
}

/** Told of every new block, and of every return to an earlier one. */
export interface ChainListener {
  block(tip: Tip, inputs: BlockInputs, faults: Faults['decided']): void
  reverted(tip: Tip): void
}

/** One NEAR chain with one shard, in memory. Synchronous: a block is made whole or not at all. */
export class Chain implements ChainView, ChainControl, ChainProofs {
  readonly settings: ChainSettings
  readonly params: Params
  readonly faults = new Faults()
  listener: ChainListener | null = null
  readonly #rules: ChainRules
  readonly #signers: Map<PublicKey, KeyPair>
  readonly #library: Library
  readonly #clock: BlockClock
  readonly #snapshots = new Map<number, Saved>()
  #tip: Tip
  #pool = new Map<CryptoHash, SignedTransaction>()
  #patch: readonly StateRecord[] = []
  #impersonated: ReadonlySet<AccountId> = new Set()
  #silent: ReadonlySet<AccountId> = new Set()
  #nextSnapshot = 1
  #timer: ReturnType<typeof setInterval> | undefined

  /** @throws DcmlError `devchain_option_invalid`, `devchain_record_invalid`, `devchain_genesis_invalid` */
  constructor(options: ChainOptions = {}, apply: ApplyChunk = applyChunk) {
    this.settings = parseOptions(options)
    this.params = paramsFor(this.settings.protocolVersion)
    this.#signers = new Map(signersOf(this.settings))
    this.#tip = createGenesis(this.settings, this.params)
    this.#library = new Library(this.#tip, this.settings.keepBlocks)
    this.#clock = new BlockClock(this.settings)
    const isBlockValid = (hash: CryptoHash, height: number) => this.#isRecent(hash, height)
    this.#rules = {
      settings: this.settings,
      params: this.params,
      signers: this.#signers,
      applyChunk: apply,
      isBlockValid,
    }
    if (this.settings.mining.mode === 'interval')
      this.#timer = setInterval(() => this.mine(), this.settings.mining.ms).unref()
  }

  // What is on the chain

  get chainId(): string {
    return this.settings.chainId
  }

  get head(): Block {
    return this.#tip.block
  }

  get genesis(): Block {
    return this.#library.genesis.block
  }

  resolve(ref: BlockRef): Block | undefined {
    if ('height' in ref) return this.blockByHeight(ref.height)
    if ('hash' in ref) return this.blockByHash(ref.hash)
    if ('syncCheckpoint' in ref) return ref.syncCheckpoint === 'genesis' ? this.genesis : this.#library.earliest.block
    // nobody else makes blocks here: where they come on demand, readers may take the newest for final
    const onDemand = this.settings.mining.mode !== 'manual' && this.#hasQuorum
    if (ref.finality === 'optimistic' || onDemand) return this.head
    const { lastFinalBlock, lastDsFinalBlock } = this.head.header
    return this.blockByHash(ref.finality === 'final' ? lastFinalBlock : lastDsFinalBlock) ?? this.genesis
  }

  blockByHeight = (height: number): Block | undefined => this.#library.byHeight(height)?.block
  blockByHash = (hash: CryptoHash): Block | undefined => this.#library.byHash(hash)?.block
  chunkBlock = (chunkHash: CryptoHash): Block | undefined => this.#library.byChunk(chunkHash)?.block

  wasPruned(ref: BlockRef): boolean {
    if ('hash' in ref) return this.#library.isPruned(ref.hash)
    const inPast = 'height' in ref && ref.height < this.#library.earliest.block.header.height
    return inPast && ref.height > this.settings.genesisHeight
  }

  stateAfter = (block: Block): Trie => block.result.trie

  transaction(hash: CryptoHash): SignedTransaction | undefined {
    return this.#library.transaction(hash) ?? this.#pool.get(hash)
  }

  outcome = (id: CryptoHash): StoredOutcome | undefined => this.#library.outcome(id)

  outcomeProof(id: CryptoHash): MerklePath {
    const stored = this.outcome(id)
    const block = stored && this.blockByHash(stored.blockHash)
    return block ? (outcomeTree(block.result.outcomes).paths[stored.index] ?? []) : []
  }

  receipt = (id: CryptoHash): Receipt | undefined => this.#library.receipt(id)?.receipt
  parentOf = (receiptId: CryptoHash): CryptoHash | undefined => this.#library.receipt(receiptId)?.parentId ?? undefined
  blockProducers = (epochId: CryptoHash): readonly Validator[] | undefined => this.#library.validators(epochId)

  epochStart = (block: Block): number => this.#tipOf(block).epoch.firstHeight
  contextOf = (block: Block): BlockContext => contextOf(this.#tipOf(block), this.#rules)
  nextContext = (): BlockContext => contextAfter(this.#tip, this.#nextInputs(), this.#rules)

  // What changes it

  submit(transaction: SignedTransaction): { readonly error: InvalidTxError | null } {
    const { hash } = transaction
    if (this.transaction(hash)) return { error: null }
    const error = verifyTransaction(this.head.result.trie, transaction, this.nextContext())
    if (error !== null) return { error }
    this.#pool.set(hash, transaction)
    if (this.settings.mining.mode !== 'manual') {
      this.mine()
      this.#mineUntil(() => !this.#isBusy)
    }
    return { error: null }
  }

  mine(count = 1): Block {
    for (let i = 0; i < count; i++) this.#produce(this.#nextHeight)
    return this.head
  }

  settle(hash: CryptoHash, until: WaitUntil): void {
    if (this.settings.mining.mode === 'manual' || until === 'NONE') return
    if (this.#pool.has(hash)) this.mine()
    if (until === 'INCLUDED') return
    if (until !== 'INCLUDED_FINAL') this.#mineUntil(() => !this.#isBusy)
    if (until === 'EXECUTED_OPTIMISTIC') return
    const height = until === 'FINAL' ? this.#tip.busyHeight : this.#heightOf(hash)
    this.#mineUntil(() => height === undefined || this.#tip.lastFinalHeight >= height || !this.#hasQuorum)
  }

  fastForward(deltaHeight: number): void {
    const target = this.head.header.height + deltaHeight
    while (this.head.header.height < target) {
      const { height } = this.head.header
      // three blocks in a row end an epoch: nearcore too stops before each boundary and makes them one by one
      const brake = this.#tip.epoch.firstHeight + this.settings.epochLength - 3
      this.#produce(!this.#hasQuorum || target < brake ? target : Math.max(brake, this.#nextHeight))
      if (this.head.header.height <= height) break
    }
  }

  patchState(records: readonly unknown[]): void {
    this.#patch = [...this.#patch, ...parseRecords(records)]
    if (this.settings.mining.mode !== 'manual') this.mine()
  }

  // Proofs

  nextLightClientBlock(lastBlockHash: CryptoHash): Record<string, unknown> | null {
    const last = this.#known(lastBlockHash)
    const { height: first } = this.#library.genesis.block.header
    const wanted = Math.max(this.#tip.busyHeight, first) + 1
    this.#mineUntil(
      () => (newestProvable(this.#library, this.#tip.lastFinalHeight)?.[0].block.header.height ?? 0) >= wanted,
      3,
    )
    return lightClientBlock(this.#library, this.#tip, last)
  }

  executionProof(id: CryptoHash, lightClientHead: CryptoHash): Record<string, unknown> {
    return executionProof(this.#library, id, this.#known(lightClientHead))
  }

  blockProof(blockHash: CryptoHash, lightClientHead: CryptoHash): Record<string, unknown> {
    return blockProof(this.#known(blockHash), this.#known(lightClientHead))
  }

  // For tests

  /** Marks this moment; costs nothing. The id stays valid until a return to an earlier snapshot. */
  snapshot(): number {
    const id = this.#nextSnapshot++
    this.#snapshots.set(id, {
      tip: this.#tip,
      seal: this.#library.seal(),
      pool: new Map(this.#pool),
      patch: this.#patch,
      impersonated: this.#impersonated,
      silent: this.#silent,
      clock: this.#clock.state,
    })
    return id
  }

  /**
   * Goes back to a snapshot, as often as you like; later snapshots are gone. Faults in wait are cleared.
   * @throws DcmlError `devchain_snapshot_unknown`
   */
  revert(id: number): void {
    const saved = this.#snapshots.get(id)
    if (!saved)
      throw new DcmlError('devchain_snapshot_unknown', `There is no snapshot ${id}.`, {
        hint: 'Snapshots end when the chain goes back to an earlier one.',
      })
    for (const later of this.#snapshots.keys()) if (later > id) this.#snapshots.delete(later)
    this.#library.rewind(saved.seal)
    this.#tip = saved.tip
    this.#pool = new Map(saved.pool)
    this.#patch = saved.patch
    this.#impersonated = saved.impersonated
    this.#silent = saved.silent
    this.#clock.state = saved.clock
    this.faults.clear()
    this.listener?.reverted(this.#tip)
  }

  /**
   * Gives the next block this time, and those after it times that go on from there.
   * @throws DcmlError `devchain_time_backwards`
   */
  setTime(time: Date): void {
    this.#clock.set(BigInt(time.getTime()) * 1_000_000n, this.head.header.timestamp)
  }

  /** Lets `ms` pass before the next block. @throws DcmlError `devchain_time_backwards` unless positive */
  advanceTime(ms: number): void {
    const { timestamp } = this.head.header
    this.#clock.set(timestamp + BigInt(ms) * 1_000_000n, timestamp)
  }

  /** Fast-forwards to the first block of the epoch `count` epochs ahead. */
  advanceEpochs(count = 1): Block {
    for (let i = 0; i < count; i++) {
      const { current } = this.#tip.epoch
      const boundary = this.#tip.epoch.firstHeight + this.settings.epochLength
      this.fastForward(Math.max(1, boundary - this.head.header.height))
      for (let more = 0; this.#tip.epoch.current === current && more < PATIENCE && this.#hasQuorum; more++) this.mine()
    }
    return this.head
  }

  /** Lets this account's transactions and delegate actions through without signature or access key. */
  impersonate(accountId: AccountId): void {
    this.#impersonated = new Set([...this.#impersonated, accountId])
  }

  stopImpersonating(accountId: AccountId): void {
    this.#impersonated = new Set([...this.#impersonated].filter((other) => other !== accountId))
  }

  /**
   * Takes these validators' votes away, until called again. Without two thirds of the stake every other height stays
   * empty, so that nothing new becomes final; mainnet would stand still.
   */
  silence(validators: readonly AccountId[]): void {
    this.#silent = new Set(validators)
  }

  /** Signs blocks for a validator that staked with this key. @throws DcmlError `devchain_key_invalid` */
  addValidatorKey(secretKey: string): void {
    const key = keyPairFromSecret(secretKey)
    this.#signers.set(key.publicKey, key)
  }

  /** Key of an account that genesis made from the seed. */
  keyOf = (accountId: AccountId): KeyPair => accountKey(this.settings, accountId)

  /** What happened to a transaction, receipt by receipt. @throws DcmlError `devchain_unknown_transaction` */
  trace(hash: CryptoHash): Trace {
    return traceTransaction(this.#library, hash)
  }

  /** Stops interval mining. */
  close(): void {
    clearInterval(this.#timer)
  }

  get #hasQuorum(): boolean {
    return hasQuorum(this.#tip, this.#silent, this.#rules)
  }

  get #nextHeight(): number {
    return this.head.header.height + (this.#hasQuorum ? 1 : 2)
  }

  /** True while another block would execute something, yields aside: those wait for a resume. */
  get #isBusy(): boolean {
    const { trie, outgoing } = this.head.result
    const { first, next } = delayedReceiptIndices(trie)
    return outgoing.length > 0 || first < next || this.#pool.size > 0
  }

  #mineUntil(done: () => boolean, patience = PATIENCE): void {
    if (this.settings.mining.mode === 'manual') return
    for (let i = 0; i < patience && !done(); i++) this.mine()
  }

  #nextInputs(height = this.#nextHeight): BlockInputs {
    const { header } = this.head
    const fault = this.faults.judge
    return {
      height,
      timestamp: this.#clock.after(header.timestamp, height - header.height),
      transactions: [...this.#pool.values()],
      patch: this.#patch,
      impersonated: this.#impersonated,
      silent: this.#silent,
      ...(fault && { fault }),
    }
  }

  #produce(height: number): void {
    const inputs = this.#nextInputs(height)
    const tip = produceBlock(this.#tip, inputs, this.#rules)
    this.#clock.tick(height - this.head.header.height)
    this.#library.add(tip)
    this.#tip = tip
    this.#pool.clear()
    this.#patch = []
    this.listener?.block(tip, inputs, this.faults.decided)
  }

  #isRecent(hash: CryptoHash, height: number): boolean {
    const base = this.#library.byHash(hash)?.block.header.height
    return base !== undefined && base <= height && height <= base + this.settings.transactionValidity
  }

  #heightOf(transactionHash: CryptoHash): number | undefined {
    const stored = this.outcome(transactionHash)
    return stored && this.blockByHash(stored.blockHash)?.header.height
  }

  #tipOf(block: Block): Tip {
    return this.#known(block.header.hash)
  }

  #known(hash: CryptoHash): Tip {
    const tip = this.#library.byHash(hash)
    if (tip) return tip
    throw new DcmlError('devchain_unknown_block', `There is no block ${hash}.`, {
      hint: 'Ask for a younger block, or start the chain with a larger keepBlocks.',
      details: { hash },
    })
  }
}
