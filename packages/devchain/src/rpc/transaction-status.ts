// How far a transaction has come, from the outcomes the chain has kept (nearcore `chain/chain/src/chain.rs`,
// `chain/client/src/view_client_actor.rs`).
import type { CryptoHash } from '@dcml/light-client'
import type { Chain } from '../chain/chain.ts'
import { statusView } from '../chain/outcome-view.ts'
import type { StoredOutcome, WaitUntil } from '../chain/types.ts'
import { receiptView } from './views/receipt.ts'
import { outcomeWithIdView, transactionView } from './views/transaction.ts'

/** In the order nearcore compares them. */
const LEVELS: readonly WaitUntil[] = ['NONE', 'INCLUDED', 'EXECUTED_OPTIMISTIC', 'INCLUDED_FINAL', 'EXECUTED', 'FINAL']

export const hasReached = (level: WaitUntil, until: WaitUntil): boolean =>
  LEVELS.indexOf(level) >= LEVELS.indexOf(until)

export interface Progress {
  readonly level: WaitUntil
  /** Of the transaction first, then of its receipts, parents before children; empty before it is in a block. */
  readonly outcomes: readonly StoredOutcome[]
  /** nearcore's `FinalExecutionStatus`. */
  readonly status: unknown
}

export function progressOf(chain: Chain, hash: CryptoHash): Progress {
  const outcomes = outcomesFrom(chain, hash)
  const [first] = outcomes
  if (!first) return { level: 'NONE', outcomes, status: 'NotStarted' }
  const { status, done } = finalStatus(outcomes)
  const isFinal = ({ blockHash }: StoredOutcome) => heightOf(chain, blockHash) <= finalHeight(chain)
  if (!done) return { level: isFinal(first) ? 'INCLUDED_FINAL' : 'INCLUDED', outcomes, status }
  const complete = outcomes.every(({ outcome }) =>
    outcome.receiptIds.every((id) => outcomes.some((o) => o.outcome.id === id)),
  )
  if (complete && outcomes.every(isFinal)) return { level: 'FINAL', outcomes, status }
  return { level: isFinal(first) ? 'EXECUTED' : 'EXECUTED_OPTIMISTIC', outcomes, status }
}

const finalHeight = (chain: Chain): number => chain.resolve({ finality: 'final' })?.header.height ?? 0
const heightOf = (chain: Chain, hash: CryptoHash): number =>
  chain.blockByHash(hash)?.header.height ?? Number.POSITIVE_INFINITY

function outcomesFrom(chain: Chain, root: CryptoHash): StoredOutcome[] {
  const found: StoredOutcome[] = []
  const open = [root]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    const stored = chain.outcome(id)
    if (!stored) continue
    found.push(stored)
    open.push(...stored.outcome.receiptIds.toReversed())
  }
  return found
}

/** The status of the last receipt in the chain of "its result is mine". */
function finalStatus(outcomes: readonly StoredOutcome[]): { status: unknown; done: boolean } {
  const byId = new Map(outcomes.map(({ outcome }) => [outcome.id, outcome]))
  let current = outcomes[0]?.outcome
  while (current?.status.type === 'SuccessReceiptId') current = byId.get(current.status.receiptId)
  if (!current || current.status.type === 'Unknown') return { status: 'Started', done: false }
  return { status: statusView(current.status), done: true }
}

/** The answer of `tx` and `send_tx`; of a transaction in no block yet, only how far it is. */
export function statusResponse(chain: Chain, hash: CryptoHash, { level, outcomes, status }: Progress) {
  const transaction = chain.transaction(hash)
  const [first, ...rest] = outcomes.map((stored, i) =>
    outcomeWithIdView(stored, i === 0 ? 'transaction' : 'receipt', chain.outcomeProof(stored.outcome.id)),
  )
  if (!transaction || !first) return { final_execution_status: level }
  return {
    final_execution_status: level,
    status,
    transaction: transactionView(transaction),
    transaction_outcome: first,
    receipts_outcome: rest,
  }
}

/** What `EXPERIMENTAL_tx_status` adds: the receipts themselves. */
export const statusReceipts = (chain: Chain, { outcomes }: Progress) =>
  outcomes.flatMap(({ outcome }) => {
    const receipt = chain.receipt(outcome.id)
    return receipt ? [receiptView(receipt)] : []
  })
