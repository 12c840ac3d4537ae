import { EDGE_STORAGE, LINK_STORAGE, NODE_STORAGE, porChain } from '@dcml/near/por'
import { closeOffer, type EdgeParams, edgeUpdate, porVoucher, severCert, sign } from '@dcml/protocol/por'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import {
  CHALLENGE_MS,
  connect,
  NEAR,
  NOTICE_MS,
  PARAMS,
  type Party,
  PENALTY,
  type PorScene,
  register,
  startPor,
  WINDOW_MS,
} from './por-scene.ts'

let scene: PorScene
let clean: number
let alice: Party
let bob: Party
let carol: Party
beforeAll(async () => {
  scene = await startPor()
  ;[alice, bob, carol] = ['alice', 'bob', 'carol'].map((name) => scene.party(name)) as [Party, Party, Party]
  clean = scene.chain.snapshot()
})
beforeEach(() => scene.chain.revert(clean))
afterAll(() => scene.stop())

const certOf = (edgeId: bigint, by: Party) => sign(severCert, scene.here, { edgeId }, by.key)
/** Makes what happened final, and covered by proofs. */
const settle = () => scene.chain.mine(5)
const totals = () => scene.chain.account(scene.contract).view<Record<string, string>>('totals')

test('an operator registers, opens an edge and confirms it: bonds and storage are attached', async () => {
  await register([alice, bob])
  expect(await alice.account.node()).toEqual({
    account: alice.id,
    key: alice.key.publicKey,
    endpoint: '',
    stake: 10n * NEAR,
    isolatedSince: null,
  })
  expect(await carol.account.node()).toBe(null)
  const edgeId = await connect(scene, alice, bob)
  await alice.account.deposit(edgeId, NEAR)
  await alice.account.addStake(NEAR)
  await bob.account.update({ endpoint: '127.0.0.1:4000' })
  expect(await bob.account.edges()).toMatchObject([
    { id: edgeId, u: alice.id, v: bob.id, params: PARAMS, status: 'active', depositU: 2n * NEAR, depositV: NEAR },
  ])
  expect(totals()).toMatchObject({
    stakes: `${21n * NEAR}`,
    bonds: `${2n * PENALTY}`,
    deposits: `${3n * NEAR}`,
    storage: `${2n * NODE_STORAGE + EDGE_STORAGE + 2n * LINK_STORAGE}`,
  })
  expect(await alice.account.rules()).toMatchObject({ penalty: PENALTY, closeNoticeMs: BigInt(NOTICE_MS) })
})

test('terms that the peer did not agree to are not confirmed, and an offer can be taken back', async () => {
  await register([alice, bob])
  const { edgeId } = await alice.account.openEdge({ peer: bob.id, params: PARAMS, deposit: 0n })
  expect(await bob.account.edges()).toEqual([])
  expect(await bob.account.edge(edgeId)).toMatchObject({ u: alice.id, v: bob.id, params: PARAMS, status: 'pending' })
  expect(await bob.account.edge(edgeId + 1n)).toBe(null)
  const other: EdgeParams = { ...PARAMS, latency: 1 }
  await expect(bob.account.confirmEdge(edgeId, { params: other, deposit: 0n })).rejects.toMatchObject({
    code: 'near_transaction_failed',
    message: expect.stringContaining('other terms'),
  })
  await alice.account.cancelEdge(edgeId)
  expect(await alice.account.edges()).toEqual([])
  expect(totals()).toMatchObject({ bonds: '0', deposits: '0' })
})

test('the graph at a block, and from there what happened: both come to the same', async () => {
  await register([alice, bob, carol])
  const first = await connect(scene, alice, bob)
  settle()
  const reader = porChain({ near: scene.near, contract: scene.contract })
  const before = await reader.graph()
  expect(before.nodes.map(({ account }) => account)).toEqual([alice.id, bob.id, carol.id])
  expect(before.edges.map(({ id, status }) => [id, status])).toEqual([[first, 'active']])

  const second = await connect(scene, bob, carol)
  await alice.chain.sever(certOf(first, bob))
  await carol.account.update({ endpoint: '127.0.0.1:9' })
  settle()
  const { changes, height } = await reader.changes(before.height)
  const nodes = new Map(before.nodes.map((node) => [node.account, node]))
  const edges = new Map(before.edges.map((edge) => [edge.id, edge]))
  for (const change of changes)
    if (change.kind === 'node') nodes.set(change.node.account, change.node)
    else if (change.kind === 'edge') edges.set(change.edge.id, change.edge)
  expect(edges.get(second)?.status).toBe('active')
  const after = await reader.graph()
  expect({ nodes: [...nodes.values()], edges: [...edges.values()] }).toEqual({ nodes: after.nodes, edges: after.edges })
  expect(height <= after.height).toBe(true)
  expect((await reader.changes(height)).changes).toEqual([])
  expect(await reader.changes(after.height + 1000n)).toEqual({ changes: [], height: after.height + 1000n })
})

