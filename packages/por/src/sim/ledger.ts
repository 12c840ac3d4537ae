// The contract's rules (specification §4) in memory: who has registered, which edges stand, and where every yoctoNEAR
// is. Callers are trusted to be who they say; what third parties may submit is checked by its signatures.
import { type Chain, DcmlError } from '@dcml/protocol'
import type { EdgeFacts, EdgeParams, GraphChange, GraphFacts, NodeFacts, VerifyNow } from '@dcml/protocol/por'
import type { GraphView } from '../core/types.ts'

/** The contract's rules: amounts in yoctoNEAR, durations in ms. */
export interface Rules {
  readonly minStake: bigint
  /** π: for cutting an edge, half from each endpoint. Each locks the whole, so that either half can be reimbursed. */
  readonly penalty: bigint
  /** σ: share of the stake that a cut-off node loses, in hundredths of a percent. */
  readonly slashBps: bigint
  /** Out of the penalty, to who submits a certificate. */
  readonly bounty: bigint
  readonly activation: number
  readonly closeNotice: number
  readonly challenge: number
  readonly reimbursement: number
}

/** An edge with the money that the contract holds for it. Pairs are of u, then v. */
export interface EdgeRecord {
  facts: EdgeFacts
  readonly bonds: [bigint, bigint]
  /** Best vouchers: what each paid the other, and their numbers. */
  readonly paid: [bigint, bigint]
  readonly seq: [bigint, bigint]
  /** Penalties held back until the window of reimbursement is over. */
  escrow: bigint
  revision: number
  /** ms of the chain's clock from which on it connects. */
  activeAt: number
  /** When it was cut or began to close. */
  endedAt: number
  wasCut: boolean
  reimbursed: boolean
}

export interface NodeRecord {
  facts: NodeFacts
  readonly edges: Set<bigint>
  /** An isolation that a reconnection ended, and when: it comes back if the node proves to be isolated again. */
  former: { readonly since: bigint; readonly clearedAt: number } | null
}

const BLOCK = 600
const GENESIS = 1_800_000_000_000n
const NS = 1_000_000n

export const refuse = (code: string, message: string, hint: string): DcmlError => new DcmlError(code, message, { hint })

export class Ledger implements GraphView {
  readonly chain: Chain
  readonly rules: Rules
  readonly verify: VerifyNow
  readonly nodes = new Map<string, NodeRecord>()
  readonly edges = new Map<bigint, EdgeRecord>()
  readonly wallets = new Map<string, bigint>()
  treasury = 0n
  readonly #now: () => number
  /** The edges by number: machines look them up all the time. */
  readonly #list: EdgeRecord[] = []
  readonly #log: { readonly height: bigint; readonly change: GraphChange }[] = []
  readonly #watchers: ((change: GraphChange) => void)[] = []

  /** @param now ms of the chain's clock */
  constructor(chain: Chain, rules: Rules, now: () => number, verify: VerifyNow) {
    this.chain = chain
    this.rules = rules
    this.#now = now
    this.verify = verify
  }

  /** ms. */
  get now(): number {
    return this.#now()
  }

  /** ns since 1970, as the contract counts. */
  get timestamp(): bigint {
    return (GENESIS + BigInt(Math.floor(this.now))) * NS
  }

  get height(): bigint {
    return BigInt(Math.floor(this.now / BLOCK)) + 1n
  }

  watch(watcher: (change: GraphChange) => void): void {
    this.#watchers.push(watcher)
  }

  edge(id: bigint): EdgeFacts | null {
    return this.#list[Number(id) - 1]?.facts ?? null
  }

  node(account: string): NodeFacts | null {
    return this.nodes.get(account)?.facts ?? null
  }

  /** Whether it counts when a partition is looked for: active, and past its activation. */
  isActive(id: bigint): boolean {
    const edge = this.#list[Number(id) - 1]
    return edge?.facts.status === 'active' && edge.activeAt <= this.now
  }

  connects(id: bigint): boolean {
    if (!this.isActive(id)) return false
    const { u, v } = this.edge(id)!
    return this.node(u)?.isolatedSince === null && this.node(v)?.isolatedSince === null
  }

  /** As of the last whole block, so that `changes` repeats what came since and misses nothing. */
  facts(): GraphFacts {
    return {
      nodes: [...this.nodes.values()].map((node) => node.facts),
      edges: [...this.edges.values()].map((edge) => edge.facts),
      height: this.height - 1n,
    }
  }

  changes(after: bigint): { changes: GraphChange[]; height: bigint } {
    const changes = this.#log.filter((entry) => entry.height > after).map((entry) => entry.change)
    return { changes, height: this.height - 1n }
  }

  /** Money from outside the simulation. */
  mint(account: string, amount: bigint): void {
    this.credit(account, amount)
  }

  registerNode(account: string, key: Uint8Array, stake: bigint): void {
    if (this.nodes.has(account)) throw refuse('por_registered', `${account} is registered.`, 'Use another account.')
    if (stake < this.rules.minStake)
      throw refuse('por_stake', `${stake} is below the least stake.`, `Stake ${this.rules.minStake}.`)
    this.debit(account, stake)
    const facts = { account, key, endpoint: '', stake, isolatedSince: null }
    this.nodes.set(account, { facts, edges: new Set(), former: null })
    this.#announce({ kind: 'node', node: facts })
  }

