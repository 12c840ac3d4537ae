import type { CryptoHash } from '@dcml/light-client'
import { createStateUpdate, type StateUpdate } from '../state/index.ts'
import type { Receipt } from '../wire/types.ts'
import type { BlockContext, ChunkInput, ChunkResult, ExecutionOutcome, StateChange } from './types.ts'

/** A receipt before it has a name. */
export type NewReceipt = Omit<Receipt, 'receiptId'>

/** Validators' wishes, in the order they were made. */
export type Proposal = ChunkResult['proposals'][number]

/** A chunk while it is being applied: state, and what comes out of it. */
export class Chunk {
  readonly context: BlockContext
  readonly state: StateUpdate
  readonly outcomes: ExecutionOutcome[] = []
  /** For the next block. */
  readonly outgoing: Receipt[] = []
  /** Run right after the receipt that made them. */
  readonly instant: Receipt[] = []
  /** Sent by a signer to itself: run in this block. */
  readonly local: Receipt[] = []
  readonly proposals: Proposal[] = []
  gasUsed = 0n
  balanceBurnt = 0n
  balanceMinted = 0n
  readonly #made: { readonly receipt: Receipt; readonly parentId: CryptoHash | null }[] = []
  readonly #changes: StateChange[] = []

  constructor({ trie }: ChunkInput, context: BlockContext) {
    this.context = context
    this.state = createStateUpdate(trie)
  }

  /** Keeps the writes since the last commit, and why they happened. */
  commit(cause: StateChange['cause']): void {
    for (const { key, value } of this.state.commit()) this.#changes.push({ cause, key, value })
  }

  /** Notes a receipt and puts it in line. */
  send(receipt: Receipt, parentId: CryptoHash | null, to: Receipt[]): void {
    this.#made.push({ receipt, parentId })
    to.push(receipt)
  }

  /** Once per transaction and executed receipt; its gas counts towards the block's limit. */
  record(outcome: ExecutionOutcome): void {
    this.outcomes.push(outcome)
    this.gasUsed += outcome.gasBurnt
  }

  get isFull(): boolean {
    return this.gasUsed >= this.context.gasLimit
  }

  result(): ChunkResult {
    this.commit({ type: 'updated_delayed_receipts' })
    return {
      trie: this.state.finalize(),
      outcomes: this.outcomes,
      outgoing: this.outgoing,
      gasUsed: this.gasUsed,
      balanceBurnt: this.balanceBurnt,
      balanceMinted: this.balanceMinted,
      proposals: lastPerAccount(this.proposals),
      processed: this.#made,
      changes: this.#changes,
    }
  }
}

/** nearcore keeps each account's last proposal, newest first. */
function lastPerAccount(proposals: readonly Proposal[]): readonly Proposal[] {
  const seen = new Set<string>()
  return proposals.toReversed().filter(({ accountId }) => !seen.has(accountId) && seen.add(accountId))
}