test('terms that hold from a later block on are told when it comes, each time that is asked for', async () => {
  await register([alice, bob])
  const edgeId = await connect(scene, alice, bob)
  settle()
  const { height } = await alice.chain.graph()
  const params: EdgeParams = { ...PARAMS, baseCost: 7n }
  const effectiveFrom = BigInt(scene.chain.head.header.height) + 30n
  const update = { edgeId, revision: 1, params, effectiveFrom }
  const signed = [alice, bob].map(({ key }) => sign(edgeUpdate, scene.here, update, key))
  await carol.chain.updateEdge(signed[0]!, signed[1]!)
  settle()
  const told = await alice.chain.changes(height)
  expect(told.changes).toMatchObject([{ kind: 'edge', edge: { id: edgeId, params: PARAMS } }])
  scene.chain.mine(40)
  for (let again = 0; again < 2; again++)
    expect((await alice.chain.changes(told.height)).changes).toMatchObject([
      { kind: 'edge', edge: { id: edgeId, params, status: 'active' } },
    ])
  const later = await alice.chain.changes(told.height)
  expect((await alice.chain.changes(later.height)).changes).toEqual([])
  expect((await alice.chain.graph()).edges).toMatchObject([{ params }])
  // brought again, it is done
  await bob.chain.updateEdge(signed[0]!, signed[1]!)
})

test('a cut is carried out by whoever has it, once; done already is done', async () => {
  await register([alice, bob])
  const edgeId = await connect(scene, alice, bob)
  const cert = certOf(edgeId, bob)
  const forged = { ...cert, signature: cert.signature.with(0, cert.signature[0]! ^ 1) }
  await expect(carol.chain.sever(forged)).rejects.toMatchObject({
    code: 'por_refused',
    message: expect.stringContaining('signature'),
  })
  await expect(carol.chain.sever(certOf(edgeId, carol))).rejects.toMatchObject({ code: 'por_foreign' })
  const before = carol.dev.balance
  await carol.chain.sever(cert)
  expect(carol.dev.balance > before - NEAR / 100n).toBe(true)
  for (const party of [alice, bob, carol]) await party.chain.sever(certOf(edgeId, alice))
  expect(totals()).toMatchObject({ bonds: `${PENALTY}` })
  expect((await alice.account.edges())[0]).toMatchObject({ status: 'severed' })
  const unsigned = porChain({ near: scene.near, contract: scene.contract })
  await expect(unsigned.sever(cert)).rejects.toMatchObject({ code: 'por_account_missing' })
})

test('two who sever at once both succeed', async () => {
  await register([alice, bob])
  const edgeId = await connect(scene, alice, bob)
  await Promise.all([alice.chain.sever(certOf(edgeId, alice)), bob.chain.sever(certOf(edgeId, bob))])
  expect((await alice.account.edges())[0]).toMatchObject({ status: 'severed' })
})

test('vouchers and settlement: the edge pays out by the best voucher, and asking again is done', async () => {
  await register([alice, bob])
  const edgeId = await connect(scene, alice, bob)
  const voucher = sign(porVoucher, scene.here, { edgeId, seq: 1n, total: NEAR / 4n }, alice.key)
  await expect(bob.chain.submitVoucher(voucher)).rejects.toMatchObject({ code: 'por_refused' })
  await expect(bob.chain.settle(edgeId)).rejects.toMatchObject({ code: 'por_refused' })
  await alice.chain.startClose(edgeId)
  await bob.chain.startClose(edgeId)
  for (const party of [bob, carol]) await party.chain.submitVoucher(voucher)
  const unspent = bob.dev.balance
  await expect(bob.chain.settle(edgeId)).rejects.toMatchObject({ code: 'por_too_early' })
  expect(bob.dev.balance).toBe(unspent)
  scene.chain.advanceTime(NOTICE_MS + CHALLENGE_MS)
  scene.chain.mine(1)
  const before = bob.dev.balance
  await carol.chain.settle(edgeId)
  const gained = bob.dev.balance - before
  expect(gained).toBe(NEAR + NEAR / 4n + PENALTY + LINK_STORAGE)
  await alice.chain.settle(edgeId)
  await bob.chain.submitVoucher(voucher)
  await alice.chain.sever(certOf(edgeId, alice))
  expect(totals()).toMatchObject({ bonds: '0', deposits: '0' })
})

