// Links that fail and nodes that die: what is nobody's cheating must cost nobody an edge that it need not cost.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { START } from '../../src/sim/network.ts'
import { Random } from '../../src/sim/random.ts'
import { patienceOf } from '../../src/sim/run.ts'
import { runScenario } from '../../src/sim.ts'
import { DEPOSIT, STAKE, World } from './world.ts'

/** Honest nodes in a ring, which write down what they must, and let a debt pass that a broken link explains. */
function ring(seed: number, size: number): World {
  const world = new World(seed, undefined, true)
  const names = Array.from({ length: size }, (_, at) => `n${at}`)
  for (const name of names) world.node(name, [], { patience: patienceOf(1500), debtLimit: 100_000n })
  for (const [at, name] of names.entries()) world.edge(name, names[(at + 1) % size]!, { latency: 40 })
  return world
}

const asks = (world: World, random: Random, size: number): void => {
  for (let index = 0; index < 8; index++) {
    const from = random.below(size)
    world.ask(random.below(4000), `n${from}`, `n${(from + 1 + random.below(size - 1)) % size}`)
  }
}

test('a session that drops and comes back is no silence by itself: nothing is cut, everything is answered', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 3, max: 6 }), (seed, size) => {
      const world = ring(seed, size)
      const { network } = world
      const random = new Random(seed)
      asks(world, random, size)
      for (let flap = 0; flap < 10; flap++) {
        const id = BigInt(1 + random.below(size))
        const at = START + random.below(5000)
        network.clock.at(at, () => network.disconnect(id))
        network.clock.at(at + 1 + random.below(300), () => network.connect(id))
      }
      world.run(30_000)
      expect(world.cut).toEqual([])
      for (const { ends } of world.asked) expect(ends).toMatchObject([{ outcome: { kind: 'response' } }])
    }),
    { numRuns: 40 },
  )
})

test('a node that dies and starts again from what it wrote down: no request of another’s ends twice or never, no money is lost', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 3, max: 6 }), (seed, size) => {
      const world = ring(seed, size)
      const { network } = world
      const random = new Random(seed)
      asks(world, random, size)
      const victim = `n${random.below(size)}`
      const at = START + random.below(5000)
      network.clock.at(at, () => network.crash(victim, at + 1 + random.below(3000)))
      world.run(40_000)
      for (const { from, ends, at: asked, hard } of world.asked) {
        expect(ends.length).toBeLessThanOrEqual(1)
        if (from === victim) continue
        expect(ends).toHaveLength(1)
        expect(ends[0]!.at).toBeLessThanOrEqual(asked + hard)
      }
      const all = BigInt(size) * (STAKE + 100n * DEPOSIT)
      expect(network.ledger.supply()).toBe(all)
      for (const id of world.cut) expect(world.ends(id)).toContain(victim)
    }),
    { numRuns: 60 },
  )
})

test('a scenario file can say all of it', () => {
  const report = runScenario({
    name: 'faults',
    horizon: 20_000,
    nodes: [
      { name: 'a', patience: 60_000, clock: { offset: 5000, rate: 1 } },
      { name: 'b', patience: 60_000 },
      { name: 'c', patience: 60_000, service: 50 },
    ],
    edges: [
      { between: ['a', 'b'], latency: 50, really: { latency: 20, jitter: 20, loss: 0.2 } },
      { between: ['b', 'c'], latency: 50 },
    ],
    requests: Array.from({ length: 10 }, (_, at) => ({ at: 500 * at, from: 'a', to: 'c', service: 50 })),
    faults: [
      { kind: 'link-down', between: ['a', 'b'], at: 1000, until: 1200 },
      { kind: 'pause', node: 'b', at: 2000, until: 2300 },
      { kind: 'crash', node: 'c', at: 3000, until: 3400 },
      { kind: 'cut', by: 'b', neighbour: 'c', at: 4400 },
    ],
  })
  const kinds = report.outcomes.map(({ kind }) => kind)
  expect(kinds.slice(0, 8)).toEqual(Array(8).fill('response'))
  expect(kinds.slice(9)).toEqual(['broken'])
  expect(report.severed).toEqual([2n])
})
