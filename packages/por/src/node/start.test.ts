import { afterEach, expect, test } from 'vitest'
import { reclaim } from '../requester/reclaim.ts'
import type { Handler } from './apps.ts'
import { startNode } from './start.ts'
import { areConnected, type Line, nameOf, seedOf, startLine, until } from './testing/line.ts'

const NEAR = 10n ** 24n
const ask = { app: 'dcml/ping', maxCost: NEAR, budget: 10_000 } as const
const payload = new TextEncoder().encode('are you there?')
const config = { guard: 200 }

let line: Line
afterEach(() => line.close())

test('a request crosses three edges and comes back signed', async () => {
  line = await startLine(4)
  await areConnected(...line.nodes)
  const result = await line.nodes[0]!.request(nameOf(3), payload, ask)
  expect(result).toMatchObject({ response: { status: 0, payload }, late: 0n })
  const metrics = await line.registries[3]!.metrics()
  expect(metrics).toContain('dcml_por_served_total{status="0"} 1')
  const [, books] = line.nodes[2]!.edges().map((edge) => edge.books!)
  await until(() => line.nodes[2]!.edges().every((edge) => edge.books!.inbound + edge.books!.outbound === 0))
  expect(books!.paid).toBeGreaterThan(0n)
})

test('an application that never answers costs no edge: the node signs a failure in time', async () => {
  line = await startLine(2, () => ({ config, apps: { 'test/hang': () => new Promise(() => {}) } }))
  await areConnected(...line.nodes)
  const result = await line.nodes[0]!.request(nameOf(1), payload, { ...ask, app: 'test/hang', hold: 1000 })
  expect(result).toMatchObject({ response: { status: 2 } })
})

test('many requests at once each get their own answer', async () => {
  line = await startLine(3)
  await areConnected(...line.nodes)
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, i) => line.nodes[0]!.request(nameOf(2), Uint8Array.of(i), ask)),
  )
  expect(answers.map((answer) => 'response' in answer && answer.response.payload[0])).toEqual(
    Array.from({ length: 100 }, (_, i) => i),
  )
})

test('applications answer by name; what fails or says too much is a signed failure', async () => {
  const apps: Record<string, Handler> = {
    'test/who': async (_, { requester }) => ({ status: 0, payload: new TextEncoder().encode(requester) }),
    'test/broken': async () => {
      throw new Error('out of order')
    },
    'test/long': async () => ({ status: 0, payload: new Uint8Array(5000) }),
  }
  line = await startLine(2, () => ({ apps }))
  await areConnected(...line.nodes)
  const say = async (app: string) => {
    const result = await line.nodes[0]!.request(nameOf(1), payload, { ...ask, app })
    if (!('response' in result)) throw new Error('broken')
    return { status: result.response.status, text: new TextDecoder().decode(result.response.payload) }
  }
  expect(await say('test/who')).toEqual({ status: 0, text: nameOf(0) })
  expect(await say('test/broken')).toEqual({ status: 2, text: '' })
  expect(await say('test/long')).toEqual({ status: 2, text: '' })
  expect(await say('test/unknown')).toEqual({ status: 1, text: '' })
})

test('a node that is gone is isolated', async () => {
  line = await startLine(3, () => ({ config }))
  await areConnected(...line.nodes)
  await line.nodes[2]!.close()
  const result = await line.nodes[0]!.isolate(nameOf(2), payload, { ...ask, hold: 2000 })
  expect(line.chain.edge(2n).status).not.toBe('active')
  expect(result).toMatchObject({ disconnected: { account: nameOf(2) } })
})

test('an operator cuts an edge', async () => {
  line = await startLine(2)
  await areConnected(...line.nodes)
  line.nodes[1]!.cut(1n)
  await until(() => line.chain.edge(1n).status !== 'active')
  await until(() => line.nodes.every((node) => node.edges().length === 0))
  await expect(line.nodes[0]!.request(nameOf(1), payload, ask)).rejects.toMatchObject({ code: 'por_no_route' })
})

test('after a cut, an honest other end answers over other edges', async () => {
  line = await startLine(3)
  line.chain.open(9n, nameOf(0), nameOf(2))
  await areConnected(...line.nodes)
  line.nodes[1]!.cut(2n)
  // settled edges cannot be disputed any more
  line.chain.settle = () => Promise.reject(new Error('not before its time'))
  await until(() => line.nodes[1]!.graph.edge(2n)?.status === 'severed')
  const lost = { edgeId: 2n, requestHash: new Uint8Array(32), owed: 5n }
  const result = await reclaim(line.nodes[1]!.asker, lost, { maxCost: NEAR, budget: 10_000 }, async () => {})
  expect(result).toMatchObject({ response: { status: 1 } })
})

test('what is under way when the target restarts is answered afterwards', async () => {
  let life = 0
  const slow: Handler = async () => (life === 1 ? new Promise(() => {}) : { status: 0, payload })
  line = await startLine(3, (index) => {
    if (index === 2) life++
    return { config, apps: { 'test/slow': slow } }
  })
  await areConnected(...line.nodes)
  const answer = line.nodes[0]!.request(nameOf(2), payload, { ...ask, app: 'test/slow', hold: 10_000 })
  await until(() => line.nodes[2]!.edges()[0]!.books!.inbound === 1)
  await line.nodes[2]!.close()
  await line.restart(2)
  expect(await answer).toMatchObject({ response: { status: 0, payload } })
})

test('a closed node says so to who waits', async () => {
  line = await startLine(2, () => ({ apps: { 'test/hang': () => new Promise(() => {}) } }))
  await areConnected(...line.nodes)
  const answer = line.nodes[0]!.request(nameOf(1), payload, { ...ask, app: 'test/hang' })
  await until(() => line.nodes[1]!.edges()[0]!.books!.inbound === 1)
  const rejected = expect(answer).rejects.toMatchObject({ code: 'por_node_closed', retryable: true })
  await line.nodes[0]!.close()
  await rejected
  expect(await line.nodes[0]!.stopped).toBeNull()
})

test('starts with no other key, and in no other node’s store', async () => {
  line = await startLine(1)
  const { chain } = line
  const options = { chain, account: nameOf(0), store: '/nonexistent', key: seedOf(7) }
  await expect(startNode(options)).rejects.toMatchObject({ code: 'por_key_foreign' })
  await expect(startNode({ ...options, key: new Uint8Array(31) })).rejects.toMatchObject({ code: 'por_key_invalid' })
})
