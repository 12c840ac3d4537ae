import type { CryptoHash, SignedTransaction } from '@dcml/light-client'
import { DcmlError } from '@dcml/protocol'
import { applyChunk, verifyTransaction } from '../runtime/index.ts'
import type { ApplyChunk, InvalidTxError } from '../runtime/types.ts'
import { delayedReceiptIndices, parseRecords } from '../state/index.ts'
import type { Faults } from './faults.ts'
import type { ChainOptions } from './options.ts'
import { produceBlock } from './produce.ts'
import { blockProof, executionProof, lightClientBlock, newestProvable } from './proofs.ts'
import { ChainReader } from './reader.ts'
import type { BlockInputs, Tip } from './tip.ts'
import type { Block, ChainControl, ChainProofs, WaitUntil } from './types.ts'

/** Two blocks to hold an outcome, two to prove those, and a start anew where an epoch ends between them. */
const PROOF_PATIENCE = 8
/** Epochs a call may cross. */
const FARTHEST_JUMP = 10_000
/** Blocks that auto mining makes for one request before it gives up. */
const PATIENCE = 1000

/** Told of every new block, and of every return to an earlier one. */
export interface ChainListener {
  block(tip: Tip, inputs: BlockInputs, faults: Faults['decided']): void
  /** The past changed: blocks are gone, or keys came. */
  rewritten(): void
  close(): void
}

/** A chain that grows: on demand, at intervals or by hand. Synchronous: a block is made whole or not at all. */
export class ChainMiner extends ChainReader implements ChainControl, ChainProofs {
  listener: ChainListener | null = null
  readonly #timer: ReturnType<typeof setInterval> | undefined
  #isUnwritten = false

  /** @throws DcmlError `devchain_option_invalid`, `devchain_record_invalid`, `devchain_genesis_invalid` */
  constructor(options: ChainOptions = {}, apply: ApplyChunk = applyChunk) {
    super(options, apply)
    const { mining } = this.settings
    if (mining.mode === 'interval') this.#timer = setInterval(() => this.#mineInTime(), mining.ms).unref()
  }

  submit(transaction: SignedTransaction): { readonly error: InvalidTxError | null } {
    const { hash } = transaction
    if (this.transaction(hash)) return { error: null }
    const error = verifyTransaction(this.head.result.trie, transaction, this.nextContext())
    if (error !== null) return { error }
    this.pool.set(hash, transaction)
    if (this.settings.mining.mode === 'manual') return { error: null }
    try {
      this.mine()
    } catch (cause) {
      // it would fail every block to come
      this.pool.delete(hash)
      throw cause
    }
    this.mineUntil(() => !this.isBusy)
    return { error: null }
  }

  mine(count = 1): Block {
    for (let i = 0; i < count; i++) this.produce(this.nextHeight)
    return this.head
  }

  settle(hash: CryptoHash, until: WaitUntil): void {
    if (this.settings.mining.mode === 'manual' || until === 'NONE') return
    if (this.pool.has(hash)) this.mine()
    if (until === 'INCLUDED') return
    if (until !== 'INCLUDED_FINAL') this.mineUntil(() => !this.isBusy)
    if (until === 'EXECUTED_OPTIMISTIC') return
    const height = until === 'FINAL' ? this.tip.busyHeight : this.heightOf(hash)
    this.mineUntil(() => height === undefined || this.tip.lastFinalHeight >= height || !this.hasQuorum)
  }

  /** @throws DcmlError `devchain_jump_invalid` for more than {@link FARTHEST_JUMP} epochs, or no whole number */
  fastForward(deltaHeight: number): void {
    if (!Number.isSafeInteger(deltaHeight) || deltaHeight / this.settings.epochLength > FARTHEST_JUMP)
      throw new DcmlError('devchain_jump_invalid', `The chain cannot jump by ${deltaHeight} heights.`, {
        hint: `Each epoch on the way takes blocks: jump at most ${FARTHEST_JUMP} epochs at a time.`,
      })
    const target = this.head.header.height + deltaHeight
    while (this.head.header.height < target) {
      const { height } = this.head.header
      // three blocks in a row end an epoch: nearcore too stops before each boundary and makes them one by one
      const brake = this.tip.epoch.firstHeight + this.settings.epochLength - 3
      this.produce(Math.max(!this.hasQuorum || target < brake ? target : brake, this.nextHeight))
      if (this.head.header.height <= height) break
    }
  }

  patchState(records: readonly unknown[]): void {
    const before = this.patch
    this.patch = [...before, ...parseRecords(records)]
    if (this.settings.mining.mode === 'manual') return
    try {
      this.mine()
    } catch (cause) {
      this.patch = before
      throw cause
    }
  }

  // Proofs

  nextLightClientBlock(lastBlockHash: CryptoHash): Record<string, unknown> | null {
    const last = this.known(lastBlockHash)
    // outcomes are in the header of the next block, and that is in the tree of the block after it
    const wanted = Math.max(this.tip.busyHeight + 2, this.settings.genesisHeight + 1)
    this.mineUntil(() => this.#provenHeight >= wanted || !this.hasQuorum, PROOF_PATIENCE)
    return lightClientBlock(this.library, this.tip, last)
  }

  executionProof(id: CryptoHash, lightClientHead: CryptoHash): Record<string, unknown> {
    return executionProof(this.library, id, this.known(lightClientHead))
  }

  blockProof(blockHash: CryptoHash, lightClientHead: CryptoHash): Record<string, unknown> {
    return blockProof(this.known(blockHash), this.known(lightClientHead))
  }

  /** Stops interval mining, and writing to disk. */
  close(): void {
    clearInterval(this.#timer)
    this.listener?.close()
    this.listener = null
  }

  get #provenHeight(): number {
    return newestProvable(this.library, this.tip.lastFinalHeight)?.[0].block.header.height ?? -1
  }

  /** True while another block would execute something, yields aside: those wait for a resume. */
  protected get isBusy(): boolean {
    const { trie, outgoing } = this.head.result
    const { first, next } = delayedReceiptIndices(trie)
    return outgoing.length > 0 || first < next || this.pool.size > 0
  }

  /** Nobody is there to catch: a disk that takes no blocks is a warning, until it takes them again. */
  #mineInTime(): void {
    try {
      this.mine()
      this.#isUnwritten = false
    } catch (error) {
      if (!DcmlError.isInstance(error) || error.code !== 'devchain_write_failed') throw error
      const { message, code, hint } = error
      if (!this.#isUnwritten) process.emitWarning(message, { code, ...(hint !== undefined && { detail: hint }) })
      this.#isUnwritten = true
    }
  }

  protected mineUntil(done: () => boolean, patience = PATIENCE): void {
    if (this.settings.mining.mode === 'manual') return
    for (let i = 0; i < patience && !done(); i++) this.mine()
  }

  protected produce(height: number): void {
    const inputs = this.nextInputs(height)
    const tip = produceBlock(this.tip, inputs, this.rules)
    this.clock.tick(height - this.head.header.height)
    this.append(tip)
    this.pool.clear()
    this.patch = []
    this.listener?.block(tip, inputs, this.faults.decided)
  }

  protected append(tip: Tip): void {
    this.library.add(tip)
    this.tip = tip
  }

  protected heightOf(transactionHash: CryptoHash): number | undefined {
    const stored = this.outcome(transactionHash)
    return stored && this.blockByHash(stored.blockHash)?.header.height
  }
}
