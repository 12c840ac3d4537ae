// Where blocks and what is in them are found. Layers on layers: a snapshot seals the top one, going back drops those
// above it, so both cost the same however long the chain is.
import type { CryptoHash, SignedTransaction } from '@dcml/light-client'
import type { Receipt } from '../wire/types.ts'
import type { Tip } from './tip.ts'
import type { StoredOutcome, Validator } from './types.ts'

/** Hashes of pruned blocks that are still answered with "garbage collected" instead of "unknown". */
const REMEMBERED = 10_000

interface Entry<T> {
  readonly value: T
  /** Number of the block it came with. */
  readonly ordinal: number
}

interface Epoch {
  readonly validators: readonly Validator[]
  lastHeight: number
}

class Layer {
  readonly byHeight = new Map<number, Tip>()
  readonly byHash = new Map<CryptoHash, Tip>()
  readonly byChunk = new Map<CryptoHash, Tip>()
  readonly byParent = new Map<CryptoHash, Tip>()
  readonly transactions = new Map<CryptoHash, Entry<SignedTransaction>>()
  readonly outcomes = new Map<CryptoHash, Entry<StoredOutcome>>()
  readonly receipts = new Map<CryptoHash, Entry<{ readonly receipt: Receipt; readonly parentId: CryptoHash | null }>>()
  readonly epochs = new Map<CryptoHash, Epoch>()
  /** Blocks with smaller numbers are gone, also from the layers below. */
  firstOrdinal: number

  constructor(firstOrdinal: number) {
    this.firstOrdinal = firstOrdinal
  }
}

/** Index of one chain; genesis never leaves it. */
export class Library {
  readonly genesis: Tip
  readonly #keep: number
  readonly #base = new Layer(1)
  #layers: Layer[] = [new Layer(1)]
  readonly #pruned = new Set<CryptoHash>()

  /** @param keep blocks to hold before the oldest go */
  constructor(genesis: Tip, keep: number) {
    this.genesis = genesis
    this.#keep = keep
    file(genesis, this.#base)
    this.#base.epochs.set(genesis.epoch.next.id, { validators: genesis.epoch.next.validators, lastHeight: -1 })
  }

  get #top(): Layer {
    return this.#layers.at(-1) as Layer
  }

