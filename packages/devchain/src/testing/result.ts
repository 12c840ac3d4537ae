import type { CryptoHash } from '@dcml/light-client'
import { DcmlError } from '@dcml/protocol'
import type { Chain } from '../chain/chain.ts'
import { renderTrace } from '../chain/render-trace.ts'
import type { Trace, TraceNode } from '../chain/trace.ts'

/** What became of a transaction. */
export class TransactionResult {
  readonly #chain: Chain
  readonly hash: CryptoHash

  constructor(chain: Chain, hash: CryptoHash) {
    this.#chain = chain
    this.hash = hash
  }

  /** Its receipts as a tree; looked up anew each time. */
  get trace(): Trace {
    return this.#chain.trace(this.hash)
  }

  /** The first failure among the transaction and its receipts, depth first; null if there is none so far. */
  get error(): string | null {
    return this.#isPending ? null : firstError(this.trace.root)
  }

  /** Logs of all receipts, parents before children. */
  get logs(): readonly string[] {
    return this.#isPending ? [] : logsOf(this.trace.root)
  }

  /** Burnt by all receipts. */
  get gasBurnt(): bigint {
    return this.trace.gasBurnt
  }

  /** What the called method returned in the end; null while it has not returned, or failed. */
  get value(): Uint8Array | null {
    let node: TraceNode | undefined = this.#isPending ? undefined : this.trace.root
    while (node?.outcome?.status.type === 'SuccessReceiptId') {
      const { receiptId } = node.outcome.status
      node = findNode(this.trace.root, receiptId)
    }
    return node?.outcome?.status.type === 'SuccessValue' ? node.outcome.status.value : null
  }

  /** {@link value} as JSON; null for no bytes. */
  json<T = unknown>(): T {
    const { value } = this
    return (value === null || value.length === 0 ? null : JSON.parse(new TextDecoder().decode(value))) as T
  }

  /** @throws DcmlError `devchain_transaction_failed` with the trace as its message */
  orThrow(): this {
    if (this.error === null) return this
    throw new DcmlError('devchain_transaction_failed', `${this.error}\n${renderTrace(this.trace)}`, {
      hint: 'Pass mayFail to look at the failure instead.',
      details: { hash: this.hash },
    })
  }

  /** In manual mode a transaction waits for the next block. */
  get #isPending(): boolean {
    return this.#chain.outcome(this.hash) === undefined
  }
}

function firstError({ error, children }: TraceNode): string | null {
  return children.reduce<string | null>((found, child) => found ?? firstError(child), error)
}

const logsOf = ({ outcome, children }: TraceNode): readonly string[] => [
  ...(outcome?.logs ?? []),
  ...children.flatMap(logsOf),
]

function findNode(node: TraceNode, id: CryptoHash): TraceNode | undefined {
  if (node.id === id) return node
  for (const child of node.children) {
    const found = findNode(child, id)
    if (found) return found
  }
  return undefined
}
