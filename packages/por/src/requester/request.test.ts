import { utf8 } from '@dcml/protocol'
import { requestHash } from '@dcml/protocol/por'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { graphs, nameOf } from '../routes/arbitrary.ts'
import { edgeOf, nodeOf } from '../routes/samples.ts'
import { HoldScores } from '../routes/scores.ts'
import { fake } from './fake.ts'
import { request } from './request.ts'

const PING = utf8('ping')
const ask = { app: 'dcml/ping', maxCost: 10n ** 12n, budget: 60_000 }
const failing = (code: string) => expect.objectContaining({ code })

/** alex reaches bob over alice, at 2,000,000, or over carol, at 6,000,000. */
const square = {
  nodes: ['alex', 'alice', 'bob', 'carol'].map((account) => nodeOf(account)),
  edges: [
    edgeOf(1n, 'alex', 'alice'),
    edgeOf(2n, 'alice', 'bob'),
    edgeOf(3n, 'alex', 'carol', { baseCost: 3_000_000n }),
    edgeOf(4n, 'carol', 'bob', { baseCost: 3_000_000n, latency: 200 }),
  ],
  height: 1n,
}

test('a response comes with what it cost, and with what shows others that it was given', async () => {
  const { asker, asks } = fake('alex', square, { late: 5n })
  const heard: bigint[] = []
  const result = await request(asker, 'bob', PING, { ...ask, onLate: (amount) => heard.push(amount) })
  if (!('response' in result)) throw new Error('broken')
  expect(result).toMatchObject({ response: { status: 0, payload: PING }, cost: 2_000_000n, late: 5n })
  expect(heard).toEqual([5n])
  const { proof } = result.response
  expect(proof.response.body.requestHash).toEqual(requestHash(proof.request.body))
  expect(proof.request.body).toMatchObject({ requester: 'alex', recipient: 'bob', app: 'dcml/ping', payloadLength: 4 })
  expect(asks).toMatchObject([{ path: [1n, 2n], fee: 2_000_000n, hold: 30_000 }])
})

test('a broken edge is an outcome like any other: told with its certificate, paid, and not repeated', async () => {
  const { asker, asks, severed } = fake('alex', square, { mute: ['bob'] })
  const result = await request(asker, 'bob', PING, ask)
  expect(result).toMatchObject({ broken: { edgeId: 2n, cert: { body: { edgeId: 2n } } }, cost: 2_000_000n, late: 0n })
  expect([asks.length, severed]).toEqual([1, []])
})

test('a request that is refused costs nothing and goes another way', async () => {
  const { asker, asks } = fake('alex', square, { refuse: new Map([[1n, 'window']]) })
  const result = await request(asker, 'bob', PING, ask)
  expect(result).toMatchObject({ response: { status: 0 }, cost: 6_000_000n })
  expect(asks.map(({ path }) => path)).toEqual([
    [1n, 2n],
    [3n, 4n],
  ])
})

test('after a refusal, paths that share no edge come first, and then any that begin elsewhere', async () => {
  const facts = { ...square, edges: [...square.edges.slice(0, 3), edgeOf(5n, 'carol', 'alice')] }
  const { asker, asks } = fake('alex', facts, { refuse: new Map([[1n, 'busy']]) })
  expect(await request(asker, 'bob', PING, ask)).toMatchObject({ response: { status: 0 } })
  expect(asks.map(({ path }) => path)).toEqual([
    [1n, 2n],
    [3n, 5n, 2n],
  ])
})

test('where every neighbour refuses, the error says why, and that nothing was paid', async () => {
  const refuse = new Map([
    [1n, 'window'],
    [3n, 'reserve'],
  ])
  const { asker, asks } = fake('alex', square, { refuse })
  await expect(request(asker, 'bob', PING, ask)).rejects.toMatchObject({
    code: 'por_refused',
    retryable: true,
    details: { target: 'bob', reason: 'reserve' },
    hint: expect.stringContaining('Nothing was paid'),
  })
  expect(asks).toHaveLength(2)
})

test('no route is an error that says what to do', async () => {
  const { asker, change, hear, asks } = fake('alex', square)
  const hint = async (options: Partial<Parameters<typeof request>[3]>, target = 'bob') =>
    request(asker, target, PING, { ...ask, ...options }).catch(({ code, hint }) => `${code}: ${hint}`)
  expect(await hint({ maxCost: 1_999_999n })).toBe('por_no_route: Raise maxCost.')
  expect(await hint({ budget: 399 })).toBe('por_no_route: Raise the budget to at least that.')
  expect(await hint({ lateRate: 10n ** 30n })).toBe('por_no_route: Name another lateRate, or a shorter hold.')
  expect(await hint({ lateRate: 10n ** 20n, hold: 20_001 })).toBe(
    'por_no_route: Name another lateRate, or a shorter hold.',
  )
  expect(await hint({ avoid: new Set([2n, 4n]) })).toContain('por_no_route: Open an edge')
  expect(await hint({}, 'stranger')).toContain('por_unknown_node')
  change({ kind: 'node', node: { ...nodeOf('bob'), isolatedSince: 1n } })
  for (const edge of [square.edges[0]!, square.edges[2]!])
    change({ kind: 'edge', edge: { ...edge, status: 'severed' } })
  hear()
  expect(await hint({})).toContain('It must come back')
  expect(await hint({}, 'alice')).toContain('por_no_route: Open an edge to a connected node')
  expect(asks).toHaveLength(0)
})

