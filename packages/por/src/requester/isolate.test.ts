import { utf8 } from '@dcml/protocol'
import type { EdgeFacts } from '@dcml/protocol/por'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { graphs, nameOf } from '../routes/arbitrary.ts'
import { buildPartitionProof } from '../routes/partition.ts'
import { edgeOf, nodeOf } from '../routes/samples.ts'
import { fake } from './fake.ts'
import { isolate } from './isolate.ts'

const PING = utf8('ping')
const ask = { app: 'dcml/ping', maxCost: 10n ** 12n, budget: 60_000 }

/** alex knows three relays, each of which knows bob. */
const star = {
  nodes: ['alex', 'bob', 'r1', 'r2', 'r3'].map((account) => nodeOf(account)),
  edges: [1n, 2n, 3n].flatMap((n) => [edgeOf(n, 'alex', `r${n}`), edgeOf(10n + n, `r${n}`, 'bob', { baseCost: n })]),
  height: 1n,
}
const PRICE = 1_000_000n

test('a target that answers costs one request', async () => {
  const { asker, asks } = fake('alex', star)
  const result = await isolate(asker, 'bob', PING, ask)
  expect(result).toMatchObject({ response: { payload: PING }, cost: PRICE + 1n, tries: 1, cuts: [] })
  expect(asks).toHaveLength(1)
})

test('a mute target loses an edge to every try, and is proven to be cut off on chain', async () => {
  const { asker, severed, proofs } = fake('alex', star, { mute: ['bob'], late: 3n })
  const result = await isolate(asker, 'bob', PING, ask)
  if (!('proof' in result)) throw new Error('answered')
  expect(result).toMatchObject({ disconnected: { account: 'bob', since: 7n }, tries: 3, late: 9n })
  expect(result.cost).toBe(3n * PRICE + 6n)
  expect([...result.cuts].sort()).toEqual([11n, 12n, 13n])
  expect([...severed].sort()).toEqual([11n, 12n, 13n])
  expect(proofs).toEqual([result.proof])
  expect(result.proof?.cut).toEqual(['bob'])
})

test('the first try is alone; once an edge of the target was cut, the others go at once', async () => {
  const mute = fake('alex', star, { mute: ['bob'], turns: () => 20 })
  await isolate(mute.asker, 'bob', PING, ask)
  expect(mute.most).toBe(2)
  expect(mute.asks.map(({ path }) => path)).toEqual([
    [1n, 11n],
    [2n, 12n],
    [3n, 13n],
  ])
})

test('a node with one edge shares it among its tries', async () => {
  const edges = [edgeOf(20n, 'me', 'alex'), ...star.edges]
  const facts = { ...star, nodes: [...star.nodes, nodeOf('me')], edges }
  const network = fake('me', facts, { mute: ['bob'], turns: () => 20 })
  const result = await isolate(network.asker, 'bob', PING, ask)
  expect(result).toMatchObject({ tries: 3, disconnected: { account: 'bob' } })
  expect(network.most).toBe(2)
})

test('a silent relay is no reason to cut an edge of a target that answers', async () => {
  const { asker, severed } = fake('alex', star, { mute: ['r1'] })
  const result = await isolate(asker, 'bob', PING, ask)
  expect(result).toMatchObject({ response: { status: 0 }, tries: 2, cuts: [1n] })
  expect(severed).toEqual([1n])
})

test('a target that is not connected is reported at once, by nobody twice', async () => {
  const edges = star.edges.slice(0, 3).filter(({ v }) => v !== 'bob')
  const { asker, asks, proofs } = fake('alex', { ...star, edges })
  const first = await isolate(asker, 'bob', PING, ask)
  expect(first).toMatchObject({
    disconnected: { account: 'bob', since: 7n },
    proof: { cut: ['bob'] },
    tries: 0,
    cost: 0n,
  })
  expect(await isolate(asker, 'bob', PING, ask)).toEqual(first)
  expect([asks.length, proofs.length]).toEqual([0, 1])
})

test('an isolation that a new edge contradicts holds until it is ended, without a proof of its own', async () => {
  const nodes = star.nodes.map((node) => (node.account === 'bob' ? { ...node, isolatedSince: 5n } : node))
  const { asker, asks } = fake('alex', { ...star, nodes })
  const result = await isolate(asker, 'bob', PING, ask)
  expect(result).toMatchObject({ disconnected: { account: 'bob', since: 5n }, proof: null })
  expect(asks).toHaveLength(0)
})

test('tries go on while cuts are on their way to the chain; the report waits until it shows them', async () => {
  const network = fake('alex', star, { mute: ['bob'], isSlow: true })
  const running = isolate(network.asker, 'bob', PING, ask)
  let isOver = false
  void running.finally(() => {
    isOver = true
  })
  for (let turn = 0; turn < 50; turn++) await Promise.resolve()
  expect([isOver, network.severed, network.proofs]).toEqual([false, [11n, 12n, 13n], []])
  for (let turn = 0; turn < 200 && !isOver; turn++) {
    network.hear()
    await Promise.resolve()
  }
  expect(await running).toMatchObject({ disconnected: { account: 'bob' }, tries: 3 })
})

test('it goes on over an edge that the target opens meanwhile', async () => {
  const network = fake('alex', star, { mute: ['bob'], turns: () => 50 })
  const running = isolate(network.asker, 'bob', PING, ask)
  network.change({ kind: 'edge', edge: edgeOf(99n, 'alex', 'bob') })
  const result = await running
  expect(result).toMatchObject({ disconnected: { account: 'bob' }, tries: 4 })
  expect(result.cuts).toContain(99n)
})

