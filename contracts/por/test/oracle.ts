import type { Edge } from '../src/edge.ts'
import type { Certificate } from '../src/partition.ts'
import type { Ledger } from './ledger.ts'

/** The graph as the paper means it: nodes with stake, and the edges that connect now. */
export interface Part {
  readonly accounts: readonly string[]
  readonly stake: bigint
}

interface Connection {
  readonly id: bigint
  readonly u: string
  readonly v: string
}

/** All edges, or those that connect now. */
export function connections({ books, now }: Ledger, all = false): Connection[] {
  return [...books.edges.entries()]
    .filter(([, { status, activeFrom }]: [string, Edge]) => all || (status === 'active' && (activeFrom ?? now) <= now))
    .map(([id, { u, v }]: [string, Edge]) => ({ id: BigInt(id), u, v }))
}

/** Connected parts, by joining the ends of edges until nothing changes. */
export function partsOf(ledger: Ledger): Part[] {
  const label = new Map([...ledger.books.nodes.keys()].map((account) => [account, account]))
  for (let isMoving = true; isMoving; ) {
    isMoving = false
    for (const { u, v } of connections(ledger)) {
      const [least, most] = [label.get(u) as string, label.get(v) as string].sort() as [string, string]
      if (least === most) continue
      for (const account of [u, v]) label.set(account, least)
      isMoving = true
    }
  }
  const stakeOf = (account: string): bigint => ledger.books.nodes.get(account).stake
  return [...Map.groupBy(label.keys(), (account) => label.get(account)).values()].map((accounts) => ({
    accounts,
    stake: accounts.reduce((sum, account) => sum + stakeOf(account), 0n),
  }))
}

/**
 * A certificate about one part, with another as the witness, found by search from its first node.
 * @param edges those to search over
 */
export function certify(ledger: Ledger, cut: Part, witness: Part, edges = connections(ledger)): Certificate {
  const reached = [witness.accounts[0] as string]
  const tree: bigint[] = []
  for (const account of reached)
    for (const { id, u, v } of edges) {
      if (u !== account && v !== account) continue
      const other = u === account ? v : u
      if (reached.includes(other)) continue
      reached.push(other)
      tree.push(id)
    }
  return { cut: cut.accounts, witness: reached, tree }
}