test('waiting is paid at the path’s price per second, within what its edges take', async () => {
  const rate = async (params: Partial<(typeof square.edges)[0]['params']>, lateRate?: bigint) => {
    const edges = square.edges.map((edge) => (edge.id === 2n ? edgeOf(2n, 'alice', 'bob', params) : edge))
    const { asker, asks } = fake('alex', { ...square, edges })
    await request(asker, 'bob', PING, lateRate === undefined ? ask : { ...ask, lateRate })
    return { rate: asks[0]!.request.body.lateRate, path: asks[0]!.path }
  }
  expect(await rate({})).toEqual({ rate: 2000n, path: [1n, 2n] })
  expect(await rate({ minLateRate: 3000n })).toEqual({ rate: 3000n, path: [1n, 2n] })
  expect(await rate({ maxLateRate: 10n })).toEqual({ rate: 10n, path: [1n, 2n] })
  expect(await rate({}, 7n)).toEqual({ rate: 7n, path: [1n, 2n] })
  expect(await rate({ maxLateRate: 10n }, 11n)).toEqual({ rate: 11n, path: [3n, 4n] })
  expect(await rate({ minLateRate: 10n ** 30n, maxLateRate: 10n ** 31n })).toEqual({ rate: 2000n, path: [3n, 4n] })
})

test('a path whose deposits could not pay for the wait is no path: nobody on it would take the request up', async () => {
  const poor = { ...edgeOf(2n, 'alice', 'bob'), depositU: 0n, depositV: 50_000_000n }
  const { asker, asks } = fake('alex', { ...square, edges: square.edges.map((edge) => (edge.id === 2n ? poor : edge)) })
  for (const hold of [25_000, 25_001]) await request(asker, 'bob', PING, { ...ask, hold })
  for (const lateRate of [2000n, 2001n]) await request(asker, 'bob', PING, { ...ask, hold: 25_000, lateRate })
  expect(asks.map(({ path }) => path[0])).toEqual([1n, 3n, 1n, 3n])
})

test('hold reports turn the next request away from an edge that takes longer than the budget allows', async () => {
  const scores = new HoldScores()
  const { asker, asks } = fake('alex', square)
  const scored = {
    ...asker,
    scores,
    ask: async (...args: Parameters<typeof asker.ask>) => {
      const outcome = await asker.ask(...args)
      return { ...outcome, holds: [5, 900, 1000] }
    },
  }
  for (let time = 0; time < 2; time++) await request(scored, 'bob', PING, { ...ask, budget: 800 })
  expect(asks.map(({ path }) => path[0])).toEqual([1n, 3n])
})

test('options out of range are refused before anything is sent', async () => {
  const { asker, asks } = fake('alex', square)
  for (const wrong of [
    { maxCost: -1n },
    { budget: 0.5 },
    { app: '' },
    { app: 'x'.repeat(33) },
    { hold: 600_001 },
    { lateRate: 5 as unknown as bigint },
    { maxResponse: 2 ** 30 },
    { avoid: [1n] as unknown as Set<bigint> },
  ])
    await expect(request(asker, 'bob', PING, { ...ask, ...wrong })).rejects.toThrow(failing('por_options'))
  await expect(request(asker, 'bob', new Uint8Array(65_537), ask)).rejects.toThrow(failing('por_options'))
  expect(asks).toHaveLength(0)
})

test('an aborted signal ends the waiting with its reason, before and during', async () => {
  const { asker, asks } = fake('alex', square)
  const reason = new Error('enough')
  await expect(request(asker, 'bob', PING, { ...ask, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  expect(asks).toHaveLength(0)
  const controller = new AbortController()
  const never = { ...asker, ask: () => new Promise<never>(() => {}) }
  const waiting = request(never, 'bob', PING, { ...ask, signal: controller.signal })
  controller.abort(reason)
  await expect(waiting).rejects.toBe(reason)
})

test('I7: whatever refuses or breaks, a requester pays for one try, and never more than it said', async () => {
  const network = graphs({ nodes: { min: 3, max: 7 }, edges: { min: 6, max: 20 } })
  const trouble = fc.record({
    mute: fc.uniqueArray(fc.nat(6).map(nameOf)),
    refuse: fc.uniqueArray(fc.bigInt(1n, 20n), { maxLength: 5 }),
    maxCost: fc.bigInt(0n, 60n),
  })
  let ended = 0
  await fc.assert(
    fc.asyncProperty(network, trouble, async (graph, { mute, refuse, maxCost }) => {
      const facts = { nodes: [...graph.nodes()], edges: [...graph.edges()], height: 1n }
      const { asker, asks } = fake(nameOf(0), facts, { mute, refuse: new Map(refuse.map((id) => [id, 'busy'])) })
      const options = { ...ask, maxCost, maxResponse: 1 }
      const result = await request(asker, nameOf(1), new Uint8Array(), options).catch(({ code }) => code as string)
      const taken = asks.filter(({ path }) => !refuse.includes(path[0]!))
      if (typeof result === 'string') {
        expect(['por_no_route', 'por_refused']).toContain(result)
        expect(taken).toEqual([])
        return
      }
      ended++
      expect(taken).toHaveLength(1)
      expect([result.cost, 'response' in result !== 'broken' in result]).toEqual([taken[0]!.fee, true])
      expect(result.cost <= maxCost).toBe(true)
    }),
    { numRuns: 200 },
  )
  expect(ended).toBeGreaterThan(5)
})