  withdrawStake(account: string): void {
    const node = this.requireNode(account)
    const isBusy = [...node.edges].some((id) => {
      const edge = this.edges.get(id)!
      return edge.facts.status !== 'settled' || edge.escrow > 0n
    })
    if (isBusy || node.facts.isolatedSince !== null)
      throw refuse('por_busy', `${account} has edges, penalties or an isolation.`, 'Close its edges and wait.')
    this.credit(account, node.facts.stake)
    this.nodes.delete(account)
    this.#announce({ kind: 'gone', account })
  }

  openEdge(u: string, v: string, params: EdgeParams, deposit: bigint): bigint {
    if (u === v) throw refuse('por_self', 'An edge has two ends.', 'Name another node.')
    const ends = [this.requireNode(u), this.requireNode(v)]
    const isDouble = [...ends[0]!.edges].some((id) => {
      const { facts } = this.edges.get(id)!
      return facts.status !== 'settled' && facts.status !== 'severed' && (facts.u === v || facts.v === v)
    })
    if (isDouble) throw refuse('por_double', `${u} and ${v} have an edge.`, 'Use it, or close it first.')
    this.debit(u, deposit + this.rules.penalty)
    const id = BigInt(this.edges.size) + 1n
    const facts: EdgeFacts = { id, u, v, params, status: 'pending', activeFrom: null, depositU: deposit, depositV: 0n }
    const record: EdgeRecord = {
      facts,
      bonds: [this.rules.penalty, 0n],
      paid: [0n, 0n],
      seq: [0n, 0n],
      escrow: 0n,
      revision: 0,
      activeAt: Infinity,
      endedAt: 0,
      wasCut: false,
      reimbursed: false,
    }
    this.edges.set(id, record)
    this.#list.push(record)
    for (const end of ends) end.edges.add(id)
    this.#announce({ kind: 'edge', edge: facts })
    return id
  }

  confirmEdge(id: bigint, deposit: bigint): void {
    const edge = this.requireEdge(id, 'pending')
    this.debit(edge.facts.v, deposit + this.rules.penalty)
    edge.bonds[1] = this.rules.penalty
    edge.activeAt = this.now + this.rules.activation
    const activeFrom = this.timestamp + BigInt(this.rules.activation) * NS
    this.change(edge, { status: 'active', depositV: deposit, activeFrom })
  }

  cancelEdge(id: bigint): void {
    const edge = this.requireEdge(id, 'pending')
    this.credit(edge.facts.u, edge.facts.depositU + edge.bonds[0])
    edge.bonds[0] = 0n
    this.change(edge, { status: 'settled', depositU: 0n })
  }

  deposit(id: bigint, by: string, amount: bigint): void {
    const edge = this.requireEdge(id, 'active')
    const side = this.side(edge, by)
    this.debit(by, amount)
    const { depositU, depositV } = edge.facts
    this.change(edge, side === 0 ? { depositU: depositU + amount } : { depositV: depositV + amount })
  }

  /** Everything the contract and the wallets hold: what was minted, for ever (I1). */
  supply(): bigint {
    let sum = this.treasury
    for (const amount of this.wallets.values()) sum += amount
    for (const { facts } of this.nodes.values()) sum += facts.stake
    for (const { facts, bonds, escrow } of this.edges.values())
      sum += facts.depositU + facts.depositV + bonds[0] + bonds[1] + escrow
    return sum
  }

  requireNode(account: string): NodeRecord {
    const node = this.nodes.get(account)
    if (node === undefined) throw refuse('por_unknown_node', `${account} is not registered.`, 'Register it first.')
    return node
  }

  requireEdge(id: bigint, ...statuses: readonly EdgeFacts['status'][]): EdgeRecord {
    const edge = this.edges.get(id)
    if (edge === undefined) throw refuse('por_unknown_edge', `There is no edge ${id}.`, 'Read the graph again.')
    if (statuses.length > 0 && !statuses.includes(edge.facts.status))
      throw refuse('por_edge_status', `Edge ${id} is ${edge.facts.status}.`, `It must be ${statuses.join(' or ')}.`)
    return edge
  }

  /** @returns 0 for u, 1 for v */
  side(edge: EdgeRecord, account: string): 0 | 1 {
    if (edge.facts.u === account) return 0
    if (edge.facts.v === account) return 1
    throw refuse('por_stranger', `${account} is no end of edge ${edge.facts.id}.`, 'Only its ends may do this.')
  }

  change(edge: EdgeRecord, facts: Partial<EdgeFacts>): void {
    edge.facts = { ...edge.facts, ...facts }
    this.#announce({ kind: 'edge', edge: edge.facts })
  }

  changeNode(node: NodeRecord, facts: Partial<NodeFacts>): void {
    node.facts = { ...node.facts, ...facts }
    this.#announce({ kind: 'node', node: node.facts })
  }

  credit(account: string, amount: bigint): void {
    this.wallets.set(account, (this.wallets.get(account) ?? 0n) + amount)
  }

  debit(account: string, amount: bigint): void {
    const have = this.wallets.get(account) ?? 0n
    if (have < amount) throw refuse('por_funds', `${account} has ${have}, not ${amount}.`, 'Give it more money.')
    this.wallets.set(account, have - amount)
  }

  #announce(change: GraphChange): void {
    this.#log.push({ height: this.height, change })
    for (const watcher of this.#watchers) watcher(change)
  }
}
