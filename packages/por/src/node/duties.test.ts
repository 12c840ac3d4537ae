import { type PorVoucher, porVoucher, type Signed, severCert, sign } from '@dcml/protocol/por'
import pino from 'pino'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Graph } from '../routes/graph.ts'
import { Duties } from './duties.ts'
import { nodeKeys } from './keys.ts'
import { nameOf, seedOf } from './testing/line.ts'
import { MemoryChain } from './testing/memory-chain.ts'

const [here, there] = [nodeKeys(seedOf(0)).signer, nodeKeys(seedOf(1)).signer]
let chain: MemoryChain
let graph: Graph
let duties: Duties
let best: Signed<PorVoucher> | null

const cert = () => sign(severCert, chain.chain, { edgeId: 1n }, there)
const voucher = (total: bigint) => sign(porVoucher, chain.chain, { edgeId: 1n, seq: total, total }, there)
/** As the node does between two looks at the chain. */
const pass = async (ms: number) => {
  await vi.advanceTimersByTimeAsync(ms)
  graph.follow(await chain.changes(graph.height))
  duties.review()
}

beforeEach(async () => {
  vi.useFakeTimers()
  chain = new MemoryChain()
  chain.register(nameOf(0), here.publicKey)
  chain.register(nameOf(1), there.publicKey)
  chain.open(1n, nameOf(0), nameOf(1))
  graph = Graph.from(await chain.graph(), () => 1n)
  best = null
  duties = new Duties({ chain, graph, account: nameOf(0), log: pino({ level: 'silent' }), best: () => best })
})
afterEach(() => {
  duties.close()
  vi.useRealTimers()
})

test('a cut is submitted until the chain shows it, and then no more', async () => {
  chain.outages = 4
  const sever = vi.spyOn(chain, 'sever')
  duties.carryOut(cert())
  duties.carryOut(cert())
  for (let i = 0; i < 200; i++) await pass(500)
  expect(chain.severed).toHaveLength(1)
  const calls = sever.mock.calls.length
  expect(calls).toBe(5)
  await pass(3_600_000)
  expect(sever).toHaveBeenCalledTimes(calls)
})

test('another’s worthless certificate does not stand in the way of a good one', async () => {
  const forged = { ...sign(severCert, chain.chain, { edgeId: 1n }, here), signature: new Uint8Array(64) }
  duties.carryOut(forged)
  duties.carryOut(cert())
  await pass(1)
  expect(chain.severed.map(({ body }) => body.domain.subject)).toEqual([there.publicKey])
})

test('of an edge that ends, the best voucher is submitted, once, and again when there is a better', async () => {
  vi.spyOn(chain, 'settle').mockRejectedValue(new Error('not before its time'))
  best = voucher(5n)
  await pass(1)
  expect(chain.vouchers).toEqual([])
  await chain.startClose(1n)
  for (let i = 0; i < 5; i++) await pass(2_000)
  expect(chain.vouchers).toEqual([best])
  best = voucher(8n)
  for (let i = 0; i < 5; i++) await pass(20_000)
  expect(chain.vouchers.map(({ body }) => body.total)).toEqual([5n, 8n])
})

test('an edge is settled as soon as the contract lets it, and left alone afterwards', async () => {
  const settle = vi.spyOn(chain, 'settle').mockRejectedValueOnce(new Error('not before its time'))
  await chain.sever(cert())
  for (let i = 0; i < 20; i++) await pass(500)
  expect(chain.edge(1n).status).toBe('settled')
  expect(settle).toHaveBeenCalledTimes(2)
})

test('nothing is tried after the node is closed', async () => {
  chain.outages = 100
  const sever = vi.spyOn(chain, 'sever')
  duties.carryOut(cert())
  await pass(1)
  duties.close()
  await pass(3_600_000)
  expect(sever).toHaveBeenCalledTimes(1)
})
