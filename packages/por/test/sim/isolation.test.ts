// Who can be cut off, and who cannot (specification §6: I8, I12, I13, I20).
import { severCert, sign } from '@dcml/protocol/por'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isolate } from '../../src/requester/isolate.ts'
import { otherEnd } from '../../src/routes/graph.ts'
import { buildPartitionProof } from '../../src/routes/partition.ts'
import { askerOf, live } from '../../src/sim/asker.ts'
import { sever } from '../../src/sim/closing.ts'
import { reportPartition } from '../../src/sim/partition.ts'
import { Random } from '../../src/sim/random.ts'
import { ECHO } from '../../src/sim/run.ts'
import { type Plan, plans, play, World } from './world.ts'

test('I8: an honest node that keeps one honest neighbour of the rest is never cut off', () => {
  fc.assert(
    fc.property(plans(), (plan) => {
      const world = play(plan)
      const { ledger, graph } = world.network
      const honest = [...ledger.nodes.keys()].filter((account) => world.isHonest(account))
      const joined = new Set(honest.slice(0, 1))
      for (const account of joined)
        for (const id of ledger.requireNode(account).edges) {
          const next = world.network.other(id, account)
          if (world.isHonest(next)) joined.add(next)
        }
      if (2 * joined.size <= plan.nodes) return
      for (const account of joined) {
        expect(buildPartitionProof(graph, account)).toBeNull()
        const witness = [...joined].filter((other) => other !== account)
        expect(() => reportPartition(ledger, { cut: [account], witness, tree: [] })).toThrow()
      }
    }),
    { numRuns: 60 },
  )
})

/** The nodes of each part of the graph, by edges that are active. */
function partsOf({ network: { ledger } }: World): string[][] {
  const parts: string[][] = []
  for (const account of ledger.nodes.keys()) {
    if (parts.some((part) => part.includes(account))) continue
    const part = new Set([account])
    for (const at of part)
      for (const id of ledger.requireNode(at).edges) if (ledger.isActive(id)) part.add(otherEnd(ledger.edge(id)!, at))
    parts.push([...part])
  }
  return parts
}

test('isolation certificate: the chain takes one for every node outside the largest parts, and there is none for others', () => {
  fc.assert(
    fc.property(fc.nat(), fc.array(fc.nat(), { maxLength: 12 }), (seed, cuts) => {
      const world = play({ seed, nodes: 7, chords: 3, asks: 0, cheats: [], patience: 0, tardy: 0 })
      const { network } = world
      const { ledger } = network
      for (const cut of cuts) {
        const edgeId = BigInt(1 + (cut % network.edges.size))
        sever(ledger, sign(severCert, ledger.chain, { edgeId }, network.edges.get(edgeId)!.u.signer), 'n0')
      }
      const parts = partsOf(world)
      const largest = Math.max(...parts.map((part) => part.length))
      for (const part of parts)
        for (const account of part) {
          const proof = buildPartitionProof(network.graph, account)
          if (part.length === largest) expect(proof).toBeNull()
          else if (ledger.node(account)!.isolatedSince === null) reportPartition(ledger, proof!)
          expect(ledger.node(account)!.isolatedSince === null).toBe(part.length === largest)
        }
    }),
    { numRuns: 60 },
  )
})

/** A ring of `size`, with chords to the target `t`, which is silent. */
function aroundSilence(seed: number, size: number, degree: number): World {
  const world = new World(seed)
  const names = Array.from({ length: size }, (_, at) => `n${at}`)
  for (const name of names) world.node(name)
  world.node('t', [{ kind: 'mute', from: 0 }])
  for (const [at, name] of names.entries()) world.edge(name, names[(at + 1) % size]!, { latency: 20 })
  const random = new Random(seed)
  const neighbours = new Set<string>()
  while (neighbours.size < Math.min(degree, size)) neighbours.add(names[random.below(size)]!)
  for (const name of neighbours) world.edge(name, 't', { latency: 20 + random.below(30) })
  return world
}

