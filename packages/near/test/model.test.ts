import { advance, parseEventProof, parseLightClientBlock, trustBlock, verifyEvent } from '@dcml/light-client'
import { connectNear, type Near } from '@dcml/near'
import {
  CHANNEL_STORAGE,
  checkModelContract,
  modelProvider,
  modelWallet,
  openChannels,
  PROVIDER_STORAGE,
  SESSION_STORAGE,
} from '@dcml/near/model'
import { sharesOf, toHex } from '@dcml/protocol'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  approvalFor,
  challenge,
  type ModelScene,
  modelH,
  NEAR,
  namedKey,
  PERIOD_MS,
  prices,
  startModel,
} from './model-scene.ts'
import { asNear, badLine } from './scene.ts'

let scene: ModelScene
let clean: number
beforeAll(async () => {
  scene = await startModel()
  clean = scene.chain.snapshot()
})
beforeEach(() => scene.chain.revert(clean))
afterAll(() => scene.stop())

const offer = {
  endpoint: 'https://bob.example',
  hostInput: prices.hostInput,
  hostOutput: prices.hostOutput,
  porAccount: null,
}
const wallet = (of = scene.alice) => modelWallet({ near: scene.near, account: asNear(of), contract: scene.contract })
const host = (of = scene.bob) => modelProvider({ near: scene.near, account: asNear(of), contract: scene.contract })
const hosting = async (collateral = 10n * NEAR) => {
  await host().register({ ...offer, collateral })
  await host().admit(scene.enclave.publicKey)
}
const opening = (deposit: bigint) => ({
  provider: scene.bob.accountId,
  challenge,
  sessionKey: scene.enclave.publicKey,
  payerKey: namedKey('alice').publicKey,
  deposit,
  maxPrices: prices,
})
/** The contract's books, by kind. */
const totals = () => scene.chain.account(scene.contract).view<Record<string, string>>('totals')
const gained = async (of: typeof scene.alice, act: () => Promise<unknown>): Promise<bigint> => {
  const before = of.balance
  await act()
  return of.balance - before
}
/** More than the gas of a test's calls, less than any amount in it. */
const GAS = NEAR / 50n

test('a wallet tells the terms, the host and whether a session key can be named', async () => {
  await hosting()
  expect(wallet().chain).toEqual({ networkId: scene.chain.settings.chainId, contract: scene.contract })
  expect(await wallet().terms()).toEqual({
    ownerInput: prices.ownerInput,
    ownerOutput: prices.ownerOutput,
    modelH,
    keyEpoch: 0n,
    imageHs: [new Uint8Array(32).fill(0x22)],
    closeFee: 10n ** 21n,
    challengePeriodMs: PERIOD_MS,
  })
  expect(await wallet().provider(scene.bob.accountId)).toEqual({
    hostInput: prices.hostInput,
    hostOutput: prices.hostOutput,
    endpoint: offer.endpoint,
    free: 10n * NEAR - SESSION_STORAGE,
  })
  expect(await wallet().provider(scene.alice.accountId)).toBe(null)
  expect(await wallet().session(scene.bob.accountId, scene.enclave.publicKey)).toBe(true)
  expect(await wallet().session(scene.bob.accountId, challenge)).toBe(false)
})

test('a channel opens, grows and closes; storage is attached and comes back', async () => {
  await hosting()
  const { events } = await wallet().open(opening(NEAR))
  expect(events).toMatchObject([
    {
      contractId: scene.contract,
      standard: 'dcml_model',
      version: '1.0.0',
      event: 'channel_opened',
      data: { channel_id: '1', payer: scene.alice.accountId, challenge: toHex(challenge), deposited: `${NEAR}` },
    },
  ])
  expect(totals()).toMatchObject({ storage: `${CHANNEL_STORAGE + PROVIDER_STORAGE + SESSION_STORAGE}` })
  await wallet().topUp(1n, NEAR)
  expect(await wallet().channel(1n)).toBe('open')
  expect(await openChannels(scene.near, scene.contract)).toMatchObject([
    { channelId: 1n, deposited: 2n * NEAR, prices, closing: null },
  ])

  const earned = sharesOf(prices, { promptTokens: 0n, completionTokens: 50_000n })
  const owners = await gained(scene.treasury, async () => {
    const back = await gained(scene.alice, () => wallet().close(approvalFor(scene, 1n, 50_000n)))
    const due = 2n * NEAR - earned.spent + CHANNEL_STORAGE
    expect(back <= due && back > due - GAS).toBe(true)
  })
  expect(owners).toBe(earned.owner)
  expect(await wallet().channel(1n)).toBe(null)
  expect(await openChannels(scene.near, scene.contract)).toEqual([])
})

test('a forced closure attaches the fee, and makes the payer whole when nobody answers', async () => {
  await hosting()
  const paid = await gained(scene.alice, async () => {
    await wallet().open(opening(NEAR))
    expect((await wallet().startClose(1n)).events).toMatchObject([
      { event: 'close_started', data: { fee: `${10n ** 21n}` } },
    ])
    expect(await wallet().channel(1n)).toBe('closing')
    scene.chain.advanceTime(PERIOD_MS)
    expect((await wallet().finishClose(1n)).events).toMatchObject([{ event: 'channel_forfeited' }])
  })
  expect(paid < 0n && paid > -GAS).toBe(true)
})

