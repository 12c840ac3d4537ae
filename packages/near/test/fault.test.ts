import { createHash } from 'node:crypto'
import type { DevAccount } from '@dcml/devchain'
import { modelProvider, modelWallet } from '@dcml/near/model'
import { signClosureRequest, utf8 } from '@dcml/protocol'
import {
  CLOSE_CHANNEL,
  CLOSE_CHANNEL_RESPONSE,
  CLOSE_CHANNEL_SERVICE,
  formatChannelClosing,
  porRequest,
  porResponse,
  requestHash,
  severCert,
  sign,
} from '@dcml/protocol/por'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { challenge, modelH, namedKey, openModel, prices } from './model-scene.ts'
import { connect, NEAR, type Party, type PorScene, register, startPor } from './por-scene.ts'
import { asNear } from './scene.ts'

let scene: PorScene
let clean: number
let contract: string
let treasury: DevAccount
let bob: Party
let relay: Party
let other: Party
let edges: readonly [bobs: bigint, relays: bigint]
const payer = namedKey('alice')
beforeAll(async () => {
  scene = await startPor()
  ;[bob, relay, other] = ['bob', 'relay', 'other'].map((name) => scene.party(name)) as [Party, Party, Party]
  const { root } = scene.chain
  const model = root.createAccount('model', { balance: 20n * NEAR })
  treasury = root.createAccount('owner')
  openModel(model, { owner: treasury, treasury, modelH })
  contract = model.accountId
  await register([bob, relay, other])
  edges = [await connect(scene, relay, bob), await connect(scene, relay, other)]
  const host = modelProvider({ near: scene.near, account: asNear(bob.dev), contract })
  const offer = { endpoint: '', hostInput: prices.hostInput, hostOutput: prices.hostOutput, porAccount: scene.contract }
  await host.register({ ...offer, collateral: 10n * NEAR })
  await host.admit(namedKey('enclave').publicKey)
  clean = scene.chain.snapshot()
})
beforeEach(() => scene.chain.revert(clean))
afterAll(() => scene.stop())

async function open() {
  const alice = scene.chain.root.createAccount('alice', { balance: 100n * NEAR })
  const wallet = modelWallet({ near: scene.near, account: asNear(alice), contract })
  const [sessionKey, deposit] = [namedKey('enclave').publicKey, 5n * NEAR]
  const opening = { provider: bob.id, challenge, sessionKey, payerKey: payer.publicKey, deposit, maxPrices: prices }
  await wallet.open(opening)
  return { wallet, alice, whole: 99n * NEAR }
}
const sha256 = (of: Uint8Array) => Uint8Array.from(createHash('sha256').update(of).digest())

/** What a host that says `reply` to a request to close has signed. */
async function evidence(seed: Uint8Array, reply: Uint8Array, status = 0) {
  const closure = await signClosureRequest({ ...scene.here, contract }, { channelId: 1n }, payer)
  const payload = formatChannelClosing({ seed, closure })
  const asked = {
    requestId: sha256(utf8('once')),
    requester: other.id,
    recipient: bob.id,
    recipientKey: bob.key.publicKey,
    payloadHash: sha256(payload),
    payloadLength: payload.length,
    maxResponse: CLOSE_CHANNEL_RESPONSE,
    lateRate: 1n,
    service: CLOSE_CHANNEL_SERVICE,
    app: CLOSE_CHANNEL,
  }
  const request = sign(porRequest, scene.here, asked, other.key)
  const said = {
    requestHash: requestHash(request.body),
    status,
    payloadHash: sha256(reply),
    payloadLength: reply.length,
  }
  return { request, response: sign(porResponse, scene.here, said, bob.key), payload, reply }
}

test('a host that is cut off: the wallet closes at once, the lock goes to the owner', async () => {
  const { wallet, alice, whole } = await open()
  const denied = await wallet.closeDisconnected(1n)
  expect(denied.events.at(-1)).toMatchObject({ event: 'fault_denied', data: { why: `${bob.id} is connected` } })
  await other.chain.sever(sign(severCert, scene.here, { edgeId: edges[0] }, relay.key))
  await other.chain.reportPartition({ cut: [bob.id], witness: [relay.id, other.id], tree: [edges[1]] })
  const before = treasury.balance
  const { events } = await wallet.closeDisconnected(1n)
  expect(events.map(({ event }) => event)).toEqual(['fault_asked', 'channel_forfeited'])
  expect(treasury.balance - before).toBe(5n * NEAR)
  expect(alice.balance > whole).toBe(true)
  expect(await wallet.channel(1n)).toBe(null)
})

test.each([
  ['words', utf8('not today'), 0],
  ['a failure', utf8('{"code":"channel_unknown"}'), 2],
  ['more than any approval has', new Uint8Array(100_000), 0],
] as const)('a host that signs %s: the wallet closes at once', async (_, reply, status) => {
  const { wallet, alice, whole } = await open()
  const seed = (await wallet.seed(1n))!
  const foreign = await evidence(new Uint8Array(32), reply, status)
  await expect(wallet.closeInvalidResponse(1n, foreign)).rejects.toThrow('about another opening')
  const { events } = await wallet.closeInvalidResponse(1n, await evidence(seed, reply, status))
  expect(events.map(({ event }) => event)).toEqual(['fault_asked', 'channel_forfeited'])
  expect(alice.balance > whole).toBe(true)
  expect(await wallet.seed(1n)).toBe(null)
})
