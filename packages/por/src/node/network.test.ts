// Seven nodes as processes, over a network that is slow, loses pieces and falls apart: every request ends in exactly
// one outcome, and the money of every edge stays what was deposited.
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OwnEdge } from './options.ts'
import { type Folder, nameOf, seedOf, temporaryFolder, until } from './testing/line.ts'
import { MemoryChain } from './testing/memory-chain.ts'
import { ProcessNode } from './testing/process-node.ts'
import { Weather } from './testing/weather.ts'

/** 10,000 on occasion. */
const REQUESTS = Number(process.env.DCML_POR_REQUESTS ?? 140)
const AT_ONCE = 14
const NODES = 7
/** A ring, and two short cuts. */
const EDGES = [
  ...Array.from({ length: NODES }, (_, i) => [i, (i + 1) % NODES] as const),
  [1, 4] as const,
  [2, 6] as const,
]

let folder: Folder
const chain = new MemoryChain()
const nodes: ProcessNode[] = []
const weathers: Weather[] = []

beforeAll(async () => {
  folder = temporaryFolder()
  const start = async (index: number) => {
    const through = async (port: number) => {
      weathers[index] = await Weather.before(port, { delay: 5, loss: 0.01, resend: 200 })
      return weathers[index].endpoint
    }
    const options = {
      key: seedOf(index),
      account: nameOf(index),
      listen: { host: '127.0.0.1', port: 0 },
      store: join(folder.path, `${index}`),
      config: { guard: 500 },
    }
    nodes[index] = await ProcessNode.start(chain, options, through)
  }
  await Promise.all(Array.from({ length: NODES }, (_, index) => start(index)))
  for (const [at, [u, v]] of EDGES.entries()) chain.open(BigInt(at + 1), nameOf(u), nameOf(v), { latency: 200 })
  const isUp = async (node: ProcessNode) => {
    const edges = await node.edges()
    return edges.length > 0 && edges.every(({ connected }) => connected)
  }
  await until(async () => (await Promise.all(nodes.map(isUp))).every(Boolean))
})
afterAll(async () => {
  await Promise.all(nodes.map((node) => node.kill()))
  for (const weather of weathers) weather.close()
  folder.remove()
})

test('every request ends once, and both ends of every edge agree on the money', async () => {
  let left = REQUESTS
  let isOver = false
  const outcomes: string[] = []
  const ask = async () => {
    while (left-- > 0) {
      const from = left % NODES
      const to = (from + 1 + (left % (NODES - 1))) % NODES
      const options = { app: 'dcml/ping', maxCost: 10n ** 24n, budget: 60_000, service: 50, hold: 60_000 }
      const payload = Uint8Array.of(left % 256)
      const result = await nodes[from]!.request(nameOf(to), payload, options)
      if ('response' in result) expect(result.response.payload).toEqual(payload)
      outcomes.push('response' in result ? 'response' : 'broken')
    }
  }
  const storm = (async () => {
    for (let at = 0; !isOver; at++) {
      await new Promise((resolve) => setTimeout(resolve, 300))
      await weathers[(at * 3) % NODES]!.cut(200)
    }
  })()
  await Promise.all(Array.from({ length: AT_ONCE }, ask))
  isOver = true
  await storm
  expect(weathers.reduce((sum, { broken }) => sum + broken, 0)).toBeGreaterThan(0)
  expect(outcomes).toEqual(Array.from({ length: REQUESTS }, () => 'response'))
  expect(chain.severed).toEqual([])

  const all = () => Promise.all(nodes.map((node) => node.edges()))
  const isIdle = ({ connected, books }: OwnEdge) => connected && books!.inbound + books!.outbound === 0
  await until(async () => (await all()).flat().every(isIdle))
  const edges = (await all()).flat()
  for (const [at] of EDGES.entries()) {
    const [one, other] = edges.filter(({ id }) => id === BigInt(at + 1))
    expect(one!.books!.paid).toBe(other!.books!.received)
    expect(one!.books!.received).toBe(other!.books!.paid)
    const { depositU, depositV } = chain.edge(BigInt(at + 1))
    expect(one!.books!.balance + other!.books!.balance).toBe(depositU + depositV)
  }
})