  add(tip: Tip): void {
    const { next } = tip.epoch
    file(tip, this.#top)
    if (!this.validators(next.id)) this.#top.epochs.set(next.id, { validators: next.validators, lastHeight: -1 })
    this.#prune(tip.block.header.blockOrdinal - this.#keep + 1, tip)
  }

  byHeight = (height: number): Tip | undefined => this.#tip((layer) => layer.byHeight.get(height))
  byHash = (hash: CryptoHash): Tip | undefined => this.#tip((layer) => layer.byHash.get(hash))
  byChunk = (hash: CryptoHash): Tip | undefined => this.#tip((layer) => layer.byChunk.get(hash))
  /** The block after one. */
  after = (hash: CryptoHash): Tip | undefined => this.#tip((layer) => layer.byParent.get(hash))
  transaction = (hash: CryptoHash): SignedTransaction | undefined =>
    this.#entry((layer) => layer.transactions.get(hash))
  outcome = (id: CryptoHash): StoredOutcome | undefined => this.#entry((layer) => layer.outcomes.get(id))
  receipt = (id: CryptoHash) => this.#entry((layer) => layer.receipts.get(id))
  validators = (epochId: CryptoHash): readonly Validator[] | undefined =>
    this.#find((layer) => layer.epochs.get(epochId))?.validators
  /** Height of the newest block of an epoch. */
  lastHeightOf = (epochId: CryptoHash): number | undefined =>
    this.#find((layer) => layer.epochs.get(epochId))?.lastHeight

  /** The oldest block that is held, genesis aside. */
  get earliest(): Tip {
    for (const { byHeight } of this.#layers)
      for (const tip of byHeight.values()) if (this.#holds(tip.block.header.blockOrdinal)) return tip
    return this.genesis
  }

  isPruned = (hash: CryptoHash): boolean => this.#pruned.has(hash) && this.byHash(hash) === undefined

  /** Seals what is there; pass the result to {@link rewind}. */
  seal(): number {
    if (this.#layers.length === 1 || this.#top.byHeight.size > 0) this.#layers.push(new Layer(this.#top.firstOrdinal))
    return this.#layers.length - 1
  }

  /** Forgets what came after a {@link seal}, which stays valid. */
  rewind(seal: number): void {
    this.#layers = this.#layers.slice(0, seal)
    this.#layers.push(new Layer(this.#top.firstOrdinal))
  }

  /** Held blocks from the oldest on, without genesis. */
  *tips(): Iterable<Tip> {
    for (const { byHeight } of this.#layers)
      for (const tip of byHeight.values()) if (this.#holds(tip.block.header.blockOrdinal)) yield tip
  }

  #prune(firstOrdinal: number, newest: Tip): void {
    const layer = this.#top
    if (firstOrdinal <= layer.firstOrdinal) return
    layer.firstOrdinal = firstOrdinal
    for (const tip of layer.byHeight.values()) {
      if (tip.block.header.blockOrdinal >= firstOrdinal) break
      this.#remove(layer, tip)
    }
    // trees are shared with what a snapshot holds, and walked from the top: not always, and not for every block
    if (this.#layers.length === 1 && firstOrdinal % 64 === 0) newest.tree.forget(firstOrdinal - 1)
  }

  #remove(layer: Layer, { block, epoch }: Tip): void {
    const { height, hash, prevHash } = block.header
    layer.byHeight.delete(height)
    layer.byHash.delete(hash)
    layer.byChunk.delete(block.chunk.hash)
    layer.byParent.delete(prevHash)
    for (const { hash: id } of block.transactions) layer.transactions.delete(id)
    for (const { id } of block.result.outcomes) layer.outcomes.delete(id)
    for (const { receipt } of block.result.processed) layer.receipts.delete(receipt.receiptId)
    if (layer.epochs.get(epoch.current.id)?.lastHeight === height) layer.epochs.delete(epoch.current.id)
    this.#pruned.add(hash)
    if (this.#pruned.size > REMEMBERED) for (const oldest of this.#pruned) return void this.#pruned.delete(oldest)
  }

  #holds = (ordinal: number): boolean => ordinal >= this.#top.firstOrdinal

  #find<T>(look: (layer: Layer) => T | undefined): T | undefined {
    for (let i = this.#layers.length - 1; i >= 0; i--) {
      const found = look(this.#layers[i] as Layer)
      if (found !== undefined) return found
    }
    return look(this.#base)
  }

  #tip(look: (layer: Layer) => Tip | undefined): Tip | undefined {
    const found = this.#find(look)
    return found && (found === this.genesis || this.#holds(found.block.header.blockOrdinal)) ? found : undefined
  }

  #entry<T>(look: (layer: Layer) => Entry<T> | undefined): T | undefined {
    const found = this.#find(look)
    return found && this.#holds(found.ordinal) ? found.value : undefined
  }
}

function file(tip: Tip, layer: Layer): void {
  const { block, epoch } = tip
  const { height, hash, prevHash, blockOrdinal: ordinal } = block.header
  layer.byHeight.set(height, tip)
  layer.byHash.set(hash, tip)
  layer.byChunk.set(block.chunk.hash, tip)
  layer.byParent.set(prevHash, tip)
  for (const signed of block.transactions) layer.transactions.set(signed.hash, { value: signed, ordinal })
  for (const [index, outcome] of block.result.outcomes.entries())
    layer.outcomes.set(outcome.id, { value: { outcome, blockHash: hash, index }, ordinal })
  for (const made of block.result.processed) layer.receipts.set(made.receipt.receiptId, { value: made, ordinal })
  layer.epochs.set(epoch.current.id, { validators: epoch.current.validators, lastHeight: height })
}
