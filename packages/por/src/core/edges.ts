// This node's own edges: the money, the session and the requests of each.
import type { EdgeFacts } from '@dcml/protocol/por'
import { TokenBucket } from './bucket.ts'
import type { Core } from './core.ts'
import { type Deposits, EdgeLedger } from './edge-ledger.ts'
import type { Done, Hop } from './hops.ts'
import { HourlyProfit } from './profit.ts'
import { miss } from './silence.ts'
import { tick } from './sync.ts'
import { type Timer, timer } from './timers.ts'
import { payBatch } from './vouchers.ts'

/** Requests that came one way: under way, and resolved but not yet forgotten; by hash. */
export interface Arrivals {
  readonly open: Map<string, Hop>
  readonly done: Map<string, Done>
  /** Bytes that `done` takes, about. */
  doneBytes: number
}

export interface Edge extends Arrivals {
  readonly id: bigint
  readonly peer: string
  readonly isU: boolean
  readonly ledger: EdgeLedger
  readonly profit: HourlyProfit
  /** Late fees that never came and pass as jitter. */
  readonly jitter: HourlyProfit
  readonly bucket: TokenBucket
  /** Requests that the neighbour has, and those that wait for room there. */
  readonly outbound: Map<string, Hop>
  readonly queue: Map<string, Hop>
  /** How many of `outbound` it acknowledged. */
  acked: number
  /** How many more it takes. */
  window: number
  session: 'none' | 'greeting' | 'ready'
  /** Number of the voucher in this node's last hello. */
  shown: bigint
  /** Cut, by whomever. */
  isCut: boolean
  /** Whether the neighbour takes requests on credit: not once it refused one. */
  hasCredit: boolean
  /** Requests since the last voucher. */
  batched: number
  /** Settlement number, and up to when late fees to the neighbour are paid. */
  ticks: number
  lateUntil: number
  /** The neighbour's last settlement in this session, and whether its list goes on. */
  heard: { readonly tick: number; readonly isOpen: boolean }
  /** Next settlement of what this node owes; latest next one of the neighbour's; voucher for the batch. */
  readonly tick: Timer
  readonly watch: Timer
  readonly batch: Timer
}

export const NOTHING_HEARD: Edge['heard'] = { tick: -1, isOpen: false }

const isMine = (core: Core, facts: EdgeFacts): boolean =>
  facts.u === core.config.account || facts.v === core.config.account

/** This node's edge of that id; null for an edge of others, or none. */
export function edgeOf(core: Core, id: bigint): Edge | null {
  const known = core.edges.get(id)
  if (known !== undefined) return known
  const facts = core.graph.edge(id)
  if (facts === null || !isMine(core, facts)) return null
  const isU = facts.u === core.config.account
  const edge: Edge = {
    id,
    peer: isU ? facts.v : facts.u,
    isU,
    ledger: new EdgeLedger(),
    profit: new HourlyProfit(),
    jitter: new HourlyProfit(),
    bucket: new TokenBucket(core.config.rate),
    open: new Map(),
    done: new Map(),
    doneBytes: 0,
    outbound: new Map(),
    queue: new Map(),
    acked: 0,
    window: facts.params.maxInflight,
    session: 'none',
    shown: 0n,
    isCut: false,
    hasCredit: core.config.credit > 0n,
    batched: 0,
    ticks: 0,
    lateUntil: 0,
    heard: NOTHING_HEARD,
    tick: timer((now) => tick(core, edge, now)),
    watch: timer((now) => miss(core, edge, now)),
    batch: timer(() => payBatch(core, edge)),
  }
  core.edges.set(id, edge)
  return edge
}

export const depositsOf = (core: Core, edge: Edge): Deposits => {
  const facts = core.graph.edge(edge.id)
  if (facts === null) return { mine: 0n, theirs: 0n }
  return edge.isU ? { mine: facts.depositU, theirs: facts.depositV } : { mine: facts.depositV, theirs: facts.depositU }
}

/** How many more requests this node takes from the neighbour. */
export const windowOf = (core: Core, edge: Edge): number =>
  Math.max(0, (core.graph.edge(edge.id)?.params.maxInflight ?? 0) - edge.open.size)
