import { DcmlError } from '@dcml/protocol'
import { closeOffer, edgeUpdate, paramsHash, sign } from '@dcml/protocol/por'
import { afterEach, expect, test, vi } from 'vitest'
import { nodeKeys } from './keys.ts'
import type { NodeOptions, PorNode } from './options.ts'
import { connectAs, helloOf } from './testing/impostor.ts'
import { areConnected, type Line, nameOf, seedOf, startLine, until } from './testing/line.ts'
import { LOCAL } from './testing/memory-chain.ts'

const NEAR = 10n ** 24n
const payload = new TextEncoder().encode('are you there?')
const dearer = { ...LOCAL, baseCost: 3n * LOCAL.baseCost }

let line: Line
afterEach(() => line.close())

const startTwo = async (options: (index: number) => Partial<NodeOptions> = () => ({})): Promise<PorNode[]> => {
  line = await startLine(2, options)
  await areConnected(...line.nodes)
  return line.nodes
}
const askOnce = (node: PorNode) =>
  node.request(nameOf(1), payload, { app: 'dcml/ping', maxCost: NEAR, budget: 10_000, service: 50 })
/** As the contract does while vouchers may still come. */
const refuseSettling = () => {
  line.chain.settle = () => Promise.reject(new DcmlError('por_too_early', 'Not yet.', { hint: 'Wait.' }))
}

test('two ends part by what both sign, one voucher having passed between them', async () => {
  const [alice] = await startTwo()
  refuseSettling()
  await askOnce(alice!)
  await line.chain.startClose(1n)
  await until(() => line.chain.closed.length > 0)
  const paid = LOCAL.baseCost + LOCAL.byteCost * BigInt(payload.length + 4096)
  expect(line.chain.closed[0]).toMatchObject({ edgeId: 1n, balanceU: 10n * NEAR - paid, balanceV: 10n * NEAR + paid })
  await until(() => line.nodes.every((node) => node.edges().length === 0))
})

test('nobody offers to part before the notice is over, nor while a request is under way', async () => {
  let answer = (): void => {}
  const slow = () =>
    new Promise<{ status: 0; payload: Uint8Array }>((resolve) => {
      answer = () => resolve({ status: 0, payload })
    })
  const [alice, bob] = await startTwo(() => ({ apps: { 'test/slow': slow } }))
  refuseSettling()
  line.chain.notice = 1_000
  const how = { app: 'test/slow', maxCost: NEAR, budget: 60_000, service: 30_000 }
  const asked = alice!.request(nameOf(1), payload, how)
  await until(() => bob!.edges()[0]!.books!.inbound === 1)
  await line.chain.startClose(1n)
  await new Promise((resolve) => setTimeout(resolve, 1_500))
  expect(line.chain.closed).toEqual([])
  answer()
  expect(await asked).toMatchObject({ response: { status: 0 } })
  await until(() => line.chain.closed.length > 0)
})

test('of an edge that does not close, nobody signs away anything', async () => {
  const [, bob] = await startTwo()
  const [key, chain] = [nodeKeys(seedOf(0)).signer, line.chain.chain]
  const offer = { edgeId: 1n, balanceU: 10n * NEAR, balanceV: 10n * NEAR, notBefore: 0n }
  const signing = vi.spyOn(line.chain, 'cooperativeClose')
  await line.nodes[0]!.close()
  const alice = await connectAs(seedOf(0), bob!)
  alice.send(helloOf(nameOf(0), 1n))
  await until(() => alice.received() > 0)
  const before = alice.received()
  alice.send({ type: 'close', ...sign(closeOffer, chain, offer, key) })
  const update = { edgeId: 1n, revision: 1, params: dearer, effectiveFrom: 10_000n }
  alice.send({ type: 'update', ...sign(edgeUpdate, chain, update, key) })
  await until(() => bob!.edges()[0]!.offered !== null)
  expect(alice.received()).toBe(before)
  expect(signing).not.toHaveBeenCalled()
  alice.socket.destroy()
})

test('new terms hold when the other operator accepts what it looked at', async () => {
  const [alice, bob] = await startTwo()
  alice!.offerUpdate(1n, dearer)
  await until(() => bob!.edges()[0]!.offered !== null)
  expect(bob!.edges()[0]!.offered).toMatchObject({ revision: 1, params: dearer })
  await expect(bob!.acceptUpdate(1n, paramsHash(LOCAL))).rejects.toMatchObject({ code: 'por_offer_unknown' })
  await expect(alice!.acceptUpdate(1n, paramsHash(dearer))).rejects.toMatchObject({ code: 'por_offer_unknown' })
  expect(line.chain.edge(1n).params).toEqual(LOCAL)
  await bob!.acceptUpdate(1n, paramsHash(dearer))
  await until(() => alice!.graph.edge(1n)!.params.baseCost === dearer.baseCost)
  expect(await askOnce(alice!)).toMatchObject({
    cost: dearer.baseCost + LOCAL.byteCost * BigInt(payload.length + 4096),
  })
  await until(() => bob!.edges()[0]!.offered === null)
})

test('a policy accepts for its operator, and only what it takes', async () => {
  const policy = vi.fn((_: unknown, { baseCost }: { baseCost: bigint }) => baseCost === dearer.baseCost)
  const [alice, bob] = await startTwo((index) => (index === 1 ? { acceptUpdate: policy } : {}))
  alice!.offerUpdate(1n, { ...dearer, baseCost: 9n })
  await until(() => bob!.edges()[0]!.offered?.params.baseCost === 9n)
  alice!.offerUpdate(1n, dearer)
  await until(() => line.chain.edge(1n).revision === 1)
  expect(line.chain.edge(1n).params).toEqual(dearer)
  expect(policy).toHaveBeenCalledTimes(2)
})

test('an offer is made again to a neighbour that was away', async () => {
  const [alice, bob] = await startTwo()
  await bob!.close()
  alice!.offerUpdate(1n, dearer)
  const again = await line.restart(1)
  await until(() => again.edges()[0]!.offered !== null)
})

test('terms that cannot be are not offered', async () => {
  const [alice] = await startTwo()
  const code = (edgeId: bigint, params = dearer, from?: bigint) => {
    try {
      alice!.offerUpdate(edgeId, params, from)
      return null
    } catch (error) {
      return (error as DcmlError).code
    }
  }
  expect(code(7n)).toBe('por_edge_inactive')
  expect(code(1n, { ...dearer, minLateRate: 2n, maxLateRate: 1n })).toBe('por_params_invalid')
  expect(code(1n, dearer, 5n)).toBe('por_offer_lapsed')
  expect(line.nodes[1]!.edges()[0]!.offered).toBeNull()
})