test('I12: one silent node between honest ones costs exactly one edge per request', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 3, max: 8 }), fc.integer({ min: 1, max: 4 }), (seed, size, degree) => {
      const world = aroundSilence(seed, size, degree)
      for (let try_ = 0; try_ < degree; try_++) world.ask(15_000 * try_, 'n0', 't')
      for (let try_ = 1; try_ <= degree; try_++) {
        world.run(15_000 * try_ - 1)
        expect(world.cut.length).toBe(world.asked.length)
      }
      for (const id of world.cut) expect(world.ends(id)).toContain('t')
    }),
    { numRuns: 25 },
  )
})

test('I13: isolating a silent node takes at most as many tries as there are edges, and the chain takes the proof', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.integer({ min: 3, max: 8 }),
      fc.integer({ min: 1, max: 4 }),
      async (seed, size, degree) => {
        const world = aroundSilence(seed, size, degree)
        const edges = world.network.edges.size
        const options = { app: ECHO, maxCost: 10n ** 12n, budget: 10_000, hold: 8000, lateRate: 5n }
        world.run(0)
        const work = isolate(askerOf(world.network, 'n0'), 't', new Uint8Array(8), options)
        const result = await live(world.network, work)
        expect(result).toMatchObject({ disconnected: { account: 't' }, proof: { cut: ['t'] } })
        expect(result.tries).toBeLessThanOrEqual(edges)
        expect(world.network.ledger.node('t')!.isolatedSince).not.toBeNull()
        for (const id of result.cuts) expect(world.ends(id)).toContain('t')
      },
    ),
    { numRuns: 25 },
  )
})

test('an answering node is not isolated: the same call returns its answer', async () => {
  const world = new World(4)
  for (const name of ['a', 'b', 'c']) world.node(name)
  world.edge('a', 'b')
  world.edge('b', 'c')
  world.run(0)
  const options = { app: ECHO, maxCost: 10n ** 12n, budget: 10_000, hold: 8000 }
  const result = await live(world.network, isolate(askerOf(world.network, 'a'), 'c', Uint8Array.of(1, 2), options))
  expect(result).toMatchObject({ response: { status: 0, payload: Uint8Array.of(1, 2) }, tries: 1, cuts: [] })
})

/**
 * Cheats that draw no randomness, so that two runs of a plan are one. A node that is mute for a while swallows what is then
 * heard for the first time when it is repeated.
 */
const isSteady = ({ cheats }: Plan): boolean =>
  cheats.every((cheat) => {
    if (cheat.kind === 'mute') return cheat.until === undefined
    return cheat.kind !== 'garbage' && cheat.kind !== 'cutter'
  })

test('I20: hearing a request, an answer, a proof or a payment again, until it is forgotten, changes nothing', () => {
  const tell = ({ asked, network, cut }: World) => ({
    ends: asked.map(({ ends, pays }) => [
      ends.map(({ at, outcome }) => [at, outcome.kind]),
      pays.reduce((sum, { amount }) => sum + amount, 0n),
    ]),
    money: [...network.edges.values()].map(({ id, u, v }) => [u, v].map((end) => end.machine.edge(id)!.balance)),
    cut,
  })
  fc.assert(
    fc.property(plans({ tardy: 3000 }).filter(isSteady), (plan) => {
      let replayed = 0
      const again = play(plan, { steady: true }, ({ network }, random) => {
        let isReplay = false
        network.watch(({ node, effect }) => {
          if (isReplay || effect.kind !== 'send' || effect.message.type === 'hello') return
          // a neighbour that repeats its own settlement has its fees compared once more, and may lose its edge by it
          if (effect.message.type === 'sync') return
          replayed++
          network.clock.at(network.clock.now + 1 + random.below(3000), () => {
            isReplay = true
            network.say(node, effect.edgeId, effect.message)
            isReplay = false
          })
        })
      })
      if (again.asked.length > 0) expect(replayed).toBeGreaterThan(0)
      expect(tell(again)).toEqual(tell(play(plan, { steady: true })))
    }),
    { numRuns: 40 },
  )
})
