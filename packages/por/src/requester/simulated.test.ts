import { utf8 } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { NodeConfig } from '../core/types.ts'
import { otherEnd } from '../routes/graph.ts'
import type { Behaviour } from '../sim/behaviours.ts'
import { Holdings } from '../sim/holdings.ts'
import { Network, START } from '../sim/network.ts'
import { claimReimbursement } from '../sim/partition.ts'
import { ECHO, patienceOf } from '../sim/run.ts'
import { isolate } from './isolate.ts'
import { reclaim } from './reclaim.ts'
import { request } from './request.ts'
import { played, simulatedAsker } from './simulated.ts'

const NEAR = 10n ** 24n
const PENALTY = NEAR / 10n
const RULES = {
  ...{ minStake: 0n, penalty: PENALTY, slashBps: 100n, bounty: NEAR / 1000n, activation: 0 },
  ...{ closeNotice: 900_000, challenge: 86_400_000, reimbursement: 604_800_000 },
}
const CONFIG: Omit<NodeConfig, 'chain' | 'account'> = {
  ...{ guard: 500, debtLimit: 0n, waitCap: NEAR, credit: 0n, patience: patienceOf(2_000), apps: [ECHO] },
  ...{ batch: { requests: 32, ms: 50 }, rate: { perSecond: 1000, burst: 1000 } },
}
const MUTE: Behaviour = { kind: 'mute', from: 0 }
const HELLO = utf8('hello')
const ask = { app: ECHO, maxCost: NEAR, budget: 10_000, hold: 10_000 }

interface Plan {
  readonly nodes: number
  readonly ends: readonly (readonly [number, number])[]
  readonly mute: readonly number[]
}

/** Nodes n0, n1, … with a NEAR at stake each; the mute ones take everything in and say nothing. */
function networkOf({ nodes, ends, mute }: Plan): Network {
  const network = new Network({ seed: 1, rules: RULES, chainDelay: 1200, durable: false })
  for (let node = 0; node < nodes; node++)
    network.addNode({
      ...{ account: `n${node}`, stake: NEAR, funds: BigInt(ends.length) * 2n * NEAR, config: CONFIG },
      behaviours: mute.includes(node) ? [MUTE] : [],
    })
  for (const [u, v] of ends) {
    const id = network.addEdge({
      ...{ u: `n${u}`, v: `n${v}`, deposits: [NEAR, NEAR], link: { latency: 10, jitter: 5, loss: 0 } },
      params: {
        ...{ latency: 20, baseCost: 1000n, byteCost: 1n, minLateRate: 0n, maxLateRate: 1_000_000n },
        ...{ sync: 1000, maxInflight: 16, bytesPerSecond: 0 },
      },
    })
    network.connect(id)
  }
  network.clock.run(START)
  return network
}

/** A tree with random further edges; n0 asks, and n1 is asked. */
const plans = fc
  .record({
    tree: fc.array(fc.nat(), { minLength: 3, maxLength: 7 }),
    more: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 8 }),
  })
  .map(({ tree, more }) => {
    const nodes = tree.length + 1
    const drawn = [
      ...tree.map((pick, at) => [pick % (at + 1), at + 1]),
      ...more.map(([a, b]) => [a % nodes, b % nodes]),
    ]
    const ends = new Map<string, [number, number]>()
    for (const pair of drawn) {
      const [u, v] = pair.sort((a, b) => a - b) as [number, number]
      if (u !== v) ends.set(`${u}-${v}`, [u, v])
    }
    return { nodes, ends: [...ends.values()] }
  })

