// What happened to a transaction, for people: the tree of its receipts with gas, logs, errors and changed storage.
import type { AccountId, Action, CryptoHash, SignedTransaction } from '@dcml/light-client'
import { DcmlError } from '@dcml/protocol'
import type { ExecutionOutcome, ExecutionStatus } from '../runtime/types.ts'
import { column, splitTrieKey } from '../state/index.ts'
import type { Receipt } from '../wire/types.ts'
import type { Library } from './library.ts'
import type { Block } from './types.ts'

/** An entry of a contract's storage that a receipt changed; undefined where there was, or is, none. */
export interface StorageChange {
  readonly accountId: AccountId
  readonly key: Uint8Array
  readonly before: Uint8Array | undefined
  readonly after: Uint8Array | undefined
}

/** A transaction or receipt, and what it sent on. */
export interface TraceNode {
  /** Hash of a transaction or id of a receipt. */
  readonly id: CryptoHash
  /** Null for the transaction itself. */
  readonly receipt: Receipt | null
  readonly actions: readonly Action[]
  /** Null while it waits: for data, for a resume, or for the next block. */
  readonly outcome: ExecutionOutcome | null
  /** Of the block that executed it. */
  readonly height: number | null
  /** Why it failed in one line, such as a contract's panic; null otherwise. */
  readonly error: string | null
  /** Empty for failed receipts: they change nothing. */
  readonly storage: readonly StorageChange[]
  readonly children: readonly TraceNode[]
}

/** A transaction with everything that followed from it so far. */
export interface Trace {
  readonly transaction: SignedTransaction
  readonly root: TraceNode
  /** Burnt by all of it. */
  readonly gasBurnt: bigint
}

/** @throws DcmlError `devchain_unknown_transaction` */
export function traceTransaction(library: Library, hash: CryptoHash): Trace {
  const transaction = library.transaction(hash)
  if (!transaction)
    throw new DcmlError('devchain_unknown_transaction', `There is no transaction ${hash} on the chain.`, {
      hint: 'It was not mined yet, or its block was pruned.',
      details: { hash },
    })
  const root = traceNode(library, hash, null, transaction.transaction.actions)
  return { transaction, root, gasBurnt: sumOf(root) }
}

const sumOf = ({ outcome, children }: TraceNode): bigint =>
  children.reduce((sum, child) => sum + sumOf(child), outcome?.gasBurnt ?? 0n)

function traceNode(library: Library, id: CryptoHash, receipt: Receipt | null, actions: readonly Action[]): TraceNode {
  const stored = library.outcome(id)
  const block = stored && library.byHash(stored.blockHash)?.block
  const children = (stored?.outcome.receiptIds ?? []).map((child) => {
    const made = library.receipt(child)?.receipt ?? null
    return traceNode(library, child, made, made && 'actions' in made.body ? made.body.actions : [])
  })
  return {
    id,
    receipt,
    actions,
    outcome: stored?.outcome ?? null,
    height: block?.header.height ?? null,
    error: stored ? errorText(stored.outcome.status) : null,
    storage: block ? storageChanges(block, library, id) : [],
    children,
  }
}

/** The innermost text of an error in nearcore's shape, with the names on the way. */
export function errorText(status: ExecutionStatus): string | null {
  if (status.type !== 'Failure') return null
  const names: string[] = []
  let error: unknown = status.error
  while (typeof error === 'object' && error !== null) {
    const [entry] = Object.entries('kind' in error ? { kind: error.kind } : error)
    if (!entry) break
    if (entry[0] !== 'kind') names.push(entry[0])
    error = entry[1]
  }
  return typeof error === 'string' && error.includes(' ') ? error : [...names, String(error)].join('.')
}

function storageChanges({ result, header }: Block, library: Library, id: CryptoHash): StorageChange[] {
  const trieBefore = library.byHash(header.prevHash)?.block.result.trie
  const latest = new Map<string, Uint8Array | undefined>()
  const own = new Map<string, StorageChange>()
  for (const { cause, key, value } of result.changes) {
    if (key[0] !== column.contractData) continue
    const name = key.join()
    const before = latest.has(name) ? latest.get(name) : trieBefore?.get(key)
    latest.set(name, value)
    if (!('receiptHash' in cause) || cause.receiptHash !== id) continue
    const { account, rest } = splitTrieKey(key) as { account: AccountId; rest: Uint8Array }
    own.set(name, { accountId: account, key: rest, before: own.get(name)?.before ?? before, after: value })
  }
  return [...own.values()]
}
