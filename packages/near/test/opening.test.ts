// A channel that an enclave was never shown, proven by its host long afterwards.
import { advance, parseLightClientBlock, parseLogProof, verifyLog } from '@dcml/light-client'
import { fetchTrustRoot, type Near } from '@dcml/near'
import { fetchOpening, modelProvider, modelWallet } from '@dcml/near/model'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { challenge, type ModelScene, NEAR, namedKey, prices, startModel } from './model-scene.ts'
import { asNear } from './scene.ts'

let scene: ModelScene
beforeAll(async () => {
  scene = await startModel()
  const { near, contract } = scene
  const host = modelProvider({ near, account: asNear(scene.bob), contract })
  const { hostInput, hostOutput } = prices
  await host.register({ endpoint: '', hostInput, hostOutput, porAccount: null, collateral: 10n * NEAR })
  await host.admit(scene.enclave.publicKey)
})
afterAll(() => scene.stop())

const wallet = () => modelWallet({ near: scene.near, account: asNear(scene.alice), contract: scene.contract })
const open = () =>
  wallet().open({
    provider: scene.bob.accountId,
    challenge,
    sessionKey: scene.enclave.publicKey,
    payerKey: namedKey('alice').publicKey,
    deposit: NEAR,
    maxPrices: prices,
  })

test('an opening is found by its time, among others, whether just now or long ago', async () => {
  const from = await fetchTrustRoot(scene.near)
  const { contract, near } = scene
  const blocks = [40, 1, 3, 90]
  for (const count of blocks) {
    await open()
    scene.chain.mine(count)
  }
  for (const channelId of [1n, 2n, 3n, 4n]) {
    const seed = (await wallet().seed(channelId))!
    const found = (await fetchOpening(near, { contract, channelId, seed, from }))!
    expect(found.from).toBe(from.headHash)
    let state = from
    for (const block of found.blocks) {
      const step = await advance(state, parseLightClientBlock(block))
      if (!step.ok) throw step.error
      state = step.state
    }
    const now = new Date(Number(state.head.innerLite.timestamp / 1_000_000n))
    const standard = 'dcml_model'
    const options = {
      contract,
      standard,
      event: 'channel_opened',
      state,
      now,
      maxHeadAge: 1000,
      maxEventAge: 'any' as const,
    }
    expect(verifyLog(parseLogProof(found.proof), options)).toMatchObject({
      ok: true,
      event: { data: { channel_id: `${channelId}` } },
    })
  }
})

test('one of just now is waited for', async () => {
  const from = await fetchTrustRoot(scene.near)
  const { contract, near } = scene
  const { events } = await open()
  const channelId = BigInt((events[0]!.data as { channel_id: string }).channel_id)
  const seed = (await wallet().seed(channelId))!
  const mining = setInterval(() => scene.chain.mine(1), 20)
  try {
    expect(await fetchOpening(near, { contract, channelId, seed, from })).toMatchObject({ from: from.headHash })
  } finally {
    clearInterval(mining)
  }
})

test('a channel of another seed, one that is to come, and one that has ended are none', async () => {
  const from = await fetchTrustRoot(scene.near)
  const { contract, near } = scene
  const seed = (await wallet().seed(1n))!
  expect(seed).toHaveLength(32)
  expect(await wallet().seed(2n)).not.toEqual(seed)
  const asked = await finalTime()
  scene.chain.advanceTime(3000)
  scene.chain.mine(4)
  const other = seed.with(0, seed[0]! ^ 1)
  expect(await fetchOpening(near, { contract, channelId: 1n, seed: other, from, asked })).toBe(null)
  expect(await fetchOpening(near, { contract, channelId: 99n, seed, from, asked })).toBe(null)
  expect(await wallet().seed(99n)).toBe(null)
})

const finalTime = async (): Promise<number> => {
  const { header } = (await scene.near.request('block', { finality: 'final' })) as {
    header: { timestamp_nanosec: string }
  }
  return Number(BigInt(header.timestamp_nanosec) / 1_000_000n)
}

test('a host whose node lags behind the payer’s does not deny the channel that was just opened', async () => {
  const { contract, near, chain } = scene
  const from = await fetchTrustRoot(near)
  const asked = await finalTime()
  const stale = chain.head.header.height
  const { events } = await open()
  const channelId = BigInt((events[0]!.data as { channel_id: string }).channel_id)
  const seed = (await wallet().seed(channelId))!
  let looks = 0
  const lagging: Near = {
    ...near,
    request(method, params, options) {
      const isBehind = 'finality' in (params as object) && ++looks <= 4
      return near.request(method, isBehind ? { ...behind(params as object), block_id: stale } : params, options)
    },
  }
  const behind = ({ finality: _, ...params }: { finality?: unknown }) => params
  const mining = setInterval(() => chain.mine(1), 20)
  try {
    const found = await fetchOpening(lagging, { contract, channelId, seed, from, asked })
    expect(found).toMatchObject({ from: from.headHash })
  } finally {
    clearInterval(mining)
  }
})

test('a node that stays behind is no reason to deny a channel', async () => {
  const { contract, near } = scene
  const from = await fetchTrustRoot(near)
  const query = { contract, channelId: 99n, seed: new Uint8Array(32), from, patienceMs: 300 }
  const asked = (await finalTime()) + 60_000
  await expect(fetchOpening(near, { ...query, asked })).rejects.toMatchObject({ code: 'near_behind', retryable: true })
})
