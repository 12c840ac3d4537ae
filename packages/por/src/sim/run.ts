import { utf8 } from '@dcml/protocol'
import type { NodeConfig, Patience } from '../core/types.ts'
import { findRoute } from '../routes/route.ts'
import { prepare } from './asks.ts'
import { Holdings } from './holdings.ts'
import { Network, START } from './network.ts'
import { Recorder, type SimOutcome, type SimReport } from './report.ts'
import { readScenario, type Scenario, type ScenarioFile } from './scenario.ts'

/** The application that nodes of a simulation answer for: it says the request's payload again. */
export const ECHO = 'sim/echo'

type Edge = Scenario['edges'][number]
type Fault = Scenario['faults'][number]

/** Waits so many ms past the neighbour's budget, or while the edge has earned more in the last hour than was lost (§5.4). */
export const patienceOf =
  (patience: number | 'profit'): Patience =>
  ({ lateness, profit }) =>
    (patience === 'profit' ? profit >= 0n : lateness < patience) ? 'wait' : 'sever'

/** When each node's settlements of an edge fall, by its own clock. */
const phases =
  (edges: readonly Edge[], { offset, rate }: { offset: number; rate: number }) =>
  (id: bigint) => {
    const { phase, sync } = edges[Number(id) - 1]!
    return (((START + phase) * rate + offset) % sync) as number
  }

/**
 * Runs a scenario on a virtual clock.
 * @param scenario as `readScenario` takes it
 * @throws DcmlError `por_scenario_invalid`
 */
export function runScenario(scenario: ScenarioFile): SimReport {
  return play(readScenario(scenario))
}

function play(scenario: Scenario): SimReport {
  const { seed, chainDelay, nodes, edges, requests, faults, horizon } = scenario
  const rules = { ...scenario.rules, minStake: 0n, activation: 0 }
  const network = new Network({ seed, chainDelay, durable: faults.some(({ kind }) => kind === 'crash'), rules })
  const recorder = new Recorder(network)
  const holdings = new Holdings(network)
  for (const node of nodes) {
    const drift = node.clock ?? { offset: 0, rate: 1 }
    const funds = edges.reduce(
      (sum, { between, deposit }) => (between.includes(node.name) ? sum + deposit + rules.penalty : sum),
      0n,
    )
    const { name: account, stake, behaviours, service } = node
    network.addNode({ account, stake, funds, behaviours, service, drift, config: configOf(node, phases(edges, drift)) })
  }
  for (const { between, latency, deposit, really, ...params } of edges)
    network.addEdge({
      ...{ u: between[0], v: between[1], deposits: [deposit, deposit] },
      params: {
        ...{ latency, baseCost: params.baseCost, byteCost: params.byteCost, sync: params.sync },
        ...{ minLateRate: params.lateRate[0], maxLateRate: params.lateRate[1] },
        ...{ maxInflight: params.maxInflight, bytesPerSecond: 0 },
      },
      link: really ?? { latency, jitter: 0, loss: 0 },
    })
  const before = nodes.map(({ name }) => holdings.of(name))
  for (const id of network.edges.keys()) network.connect(id)
  for (const fault of faults) network.clock.at(START + fault.at, () => inflict(network, fault))
  const asked = requests.map((request, index) => ask(network, recorder, request, index))
  network.clock.run(START + horizon)
  return {
    name: scenario.name,
    nodes: nodes.map(({ name }) => name),
    horizon,
    events: recorder.events.filter(({ at }) => at >= 0),
    outcomes: asked.map((tell) => tell()),
    balances: nodes.map(({ name }, at) => ({ account: name, before: before[at]!, after: holdings.of(name) })),
    severed: [...network.ledger.edges.values()].filter((edge) => edge.wasCut).map((edge) => edge.facts.id),
  }
}

function configOf(
  { guard, debtLimit, waitCap, patience }: Scenario['nodes'][number],
  phase: (id: bigint) => number,
): Omit<NodeConfig, 'chain' | 'account'> {
  return {
    ...{ guard, debtLimit, waitCap, phase, credit: 0n, patience: patienceOf(patience), apps: [ECHO] },
    ...{ batch: { requests: 32, ms: 50 }, rate: { perSecond: 1000, burst: 1000 } },
  }
}

/** Asks at its time. @returns how it ended, as far as it has */
function ask(
  network: Network,
  recorder: Recorder,
  request: Scenario['requests'][number],
  index: number,
): () => SimOutcome {
  const { at, from, to, via, budget, payload, ...wish } = request
  let outcome: SimOutcome = {
    ...{ from, to, asked: at, soft: 0, hard: 0, kind: 'none', at: null, fee: 0n, late: 0n, edge: null },
  }
  network.clock.at(START + at, () => {
    const bytes = utf8(payload)
    const { maxResponse, service, lateRate } = wish
    const needs = { payloadLength: bytes.length, maxResponse, service, lateRate, budget, maxCost: 2n ** 127n }
    const path =
      via === undefined ? findRoute(network.graph, from, to, needs)?.path : along(network, [from, ...via, to])
    if (path === undefined) return
    const prepared = prepare(network, from, { ...wish, to, path, payload: bytes, app: ECHO })
    const { soft, hard } = prepared
    outcome = { ...outcome, soft, hard, fee: prepared.ask.fee }
    recorder.know(prepared.hash, index)
    network.onResult(prepared.hash, (effect) => {
      if (effect.kind === 'late') outcome = { ...outcome, late: outcome.late + effect.amount }
      else {
        const { outcome: result } = effect
        const edge = result.kind === 'broken' ? result.edgeId : null
        outcome = { ...outcome, kind: result.kind, edge, at: network.clock.now - START }
      }
    })
    network.ask(from, prepared.ask)
  })
  return () => outcome
}

const edgeBetween = (network: Network, one: string, other: string): bigint | undefined =>
  [...network.ledger.requireNode(one).edges].find((id) => network.other(id, one) === other)

const along = (network: Network, names: readonly string[]): bigint[] =>
  names.slice(1).map((name, at) => edgeBetween(network, names[at]!, name)!)

function inflict(network: Network, fault: Fault): void {
  switch (fault.kind) {
    case 'link-down': {
      const id = edgeBetween(network, ...fault.between)!
      network.disconnect(id)
      if (fault.until !== undefined) network.clock.at(START + fault.until, () => network.connect(id))
      return
    }
    case 'pause':
      network.pause(fault.node, START + fault.until)
      return
    case 'crash':
      network.crash(fault.node, START + fault.until)
      return
    case 'cut':
      network.tell(network.node(fault.by), { kind: 'cut', edgeId: edgeBetween(network, fault.by, fault.neighbour)! })
  }
}