test('a report that a new edge overtakes is built anew', async () => {
  const network = fake('alex', star, { mute: ['bob'] })
  const { asker } = network
  let isFirst = true
  const chain = {
    ...asker.chain,
    reportPartition: async (proof: Parameters<typeof asker.chain.reportPartition>[0]) => {
      if (isFirst) network.change({ kind: 'edge', edge: edgeOf(99n, 'r1', 'bob') })
      isFirst = false
      await asker.chain.reportPartition(proof)
    },
  }
  const result = await isolate({ ...asker, chain }, 'bob', PING, ask)
  expect(result).toMatchObject({ disconnected: { account: 'bob' }, tries: 4 })
})

test('refused everywhere it gives up, and what was cut stays cut', async () => {
  const refuse = new Map([
    [2n, 'window'],
    [3n, 'window'],
  ])
  const { asker, severed } = fake('alex', star, { mute: ['bob'], refuse })
  await expect(isolate(asker, 'bob', PING, ask)).rejects.toMatchObject({ code: 'por_refused', retryable: true })
  expect(severed).toEqual([11n])
})

test('it spends no more than maxCost on all tries together, and goes on where it stopped', async () => {
  const network = fake('alex', star, { mute: ['bob'] })
  await expect(isolate(network.asker, 'bob', PING, { ...ask, maxCost: 2n * PRICE + 3n })).rejects.toMatchObject({
    code: 'por_no_route',
    hint: 'Raise maxCost.',
  })
  expect(network.severed).toHaveLength(2)
  expect(await isolate(network.asker, 'bob', PING, ask)).toMatchObject({ tries: 1, disconnected: { account: 'bob' } })
})

test('in a part with little stake it asks who is there, and reports nobody for being with it', async () => {
  const nodes = [...star.nodes, nodeOf('whale', 10n ** 30n)]
  const { asker, proofs } = fake('alex', { ...star, nodes })
  expect(await isolate(asker, 'bob', PING, ask)).toMatchObject({ response: { status: 0 } })
  expect(proofs).toEqual([])
})

test('the chain’s own error ends it, and so does the signal', async () => {
  const { asker } = fake('alex', star, { mute: ['bob'] })
  const broke = new Error('no funds')
  const poor = { ...asker, chain: { ...asker.chain, sever: () => Promise.reject(broke) } }
  await expect(isolate(poor, 'bob', PING, ask)).rejects.toBe(broke)
  const reason = new Error('enough')
  const controller = new AbortController()
  const silent = { ...asker, ask: () => new Promise<never>(() => {}) }
  const running = isolate(silent, 'bob', PING, { ...ask, signal: controller.signal })
  controller.abort(reason)
  await expect(running).rejects.toBe(reason)
})

const networks = graphs({ nodes: { min: 3, max: 9 }, edges: { min: 8, max: 26 } })
const connecting = (edges: Iterable<EdgeFacts>) => [...edges].filter(({ status }) => status === 'active').length

test('I13: against a mute target it ends within |E| tries with a proof, or cannot get at it and says so', async () => {
  let proofs = 0
  await fc.assert(
    fc.asyncProperty(networks, fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 9 }), async (graph, turns) => {
      const facts = { nodes: [...graph.nodes()], edges: [...graph.edges()], height: 1n }
      const [me, target] = [nameOf(0), nameOf(1)]
      const network = fake(me, facts, { mute: [target], turns: ({ path }) => turns[path.length] ?? 3 })
      const result = await isolate(network.asker, target, PING, ask).catch(({ code }) => code as string)
      expect(network.asks.length).toBeLessThanOrEqual(connecting(graph.edges()))
      // only the target is silent: no edge falls that is not one of its own
      for (const id of network.severed) expect([graph.edge(id)!.u, graph.edge(id)!.v]).toContain(target)
      if (typeof result === 'string') {
        // too little stake on our side, or more than eight edges away
        expect(result).toBe('por_no_route')
        const proof = buildPartitionProof(network.asker.graph, target)
        expect(proof === null || proof.cut.includes(me)).toBe(true)
        return
      }
      if (!('proof' in result)) throw new Error('the mute one answered')
      expect(network.proofs).toEqual([result.proof])
      proofs++
    }),
    { numRuns: 300 },
  )
  expect(proofs).toBeGreaterThan(20)
})

test('with any set of mute nodes it ends with an answer, a proof, or no way left, having cut only at mute ones', async () => {
  await fc.assert(
    fc.asyncProperty(networks, fc.uniqueArray(fc.integer({ min: 1, max: 8 }).map(nameOf)), async (graph, mute) => {
      const facts = { nodes: [...graph.nodes()], edges: [...graph.edges()], height: 1n }
      const network = fake(nameOf(0), facts, { mute, turns: ({ path }) => path.length })
      const result = await isolate(network.asker, nameOf(1), PING, ask).catch(({ code }) => code as string)
      for (const id of network.severed) {
        const { u, v } = graph.edge(id)!
        expect(mute.includes(u) || mute.includes(v)).toBe(true)
      }
      expect(network.asks.length).toBeLessThanOrEqual(connecting(graph.edges()))
      if (typeof result === 'string') expect(result).toBe('por_no_route')
      else if ('response' in result) expect(mute).not.toContain(nameOf(1))
      else expect(result.disconnected.account).toBe(nameOf(1))
    }),
    { numRuns: 300 },
  )
})
