// Nodes that are killed, stopped and started again as processes: a node loses nothing that it promised (§3, "Crash
// recovery").
import { afterEach, expect, test } from 'vitest'
import type { RequestResult } from '../requester/request.ts'
import { areConnected, type Line, nameOf, seedOf, startLine, until } from './testing/line.ts'
import { ProcessNode } from './testing/process-node.ts'

const ask = { app: 'dcml/ping', maxCost: 10n ** 24n, budget: 10_000, hold: 30_000 } as const
const config = { guard: 500 }
const REQUESTS = 30

let line: Line
let child: ProcessNode
afterEach(async () => {
  await child.kill()
  await line.close()
})

/** Nodes 0 to count - 1 here but for one, which is a process. */
async function start(count: number, apart: number): Promise<() => Promise<ProcessNode>> {
  line = await startLine(count, () => ({ config }))
  await line.nodes[apart]!.close()
  const run = () =>
    ProcessNode.start(line.chain, {
      key: seedOf(apart),
      account: nameOf(apart),
      listen: { host: '127.0.0.1', port: 0 },
      store: line.storeOf(apart),
      config,
    })
  child = await run()
  await areConnected(...line.nodes.filter((_, index) => index !== apart))
  return run
}

const isIdle = (edges: Awaited<ReturnType<ProcessNode['edges']>>) =>
  edges.every(({ connected, books }) => connected && books!.inbound + books!.outbound === 0)

test.each([
  ['relay', 1, 2],
  ['recipient', 2, 1],
])(
  'kill -9 of the %s at any moment: every request is answered, and both ends agree on the money',
  async (_, apart, times) => {
    const run = await start(3, apart)
    for (let kills = 0; kills < times; kills++) {
      const results: Promise<RequestResult>[] = []
      const dead = new Promise((resolve) => setTimeout(resolve, Math.random() * 150)).then(() => child.kill())
      for (let i = 0; i < REQUESTS; i++) {
        results.push(line.nodes[0]!.request(nameOf(2), Uint8Array.of(i), ask))
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      await dead
      child = await run()
      const answers = (await Promise.all(results)).map((result) => 'response' in result && result.response.payload)
      expect(answers).toEqual(Array.from({ length: REQUESTS }, (_, i) => Uint8Array.of(i)))
    }
    await until(async () => isIdle(await child.edges()))
    await until(() => line.nodes.every((node, index) => index === apart || isIdle(node.edges())))
    const books = async (index: number, edgeId: bigint) => {
      const edges = index === apart ? await child.edges() : line.nodes[index]!.edges()
      return edges.find(({ id }) => id === edgeId)!.books!
    }
    for (const edgeId of [1n, 2n]) {
      const [payer, payee] = [await books(Number(edgeId) - 1, edgeId), await books(Number(edgeId), edgeId)]
      expect(payee.received).toBe(payer.paid)
      expect(payer.received).toBe(payee.paid)
    }
    expect(line.chain.severed).toEqual([])
  },
)

test('kill -9 of the requester: what it sent goes on, and is paid for once', async () => {
  const run = await start(2, 0)
  for (let i = 0; i < 30; i++) void child.request(nameOf(1), Uint8Array.of(i), ask)
  await until(() => line.nodes[1]!.edges()[0]!.books!.received > 0n)
  await child.kill()
  child = await run()
  await until(async () => isIdle(await child.edges()) && isIdle(line.nodes[1]!.edges()))
  const [edge] = await child.edges()
  expect(edge!.books!.paid).toBe(line.nodes[1]!.edges()[0]!.books!.received)
  expect(await child.request(nameOf(1), Uint8Array.of(9), ask)).toMatchObject({ response: { status: 0 } })
})

test('a target that freezes: the requester is paid for waiting, then shown the cut, which reaches the chain', async () => {
  await start(3, 2)
  line.chain.outages = 1
  const waiting = { ...ask, hold: 3000, lateRate: 10n ** 18n }
  await line.nodes[0]!.request(nameOf(2), Uint8Array.of(1), waiting)
  child.signal('SIGSTOP')
  const paid: bigint[] = []
  const onLate = (amount: bigint) => paid.push(amount)
  const result = await line.nodes[0]!.request(nameOf(2), Uint8Array.of(2), { ...waiting, onLate })
  expect(result).toMatchObject({ broken: { edgeId: 2n } })
  expect(paid.length).toBeGreaterThan(1)
  expect(result.late).toBe(paid.reduce((sum, amount) => sum + amount))
  await until(() => line.chain.edge(2n).status === 'settled')
  expect(line.chain.severed).toHaveLength(1)
  expect(line.chain.edge(1n).status).toBe('active')
})
