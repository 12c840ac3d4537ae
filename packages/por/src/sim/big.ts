import type { NodeConfig } from '../core/types.ts'
import { MAX_HOPS } from '../wire/messages.ts'
import { prepare } from './asks.ts'
import { Network, START } from './network.ts'
import { QuickPaths } from './quick-paths.ts'
import { Random } from './random.ts'
import { ECHO, patienceOf } from './run.ts'

/** A random network to load: a ring, so that it holds together, and chords. */
export interface BigNetwork {
  readonly nodes: number
  /** At least as many as nodes. */
  readonly edges: number
  readonly requests: number
  readonly seed: number
  /** Nodes that fall silent at random moments; default one in a thousand. */
  readonly silent?: number
}

/** What came of it: how many requests ended how, and what it took. */
export interface BigNetworkFigures {
  readonly nodes: number
  readonly edges: number
  readonly responses: number
  readonly broken: number
  readonly refused: number
  /** Neither answered nor broken when the simulation ended: asked of a node that had fallen silent itself, say. */
  readonly unresolved: number
  /** Requests for which no path was left. */
  readonly unroutable: number
  readonly severed: number
  readonly messages: number
  readonly simulatedMs: number
  readonly wallMs: number
}

/** Requests come evenly over so many ms. */
const SPAN = 60_000
const HOLD = 3_000
const UNIT = 10n ** 24n

const CONFIG: Omit<NodeConfig, 'chain' | 'account'> = {
  ...{ guard: 200, debtLimit: 0n, waitCap: UNIT, credit: 0n, patience: patienceOf(2_000), apps: [ECHO] },
  ...{ batch: { requests: 32, ms: 50 }, rate: { perSecond: 10_000, burst: 10_000 } },
}

const RULES = {
  ...{ minStake: 0n, penalty: UNIT / 10n, slashBps: 100n, bounty: UNIT / 1000n },
  ...{ activation: 0, closeNotice: 900_000, challenge: 86_400_000, reimbursement: 604_800_000 },
}

/** Runs requests between random nodes of a random network until each has had its time, and says how they ended. */
export function bigNetwork({
  nodes,
  edges,
  requests,
  seed,
  silent = Math.ceil(nodes / 1000),
}: BigNetwork): BigNetworkFigures {
  const began = performance.now()
  const random = new Random(seed)
  const network = new Network({ seed, rules: RULES, chainDelay: 1200, durable: false })
  const ends = randomEdges(nodes, edges, random)
  const degree = new Array<bigint>(nodes).fill(0n)
  for (const node of ends.flat()) degree[node]!++
  for (let node = 0; node < nodes; node++) {
    const mute = node < silent ? [{ kind: 'mute' as const, from: random.below(SPAN) }] : []
    network.addNode({
      ...{ account: `n${node}`, stake: UNIT, funds: degree[node]! * UNIT * 2n, config: CONFIG, behaviours: mute },
    })
  }
  const paths = new QuickPaths(nodes, ends)
  for (const [u, v] of ends) {
    const latency = 5 + random.below(45)
    network.addEdge({
      ...{
        u: `n${u}`,
        v: `n${v}`,
        deposits: [UNIT, UNIT],
        link: { latency: latency * 0.6, jitter: latency * 0.3, loss: 0 },
      },
      params: {
        ...{ latency, baseCost: 1000n, byteCost: 1n, minLateRate: 0n, maxLateRate: 1_000_000n },
        ...{ sync: 1000, maxInflight: 256, bytesPerSecond: 0 },
      },
    })
  }
  network.ledger.watch((change) => {
    if (change.kind === 'edge' && change.edge.status === 'severed') paths.remove(Number(change.edge.id) - 1)
  })
  for (const id of network.edges.keys()) network.connect(id)

  const counts = { response: 0, broken: 0, refused: 0, unroutable: 0 }
  const payload = new Uint8Array(32)
  const askNext = (index: number): void => {
    if (index === requests) return
    network.clock.at(START + (SPAN * index) / requests, () => {
      askNext(index + 1)
      const [from, to] = [random.below(nodes), random.below(nodes)]
      const path = paths.find(from, to, MAX_HOPS).map((edge) => BigInt(edge) + 1n)
      if (path.length === 0) {
        counts.unroutable++
        return
      }
      const wish = {
        ...{ payload, maxResponse: 64, lateRate: 10n, service: 0, hold: HOLD, app: ECHO },
        to: `n${to}`,
        path,
      }
      const { ask, hash } = prepare(network, `n${from}`, wish)
      network.onResult(hash, (effect) => effect.kind === 'outcome' && counts[effect.outcome.kind]++)
      network.ask(`n${from}`, ask)
    })
  }
  askNext(0)
  network.clock.run(START + SPAN + 2 * HOLD)
  return {
    ...{ nodes, edges, responses: counts.response, broken: counts.broken, refused: counts.refused },
    ...{ unresolved: requests - counts.response - counts.broken - counts.refused - counts.unroutable },
    unroutable: counts.unroutable,
    severed: [...network.ledger.edges.values()].filter((edge) => edge.wasCut).length,
    ...{ messages: network.messages, simulatedMs: SPAN + 2 * HOLD, wallMs: performance.now() - began },
  }
}

function randomEdges(nodes: number, edges: number, random: Random): [number, number][] {
  const ends: [number, number][] = Array.from({ length: nodes }, (_, node) => [node, (node + 1) % nodes])
  const taken = new Set(ends.map(([u, v]) => Math.min(u, v) * nodes + Math.max(u, v)))
  while (ends.length < edges) {
    const [u, v] = [random.below(nodes), random.below(nodes)]
    const key = Math.min(u, v) * nodes + Math.max(u, v)
    if (u === v || taken.has(key)) continue
    taken.add(key)
    ends.push([u, v])
  }
  return ends
}
