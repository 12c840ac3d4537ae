// Random networks with random cheats, and what came of the requests in them.
import type { EdgeParams } from '@dcml/protocol/por'
import fc from 'fast-check'
import type { NodeConfig, Outcome } from '../../src/core/types.ts'
import { Graph } from '../../src/routes/graph.ts'
import { findRoute } from '../../src/routes/route.ts'
import { type Prepared, prepare } from '../../src/sim/asks.ts'
import type { Behaviour } from '../../src/sim/behaviours.ts'
import { Holdings } from '../../src/sim/holdings.ts'
import { Network, START } from '../../src/sim/network.ts'
import type { Sight } from '../../src/sim/parts.ts'
import { Random } from '../../src/sim/random.ts'
import { ECHO, patienceOf } from '../../src/sim/run.ts'

export const RULES = {
  ...{ minStake: 0n, penalty: 1_000_000n, slashBps: 100n, bounty: 1000n },
  ...{ activation: 0, closeNotice: 60_000, challenge: 600_000, reimbursement: 1_000_000 },
}
export const STAKE = 10n ** 9n
export const DEPOSIT = 10n ** 12n
export const GUARD = 500
export const CHAIN_DELAY = 1200

export const PARAMS: EdgeParams = {
  ...{ latency: 50, baseCost: 1000n, byteCost: 1n, minLateRate: 0n, maxLateRate: 1_000_000n },
  ...{ sync: 1000, maxInflight: 256, bytesPerSecond: 0 },
}

export const CONFIG: Omit<NodeConfig, 'chain' | 'account'> = {
  ...{ guard: GUARD, credit: 0n, debtLimit: 0n, waitCap: 10n ** 9n, patience: patienceOf(0), apps: [ECHO] },
  ...{ batch: { requests: 32, ms: 50 }, rate: { perSecond: 1000, burst: 1000 } },
}

/** A request, and all that its author heard. */
export interface Asked extends Prepared {
  readonly from: string
  readonly to: string
  readonly path: readonly bigint[]
  readonly rate: bigint
  readonly at: number
  readonly ends: { readonly at: number; readonly outcome: Outcome }[]
  readonly pays: { readonly at: number; readonly amount: bigint }[]
}

export class World {
  readonly network: Network
  readonly holdings: Holdings
  readonly sights: Sight[] = []
  readonly asked: Asked[] = []
  readonly cheats = new Set<string>()
  readonly minted = new Map<string, bigint>()

  constructor(seed: number, rules = RULES, durable = false) {
    this.network = new Network({ seed, rules, chainDelay: CHAIN_DELAY, durable })
    this.holdings = new Holdings(this.network)
    this.network.watch((sight) => this.sights.push(sight))
  }

  node(
    account: string,
    behaviours: readonly Behaviour[] = [],
    config: Partial<typeof CONFIG> = {},
    service: number | null = 0,
  ): string {
    const funds = DEPOSIT * 100n
    this.network.addNode({ account, stake: STAKE, funds, behaviours, service, config: { ...CONFIG, ...config } })
    if (behaviours.length > 0) this.cheats.add(account)
    this.minted.set(account, STAKE + funds)
    return account
  }

  /** An edge whose link keeps its promise: it takes half of it, and at most the other half more unless it is steady. */
  edge(u: string, v: string, params: Partial<EdgeParams> = {}, deposit = DEPOSIT, isSteady = false): bigint {
    const all = { ...PARAMS, ...params }
    const half = Math.floor(all.latency / 2)
    const link = { latency: half, jitter: isSteady ? 0 : all.latency - half, loss: 0 }
    const id = this.network.addEdge({ u, v, params: all, deposits: [deposit, deposit], link })
    this.network.connect(id)
    return id
  }

  /** Asks `after` ms from the start; over the cheapest way unless a path is given. */
  ask(
    after: number,
    from: string,
    to: string,
    wish: { path?: readonly bigint[]; rate?: bigint; hold?: number; service?: number } = {},
  ): void {
    const { network } = this
    const { rate = 7n, hold = 8000, service = 0 } = wish
    network.clock.at(START + after, () => {
      const size = { payloadLength: 8, maxResponse: 64 }
      const graph = Graph.from(network.ledger.facts(), () => network.ledger.timestamp)
      const path =
        wish.path ?? findRoute(graph, from, to, { ...size, budget: 60_000, service, maxCost: 2n ** 100n })?.path
      if (path === undefined) return
      const about = {
        to,
        path,
        payload: network.random.bytes(8),
        maxResponse: 64,
        lateRate: rate,
        service,
        hold,
        app: ECHO,
      }
      const prepared = prepare(network, from, about)
      const asked: Asked = { ...prepared, from, to, path, rate, at: network.clock.now, ends: [], pays: [] }
      this.asked.push(asked)
      network.onResult(prepared.hash, (effect) => {
        const at = network.clock.now
        if (effect.kind === 'late') asked.pays.push({ at, amount: effect.amount })
        else asked.ends.push({ at, outcome: effect.outcome })
      })
      network.ask(from, prepared.ask)
    })
  }