test('both ends agree on balances: paid after the notice, and asking again is done', async () => {
  await register([alice, bob])
  const edgeId = await connect(scene, alice, bob)
  const offer = { edgeId, balanceU: NEAR / 2n, balanceV: 2n * NEAR - NEAR / 2n, notBefore: 0n }
  const [byU, byV] = [alice, bob].map(({ key }) => sign(closeOffer, scene.here, offer, key))
  await expect(carol.chain.cooperativeClose(byU!, byV!)).rejects.toMatchObject({ code: 'por_refused' })
  await alice.chain.startClose(edgeId)
  await expect(carol.chain.cooperativeClose(byU!, byV!)).rejects.toMatchObject({ code: 'por_too_early' })
  scene.chain.advanceTime(NOTICE_MS)
  scene.chain.mine(1)
  const before = bob.dev.balance
  for (let again = 0; again < 2; again++) await carol.chain.cooperativeClose(byU!, byV!)
  expect(bob.dev.balance - before).toBe(offer.balanceV + PENALTY + LINK_STORAGE)
})

test('a node without an edge is proven cut off; it pays its neighbour back, and reconnects', async () => {
  await register([alice, bob, carol])
  const [kept, cut] = [await connect(scene, alice, bob), await connect(scene, bob, carol)]
  const proof = { cut: [carol.id], witness: [alice.id, bob.id], tree: [kept] }
  await expect(alice.chain.reportPartition(proof)).rejects.toMatchObject({
    code: 'por_refused',
    message: expect.stringContaining('connects'),
  })
  await bob.chain.sever(certOf(cut, bob))
  expect(await alice.chain.disconnectedSince(carol.id)).toBe(null)
  for (let again = 0; again < 2; again++) await alice.chain.reportPartition(proof)
  const since = await alice.chain.disconnectedSince(carol.id)
  expect(since).toBe((await carol.account.node())?.isolatedSince)
  expect(since).not.toBe(null)
  const before = bob.dev.balance
  await alice.account.claimReimbursement(cut)
  expect(bob.dev.balance - before >= PENALTY / 2n).toBe(true)

  const back = await connect(scene, bob, carol)
  await carol.account.reportReconnect([back])
  expect(await alice.chain.disconnectedSince(carol.id)).toBe(null)
})

test('a penalty that nobody claims ends, and a node leaves with its stake', async () => {
  await register([alice, bob])
  const edgeId = await connect(scene, alice, bob)
  await alice.chain.sever(certOf(edgeId, alice))
  scene.chain.advanceTime(WINDOW_MS + CHALLENGE_MS)
  await alice.account.settle(edgeId)
  await alice.account.releaseEscrow(edgeId)
  const before = alice.dev.balance
  settle()
  const { height } = await bob.chain.graph()
  await alice.account.withdrawStake()
  expect(alice.dev.balance - before > 9n * NEAR).toBe(true)
  settle()
  expect((await bob.chain.changes(height)).changes).toEqual([{ kind: 'gone', account: alice.id }])
})

/** 26 nodes in a chain that is cut off, of one NEAR each, against three of ten. */
async function longProof() {
  const members = Array.from({ length: 26 }, (_, n) => scene.party(`m${n}`))
  await register([alice, bob, carol])
  await register(members, NEAR)
  const tree = [await connect(scene, alice, bob), await connect(scene, bob, carol)]
  for (let n = 1; n < members.length; n++) await connect(scene, members[n - 1]!, members[n]!)
  return { members, tree, witness: [alice.id, bob.id, carol.id] }
}

test('a long proof goes in chunks, and its storage comes back', async () => {
  const { members, tree, witness } = await longProof()
  // in an order in which no node hangs on the one before it
  const cut = members.map(({ id }) => id).toSorted((a, b) => (a < b ? 1 : -1))
  const { storage } = totals()
  await alice.chain.reportPartition({ cut, witness, tree })
  for (const { id } of members) expect(await bob.chain.disconnectedSince(id)).not.toBe(null)
  expect(totals().storage).toBe(storage)
  const { balance } = bob.dev
  await bob.chain.reportPartition({ cut, witness, tree })
  expect(bob.dev.balance).toBe(balance)
})

test('a long proof that is none costs no storage, whenever the contract refuses it', async () => {
  const { members, tree, witness } = await longProof()
  const cut = members.map(({ id }) => id)
  const { storage } = totals()
  const weak = { cut, witness: [alice.id, bob.id], tree: tree.slice(0, 1) }
  await expect(bob.chain.reportPartition(weak)).rejects.toMatchObject({
    code: 'por_refused',
    message: expect.stringContaining('no more than'),
  })
  await connect(scene, carol, members[25]!)
  for (const wrong of [
    { cut, witness, tree },
    { cut, witness, tree: tree.toReversed() },
  ])
    await expect(bob.chain.reportPartition(wrong)).rejects.toMatchObject({ code: 'por_refused' })
  expect(totals().storage).toBe(`${BigInt(storage ?? 0) + EDGE_STORAGE + 2n * LINK_STORAGE}`)
})