test('an opening is proven to an enclave from where its light client stands', async () => {
  await hosting()
  const { chain, near, contract } = scene
  const answer = await near.request('next_light_client_block', {
    last_block_hash: (await chain.rpc<{ header: { hash: string } }>('block', { block_id: 0 })).header.hash,
  })
  const genesis = parseLightClientBlock(answer)
  const from = trustBlock(genesis, { hash: chain.head.header.lastFinalBlock, producers: genesis.nextBps })
  const call = await wallet().open(opening(NEAR))
  const bundle = JSON.parse(JSON.stringify(await wallet().prove(call, from)))
  expect(bundle.from).toBe(from.headHash)

  let state = from
  for (const block of bundle.blocks) {
    const verdict = await advance(state, parseLightClientBlock(block))
    if (!verdict.ok) throw verdict.error
    state = verdict.state
  }
  const now = new Date(Number(chain.head.header.timestamp / 1_000_000n))
  const options = {
    contract,
    standard: 'dcml_model',
    event: 'channel_opened',
    state,
    now,
    maxHeadAge: 60_000,
    maxEventAge: 60_000,
  }
  expect(verifyEvent(parseEventProof(bundle.proof), options)).toMatchObject({
    ok: true,
    event: { data: { channel_id: '1', session_key: toHex(scene.enclave.publicKey) } },
  })
})

test('a channel is opened once, though the answer was lost', async () => {
  await hosting()
  const signed: string[] = []
  let left = 2
  const line = await badLine(scene.url, (method) => (method === 'send_tx' && left-- > 0 ? 'lose-answer' : 'pass'))
  const lossy = modelWallet({
    near: connectNear({ networkId: scene.near.networkId, nodes: line.url }),
    account: asNear(scene.alice),
    contract: scene.contract,
    onSigned: ({ hash }) => void signed.push(hash),
  })
  expect(await lossy.open(opening(NEAR))).toMatchObject({ hash: signed[0], events: [{ data: { channel_id: '1' } }] })
  expect(signed).toHaveLength(1)
  expect(totals()).toMatchObject({ deposited: `${NEAR}` })
  line.close()
})

test('a host registers, changes its offer, moves collateral, and leaves with everything', async () => {
  expect(await host().overview()).toBe(null)
  await expect(host().update({ hostInput: 1n })).rejects.toMatchObject({ code: 'provider_unknown' })
  const cost = await gained(scene.bob, async () => {
    await host().register({ ...offer, collateral: NEAR })
    await host().deposit(3n * NEAR)
    await host().withdraw(NEAR)
    await host().admit(scene.enclave.publicKey)
    await host().update({ hostInput: 5n, porAccount: 'por.near' })
    await wallet().open(opening(NEAR))
    expect(await host().overview()).toMatchObject({
      ...offer,
      hostInput: 5n,
      porAccount: 'por.near',
      free: 2n * NEAR - SESSION_STORAGE,
      locked: NEAR,
      sessions: 1,
      channels: [{ channelId: 1n, payer: scene.alice.accountId, deposited: NEAR }],
    })
    expect((await host().overview({ first: 2n }))?.channels).toEqual([])
    await expect(host().leave()).rejects.toThrow('channels lock')
    await wallet().close(approvalFor(scene, 1n, 0n))
    await host().dismiss(scene.enclave.publicKey)
    await host().leave()
  })
  expect(cost < 0n && cost > -GAS).toBe(true)
  expect(Object.values(totals()).every((amount) => amount === '0')).toBe(true)
})

test('a contract is checked before money goes there: its code, and who could change it', async () => {
  const { chain, near, contract, bob } = scene
  const verdicts = async (of: string) => (await checkModelContract(near, of)).map(({ name, status }) => [name, status])
  // deployed with a key that is still there
  expect(await verdicts(contract)).toEqual([
    ['code', 'pass'],
    ['immutable', 'fail'],
  ])
  expect(await verdicts(bob.accountId)).toEqual([
    ['code', 'fail'],
    ['immutable', 'fail'],
  ])
  const model = chain.account(contract)
  const publicKey = model.key.publicKey
  const call = { type: 'FunctionCall', receiverId: contract, allowance: null, methodNames: [] } as const
  const other = bob.key.publicKey
  model.send(contract, [
    { type: 'AddKey', publicKey: other, accessKey: { nonce: 0n, permission: call } },
    { type: 'DeleteKey', publicKey },
  ])
  expect(await verdicts(contract)).toEqual([
    ['code', 'pass'],
    ['immutable', 'pass'],
  ])

  // a node of tomorrow: a kind of key that is not known to be restricted counts as able to
  const tomorrow: Near = {
    ...near,
    request: async (method, params, options) =>
      (params as { request_type: string }).request_type === 'view_access_key_list'
        ? { keys: [{ access_key: { nonce: 0, permission: { GasKeyFullAccess: {} } } }] }
        : near.request(method, params, options),
  }
  expect(await checkModelContract(tomorrow, contract)).toMatchObject([{ status: 'pass' }, { status: 'fail' }])
})