  run(ms: number): this {
    this.network.clock.run(START + ms)
    return this
  }

  isHonest(account: string): boolean {
    return !this.cheats.has(account)
  }

  /** Edges that were cut on chain. */
  get cut(): bigint[] {
    return [...this.network.ledger.edges.values()].filter(({ wasCut }) => wasCut).map(({ facts }) => facts.id)
  }

  ends(id: bigint): [string, string] {
    const { u, v } = this.network.ledger.edge(id)!
    return [u, v]
  }

  /** What an account has gained since the start. */
  gain(account: string): bigint {
    return this.holdings.of(account) - this.minted.get(account)!
  }

  isAcked({ hash, from }: Asked): boolean {
    return this.sights.some(
      ({ node, effect }) =>
        node === from &&
        effect.kind === 'note' &&
        effect.note.what === 'acked' &&
        effect.note.requestHash?.every((byte, at) => byte === hash[at]) === true,
    )
  }
}

const behaviour: fc.Arbitrary<Behaviour> = fc.oneof(
  fc.nat(4000).map((from): Behaviour => ({ kind: 'mute', from })),
  fc.tuple(fc.nat(3000), fc.nat(3000)).map(([from, until]): Behaviour => ({ kind: 'mute', from, until: from + until })),
  fc.nat(6000).map((delay): Behaviour => ({ kind: 'slow', delay })),
  fc.nat(6000).map((delay): Behaviour => ({ kind: 'backdate', delay })),
  fc.constantFrom<Behaviour>({ kind: 'stingy', of: 'late' }, { kind: 'stingy', of: 'all' }),
  fc.constantFrom<Behaviour>({ kind: 'garbage', share: 1 }, { kind: 'garbage', share: 0.5 }),
  fc.constantFrom<Behaviour>({ kind: 'cutter', share: 1 }, { kind: 'cutter', share: 0.3 }),
  fc.constant<Behaviour>({ kind: 'ignore', requester: 'n0' }),
)

export interface Plan {
  readonly seed: number
  readonly nodes: number
  readonly chords: number
  readonly asks: number
  /** What the last nodes do. */
  readonly cheats: readonly Behaviour[]
  /** ms of patience of the honest ones. */
  readonly patience: number
  /** ms that honest services take beyond what the requests allow. */
  readonly tardy: number
}

export const plans = (most: { cheats?: number; tardy?: number } = {}): fc.Arbitrary<Plan> =>
  fc.record({
    ...{
      seed: fc.nat(),
      nodes: fc.integer({ min: 4, max: 8 }),
      chords: fc.nat(6),
      asks: fc.integer({ min: 1, max: 8 }),
    },
    cheats: fc.array(behaviour, { maxLength: most.cheats ?? 2 }),
    patience: fc.constantFrom(0, 1500, 60_000),
    tardy: fc.constantFrom(0, most.tardy ?? 0),
  })

/** A ring with chords; requests from honest nodes; run until each request is past its hard deadline. */
export function play(
  plan: Plan,
  { steady = false } = {},
  before: (world: World, random: Random) => void = () => {},
): World {
  const random = new Random(plan.seed)
  const world = new World(plan.seed)
  const names = Array.from({ length: plan.nodes }, (_, at) => `n${at}`)
  const honest = names.slice(0, plan.nodes - plan.cheats.length)
  for (const [at, name] of names.entries()) {
    const cheat = plan.cheats[at - honest.length]
    world.node(name, cheat === undefined ? [] : [cheat], { patience: patienceOf(plan.patience) }, plan.tardy)
  }
  const pairs = new Map(names.map((name, at) => [`${at}`, [name, names[(at + 1) % names.length]!]]))
  for (let chord = 0; chord < plan.chords; chord++) {
    const [u, v] = [random.below(plan.nodes), random.below(plan.nodes)]
    const gap = Math.abs(u - v)
    if (gap > 1 && gap < plan.nodes - 1) pairs.set(`${Math.min(u, v)} ${Math.max(u, v)}`, [names[u]!, names[v]!])
  }
  for (const [u, v] of pairs.values()) {
    const sync = [500, 1000, 2000][random.below(3)]!
    world.edge(u!, v!, { latency: 10 + random.below(91), sync }, DEPOSIT, steady)
  }
  for (let index = 0; index < plan.asks; index++) {
    const from = honest[random.below(honest.length)]!
    const to = names[random.below(names.length)]!
    if (from !== to)
      world.ask(random.below(5000), from, to, { rate: 1n + BigInt(random.below(50)), hold: 6000 + random.below(6000) })
  }
  before(world, random)
  return world.run(30_000)
}
