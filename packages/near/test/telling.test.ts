// A channel that an enclave was never shown, and whose opening no node has any more.
import { advance, parseEventProof, parseLightClientBlock, verifyEvent } from '@dcml/light-client'
import { fetchTrustRoot, type Near } from '@dcml/near'
import {
  type CallProof,
  fetchOpening,
  modelProvider,
  modelWallet,
  type OpeningQuery,
  openingProver,
} from '@dcml/near/model'
import { DcmlError } from '@dcml/protocol'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { challenge, type ModelScene, NEAR, namedKey, prices, startModel } from './model-scene.ts'
import { asNear } from './scene.ts'

type Ask = (method: string, params: unknown) => Promise<unknown>

/** A connection on which every question goes through `over`. */
const through = (near: Near, over: (ask: Ask, method: string, params: unknown) => Promise<unknown>): Near => ({
  ...near,
  request: (method, params, options) => over((...asked) => near.request(...asked, options), method, params),
  async *attempts(options) {
    for await (const attempt of near.attempts(options)) yield (method, params) => over(attempt, method, params)
  },
})

let scene: ModelScene
/** Transactions that the host sent, however often it offered them. */
const sent = new Set<string>()
let near: Near
beforeAll(async () => {
  scene = await startModel({ keepBlocks: 500, epochLength: 20 })
  near = through(scene.near, (ask, method, params) => {
    if (method === 'send_tx') sent.add((params as { signed_tx_base64: string }).signed_tx_base64)
    return ask(method, params)
  })
  const { contract } = scene
  const { hostInput, hostOutput } = prices
  for (const account of [scene.bob, scene.treasury]) {
    const host = modelProvider({ near: scene.near, account: asNear(account), contract })
    await host.register({ endpoint: '', hostInput, hostOutput, porAccount: null, collateral: 10n * NEAR })
    await host.admit(scene.enclave.publicKey)
  }
})
afterAll(() => scene.stop())
beforeEach(() => sent.clear())

const wallet = () => modelWallet({ near: scene.near, account: asNear(scene.alice), contract: scene.contract })
const prover = (by = near) => openingProver({ near: by, account: asNear(scene.bob) })

async function open(provider = scene.bob): Promise<bigint> {
  const { events } = await wallet().open({
    provider: provider.accountId,
    challenge,
    sessionKey: scene.enclave.publicKey,
    payerKey: namedKey('alice').publicKey,
    deposit: NEAR,
    maxPrices: prices,
  })
  return BigInt((events[0]!.data as { channel_id: string }).channel_id)
}

/** Runs while blocks go on. */
async function mining<T>(work: () => Promise<T>): Promise<T> {
  const timer = setInterval(() => scene.chain.mine(1), 50)
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}

async function queryOf(channelId: bigint): Promise<OpeningQuery> {
  const from = await fetchTrustRoot(scene.near)
  return { contract: scene.contract, channelId, seed: (await wallet().seed(channelId)) ?? new Uint8Array(32), from }
}

test('what no node has any more is told again, once, and proves the channel as it is', async () => {
  const channelId = await open()
  await wallet().topUp(channelId, NEAR)
  scene.chain.mine(550)
  const query = await queryOf(channelId)
  await expect(fetchOpening(near, query)).rejects.toMatchObject({ retryable: false })
  const prove = prover()
  const [found, same] = await mining(() => Promise.all([prove(query), prove(query)]))
  expect(sent.size).toBe(1)
  const { transaction } = found!.proof as CallProof['proof']
  expect(same!.proof).toMatchObject({ transaction })
  let state = query.from
  for (const block of found!.blocks) {
    const step = await advance(state, parseLightClientBlock(block))
    if (!step.ok) throw step.error
    state = step.state
  }
  const now = new Date(Number(state.head.innerLite.timestamp / 1_000_000n))
  const options = { standard: 'dcml_model', state, now, maxHeadAge: 1000, maxEventAge: 'any' as const }
  const asked = { ...options, contract: scene.contract }
  const proof = parseEventProof(found!.proof)
  expect(verifyEvent(proof, { ...asked, event: 'channel_told' })).toMatchObject({
    ok: true,
    event: { data: { channel_id: `${channelId}`, deposited: `${2n * NEAR}` } },
  })
  expect(verifyEvent(proof, { ...asked, event: 'channel_opened' })).toMatchObject({ ok: false })
  await mining(() => prove(query))
  expect(sent.size).toBe(1)
})

test('an opening that a node has is proven by itself, for nothing', async () => {
  const query = await queryOf(await open())
  expect((await mining(() => prover()(query)))!.proof).toHaveProperty('receipt')
  expect(sent.size).toBe(0)
})

test('strangers cannot have the host pay for channels that are not its own, or none', async () => {
  const [foreign, ours] = [await open(scene.treasury), await open()]
  scene.chain.advanceTime(3000)
  scene.chain.mine(550)
  const asked = 0
  const prove = prover()
  await expect(prove({ ...(await queryOf(foreign)), asked })).rejects.toMatchObject({ retryable: false })
  expect(await prove({ ...(await queryOf(99n)), asked })).toBe(null)
  expect(await prove({ ...(await queryOf(ours)), seed: new Uint8Array(32), asked })).toBe(null)
  expect(sent.size).toBe(0)
})

test('while the chain cannot be asked, nothing is sent', async () => {
  const query = await queryOf(await open())
  scene.chain.mine(550)
  const lost = through(near, async (ask, method, params) => {
    if (method === 'block') throw unreachable()
    return ask(method, params)
  })
  await expect(prover(lost)(query)).rejects.toMatchObject({ code: 'near_unreachable' })
  expect(sent.size).toBe(0)
})

test('a call whose answer was lost is not made again', async () => {
  const query = await queryOf(await open())
  scene.chain.mine(550)
  const from = await fetchTrustRoot(scene.near)
  let lost = 0
  // all that one call tries
  const deaf = through(near, async (ask, method, params) => {
    const answer = await ask(method, params)
    if (!/^(send_)?tx$/.test(method) || ++lost > 3) return answer
    throw unreachable()
  })
  expect(await mining(() => prover(deaf)({ ...query, from }))).not.toBe(null)
  expect([lost, sent.size]).toEqual([expect.toSatisfy((times) => times > 3), 1])
})

const unreachable = () => new DcmlError('near_unreachable', 'Gone.', { hint: 'Wait.', retryable: true })