test('I13: a mute target is cut off within |E| tries, by a proof that the contract takes, at the cost of its edges only', async () => {
  let proofs = 0
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const network = networkOf({ ...plan, mute: [1] })
      const asker = simulatedAsker(network, 'n0')
      const result = await played(network, isolate(asker, 'n1', HELLO, ask)).catch(({ code }) => code as string)
      for (const { facts } of network.ledger.edges.values())
        if (facts.status === 'severed') expect([facts.u, facts.v]).toContain('n1')
      if (typeof result === 'string') {
        // what is left around the requester has no more stake than what it lost
        expect(result).toBe('por_no_route')
        return
      }
      if (!('proof' in result)) throw new Error('the mute one answered')
      proofs++
      expect(result.tries).toBeLessThanOrEqual(plan.ends.length)
      expect(network.ledger.node('n1')?.isolatedSince).toBe(result.disconnected.since)
      expect(result.proof?.cut).toContain('n1')
      expect(result.proof?.cut).not.toContain('n0')
    }),
    { numRuns: 40 },
  )
  expect(proofs).toBeGreaterThan(10)
})

test('a target that answers is left alone, whoever else is mute, as long as an honest path leads there', async () => {
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const [nodes, ends] = [plan.nodes + 1, [...plan.ends, [0, plan.nodes], [plan.nodes, 1]] as [number, number][]]
      const mute = Array.from({ length: plan.nodes - 2 }, (_, at) => at + 2)
      const network = networkOf({ nodes, ends, mute })
      const asker = simulatedAsker(network, 'n0')
      const result = await played(network, isolate(asker, 'n1', HELLO, ask))
      expect(result).toMatchObject({ response: { status: 0, payload: HELLO } })
      for (const edge of asker.graph.edgesOf('n1')) {
        const other = Number(otherEnd(edge, 'n1').slice(1))
        if (!mute.includes(other)) expect(edge.status).toBe('active')
      }
    }),
    { numRuns: 15 },
  )
})

test('I7: a try costs its requester at most what it was told, and half a penalty where its own edge is cut', async () => {
  let broken = 0
  await fc.assert(
    fc.asyncProperty(plans, fc.uniqueArray(fc.integer({ min: 1, max: 7 })), async (plan, mute) => {
      const network = networkOf({ ...plan, mute })
      const holdings = new Holdings(network)
      const before = holdings.of('n0')
      const asker = simulatedAsker(network, 'n0')
      const result = await played(network, request(asker, 'n1', HELLO, ask))
      network.clock.run(network.clock.now + 20_000)
      const own = [...asker.graph.edgesOf('n0')].some(({ status }) => status === 'severed')
      const loss = before - holdings.of('n0')
      expect(loss <= result.cost - result.late + (own ? PENALTY / 2n : 0n)).toBe(true)
      if ('broken' in result) broken++
    }),
    { numRuns: 30 },
  )
  expect(broken).toBeGreaterThan(3)
})

test('§3.1, I19: who cut a mute neighbour off gets its half of the penalty back from it', async () => {
  const ends: [number, number][] = [
    [0, 1],
    [0, 2],
    [2, 1],
    [0, 3],
    [2, 3],
  ]
  const network = networkOf({ nodes: 4, ends, mute: [1] })
  const holdings = new Holdings(network)
  const asker = simulatedAsker(network, 'n0')
  const before = holdings.of('n0')
  const first = await played(network, request(asker, 'n1', HELLO, ask))
  if (!('broken' in first)) throw new Error('answered')
  network.clock.run(network.clock.now + 5_000)
  // the bounty for carrying the cut out came in already
  expect(before - holdings.of('n0') >= PENALTY / 2n - RULES.bounty).toBe(true)
  const lost = { edgeId: first.broken.edgeId, requestHash: new Uint8Array(32), owed: 0n }
  const claim = async (edgeId: bigint) => claimReimbursement(network.ledger, edgeId)
  const { app: _, ...how } = ask
  const result = await played(network, reclaim(asker, lost, how, claim))
  expect(result).toMatchObject({ disconnected: { account: 'n1' } })
  const loss = before - holdings.of('n0')
  expect(loss <= first.cost + result.cost).toBe(true)
})
