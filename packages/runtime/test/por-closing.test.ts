// Closing over Proof of Response, with both contracts, a paid enclave and its host's handlers (paper §6.2): the payer
// needs no challenge period, whatever the host does.
import { createHash } from 'node:crypto'
import { development } from '@dcml/attestation'
import { closeOverPor, createClient, memoryChannel, type PorReply, type PorRequester } from '@dcml/client'
import { accountFromKey } from '@dcml/near'
import { fetchOpening, model, modelProvider, modelWallet } from '@dcml/near/model'
import { porAccount, porChain } from '@dcml/near/por'
import { utf8 } from '@dcml/protocol'
import { porRequest, porResponse, requestHash, sign } from '@dcml/protocol/por'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPor } from '../../near/test/por-scene.ts'
import { type PorHandler, runtimeHandlers } from '../src/index.ts'
import { simulator } from './harness.ts'
import { costOf, NEAR, namedKey, type PaidRuntime, type PaidScene, prices, servePaid, startScene } from './paid.ts'
import { about, chatOf } from './por.ts'

let scene: PaidScene
let paid: PaidRuntime
let por: string
const key = namedKey('node of bob')
beforeAll(async () => {
  scene = await startScene()
  const { chain, near, contract, bob } = scene
  const network = chain.root.createAccount('por', { balance: 50n * NEAR })
  openPor(network, scene.treasury.accountId)
  por = network.accountId
  for (const [dev, publicKey, stake] of [
    [bob, key.publicKey, 2n * NEAR],
    [scene.alice, namedKey('node of alice').publicKey, 3n * NEAR],
  ] as const)
    await porAccount({ near, contract: por, account: signerOf(dev) }).register({ key: publicKey, endpoint: '', stake })
  const { hostInput, hostOutput } = prices
  const offer = { endpoint: 'https://bob.example', hostInput, hostOutput, porAccount: por }
  await modelProvider({ near, account: signerOf(bob), contract }).register({ ...offer, collateral: 1000n * NEAR })
  paid = await servePaid(scene)
  await model(near, contract).set_images(
    { image_hs: [paid.runtime.imageH] },
    { account: signerOf(chain.account('charlie.test.near')) },
  )
})
afterAll(async () => {
  await paid[Symbol.asyncDispose]()
  await scene.stop()
})

const signerOf = ({ accountId, key }: PaidScene['bob']) => accountFromKey(accountId, key.secretKey)
const sha256 = (of: Uint8Array) => Uint8Array.from(createHash('sha256').update(of).digest())

/** The nodes of Alice and Bob, with nothing between. @param bob null while he is silent */
function network(bob: PorHandler | null): PorRequester {
  const here = { networkId: scene.chain.settings.chainId, contract: por }
  const ask: PorRequester['request'] = async (target, payload, { app, service = 0, maxResponse }) => {
    if (bob === null) return { broken: null }
    const asked = {
      requestId: sha256(utf8(`${Math.random()}`)),
      requester: scene.alice.accountId,
      recipient: target,
      recipientKey: key.publicKey,
      payloadHash: sha256(payload),
      payloadLength: payload.length,
      maxResponse,
      lateRate: 1n,
      service,
      app,
    }
    const request = sign(porRequest, here, asked, namedKey('node of alice'))
    const hash = requestHash(request.body)
    const { status, payload: said } = await bob(payload, { ...about, requestHash: hash })
    const fields = { requestHash: hash, status, payloadHash: sha256(said), payloadLength: said.length }
    const response: PorReply = {
      status,
      payload: said,
      proof: { request, response: sign(porResponse, here, fields, key) },
    }
    return { response }
  }
  return {
    request: ask,
    async isolate(...asked) {
      const answer = await ask(...asked)
      if ('response' in answer) return answer
      // Bob has no edge left: two nodes, and the one with more stake says so
      const chain = porChain({ near: scene.near, contract: por, account: signerOf(scene.alice) })
      const [account, alice] = [scene.bob.accountId, scene.alice.accountId]
      await chain.reportPartition({ cut: [account], witness: [alice], tree: [] })
      return { disconnected: { account, since: await chain.disconnectedSince(account) } }
    },
  }
}

/** A channel on which some tokens were bought. */
async function bought() {
  const store = memoryChannel()
  const wallet = modelWallet({ near: scene.near, account: signerOf(scene.alice), contract: scene.contract })
  const client = createClient({ endpoint: paid.runtime.url, policy: development(), roots: [simulator.rootDer] })
  const limits = { deposit: NEAR, perRequestLimit: costOf(2000, 2000), step: costOf(0, 4) }
  const payer = await client.pay({ wallet, store, provider: scene.bob.accountId, ...limits })
  const { body } = chatOf('count to 6', { max_tokens: 9 })
  const answer = await client.fetch('/v1/chat/completions', { method: 'POST', body })
  const { usage } = (await answer.json()) as { usage: { prompt_tokens: number } }
  await payer.release()
  client.close()
  return { store, wallet, spent: costOf(usage.prompt_tokens, 6), maxCost: 1n, budget: 30_000 }
}
const handler = () =>
  runtimeHandlers({
    runtime: paid.runtime.url,
    proveOpening: (opening, from, signal) => fetchOpening(scene.near, { ...opening, from, signal }),
  })['dcml/close-channel']!
/** What the owner's treasury gains, less what others have put there. */
const gained = async (act: () => Promise<unknown>): Promise<bigint> => {
  const before = scene.treasury.balance
  await act()
  return scene.treasury.balance - before
}

test('an honest host approves, and is paid', async () => {
  const { spent, ...options } = await bought()
  const closure = await closeOverPor({ ...options, requester: network(handler()) })
  expect(closure).toMatchObject({ way: 'approved', amounts: { deposited: NEAR, spent, settled: spent } })
})

test('a host that signs something else loses its lock at once', async () => {
  for (const answer of [
    { status: 0, payload: utf8('not today') },
    { status: 2, payload: utf8('{"code":"channel_unknown"}') },
  ] as const) {
    const { spent, ...options } = await bought()
    const requester = network(async () => answer)
    const lock = await gained(async () =>
      expect(await closeOverPor({ ...options, requester })).toMatchObject({
        way: 'invalid-response',
        amounts: { deposited: NEAR, spent, settled: 0n },
      }),
    )
    expect(lock).toBe(NEAR)
  }
})

test('an approval of this channel is never held against the host, even by a payer who would like to', async () => {
  const { spent, ...options } = await bought()
  // the payer's own node garbles what the host signed, so that the client takes it for a fault
  const honest = network(handler())
  const requester: PorRequester = {
    ...honest,
    async request(...asked) {
      const answer = await honest.request(...asked)
      if (!('response' in answer)) return answer
      return { response: { ...answer.response, payload: utf8('garbled') } }
    },
  }
  await expect(closeOverPor({ ...options, requester })).rejects.toThrow(/reply/)
  expect(await closeOverPor({ ...options, requester: honest })).toMatchObject({
    way: 'approved',
    amounts: { settled: spent },
  })
})

test('a silent host is cut off, and loses its lock at once', async () => {
  const { spent, ...options } = await bought()
  const lock = await gained(async () =>
    expect(await closeOverPor({ ...options, requester: network(null) })).toMatchObject({
      way: 'disconnected',
      amounts: { deposited: NEAR, spent, settled: 0n },
    }),
  )
  expect(lock).toBe(NEAR)
  // a channel that is opened afterwards was opened with a host that is known to be cut off
  const later = await bought()
  await expect(closeOverPor({ ...later, requester: network(null) })).rejects.toMatchObject({
    code: 'channel_fault_denied',
  })
})
