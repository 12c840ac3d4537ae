import { expect, test } from 'vitest'
import { EDGE_STORAGE, LINK_STORAGE } from '../src/edge.ts'
import { GONE_STORAGE, NODE_STORAGE } from '../src/node.ts'
import { MARK_STORAGE, PROOF_STORAGE } from '../src/proof.ts'
import {
  BOUNTY,
  CHALLENGE,
  CONFIRMING,
  eventsOf,
  hashOf,
  NEAR,
  NOTICE,
  OPENING,
  PARAMS,
  PENALTY,
  paramsArgs,
  told,
  useCleanWorld,
  WINDOW,
  type World,
} from './world.ts'

let world: World
useCleanWorld((clean) => {
  world = clean
})

const HALF = PENALTY / 2n

test('a node registers, is told of, adds stake and leaves with all but the place of its name', () => {
  const { alice } = world.by
  const result = world.call(
    alice,
    'register_node',
    { key: alice.key.hex, endpoint: '[::1]:4000' },
    { deposit: 5n * NEAR + NODE_STORAGE },
  )
  const now = told(result).node.staked_at
  const node = {
    account: alice.id,
    key: alice.key.hex,
    endpoint: '[::1]:4000',
    stake: `${5n * NEAR}`,
    staked_at: now,
    version: '1',
    isolated_since: null,
    isolated_at: null,
  }
  expect(eventsOf(result)).toEqual([['node_changed', { cause: 'registered', node }]])
  expect(world.view('node', { account: alice.id })).toEqual(node)
  expect(world.view('node_key', { account: alice.id })).toBe(alice.key.hex)
  expect(world.view('nodes', { from: 0, limit: 10 })).toEqual({ nodes: [node], next: null })
  world.call(alice, 'add_stake', {}, { deposit: NEAR })
  world.call(alice, 'update_node', { endpoint: '' })
  expect(world.view('node', { account: alice.id })).toMatchObject({ stake: `${6n * NEAR}`, endpoint: '' })
  expect(world.held()).toMatchObject({ stakes: 6n * NEAR, storage: NODE_STORAGE })

  expect(world.refused(alice, 'withdraw_stake')).toMatch('stake can be withdrawn from')
  world.wait(WINDOW)
  expect(eventsOf(world.call(alice, 'withdraw_stake')).map(([event]) => event)).toEqual(['node_gone'])
  expect(world.view('node', { account: alice.id })).toBeNull()
  expect(world.view('nodes', { from: 0, limit: 10 })).toEqual({ nodes: [], next: null })
  expect(world.held()).toMatchObject({ stakes: 0n, storage: GONE_STORAGE })
  expect(world.surplus()).toBe(0n)

  // back under the same key: its old place counts
  const args = { key: alice.key.hex, endpoint: '' }
  world.call(alice, 'register_node', args, { deposit: NEAR + NODE_STORAGE - GONE_STORAGE })
  expect(world.held()).toMatchObject({ stakes: NEAR, storage: NODE_STORAGE })
})

test('an edge is opened, confirmed, used, closed with notice, settled by the best vouchers', () => {
  const { alice, bob } = world.by
  world.register(alice)
  world.register(bob)
  const id = world.edge(alice, bob, { depositU: 3n * NEAR, depositV: NEAR })
  expect(id).toBe(1n)
  expect(world.view('edge', { edge_id: id })).toMatchObject({
    u: alice.id,
    v: bob.id,
    status: 'active',
    deposit_u: `${3n * NEAR}`,
    params: { latency: '100' },
    revision: '0',
    next: null,
  })
  expect(world.view('edges_of', { account: bob.id })).toHaveLength(1)
  world.call(bob, 'deposit', { edge_id: id }, { deposit: NEAR })
  expect(world.refused(world.stranger, 'submit_voucher', world.voucher(id, alice, NEAR))).toBe('the edge is not ending')

  world.call(alice, 'start_close', { edge_id: id })
  world.call(world.stranger, 'submit_voucher', world.voucher(id, alice, 2n * NEAR, 7n))
  expect(world.call(bob, 'submit_voucher', world.voucher(id, alice, NEAR, 3n)).json()).toBe(false)
  world.call(bob, 'submit_voucher', world.voucher(id, bob, NEAR / 2n))
  world.wait(NOTICE)
  expect(world.refused(world.stranger, 'settle', { edge_id: id })).toMatch('the time for vouchers is not over')
  world.wait(CHALLENGE)
  const gains = world.gains([alice, bob], () => {
    const settled = world.call(world.stranger, 'settle', { edge_id: id })
    expect(eventsOf(settled).map(([event]) => event)).toEqual(['edge_changed', 'edge_paid'])
    expect(told(settled)).toMatchObject({ cause: 'settled', edge: { status: 'settled' } })
  })
  const storage = EDGE_STORAGE + LINK_STORAGE
  expect(gains).toEqual([(3n * NEAR) / 2n + PENALTY + storage, (7n * NEAR) / 2n + PENALTY + LINK_STORAGE])
  expect(world.view('edge', { edge_id: id })).toBeNull()
  expect(world.held()).toMatchObject({ deposits: 0n, bonds: 0n })
  expect(world.surplus()).toBe(0n)
  expect(world.edge(alice, bob)).toBe(2n)
})

test('both agree on the balances: paid after the notice, to the yocto, and not before the height they named', () => {
  const { alice, bob } = world.by
  world.register(alice)
  world.register(bob)
  const id = world.edge(alice, bob)
  const height = BigInt(world.chain.head.header.height) + 50n
  const offer = world.offer(id, alice, bob, NEAR / 4n, (7n * NEAR) / 4n, height)
  expect(world.refused(alice, 'cooperative_close', offer)).toBe('nobody announced the closure of this edge')
  world.call(bob, 'start_close', { edge_id: id })
  expect(world.refused(alice, 'cooperative_close', offer)).toBe('the notice is not over')
  world.wait(NOTICE)
  expect(world.refused(alice, 'cooperative_close', offer)).toBe(`not before block ${height}`)
  world.chain.fastForward(50)
  const other = world.offer(id, alice, bob, NEAR / 4n, (7n * NEAR) / 4n + 1n)
  expect(world.refused(alice, 'cooperative_close', other)).toMatch('the balances do not add up')
  const swapped = world.offer(id, bob, alice, NEAR / 4n, (7n * NEAR) / 4n, height)
  expect(world.refused(alice, 'cooperative_close', swapped)).toBe('the signatures are not those of both ends')
  const gains = world.gains([alice, bob], () => world.call(world.stranger, 'cooperative_close', offer))
  const storage = EDGE_STORAGE + LINK_STORAGE
  expect(gains).toEqual([NEAR / 4n + PENALTY + storage, (7n * NEAR) / 4n + PENALTY + LINK_STORAGE])
  expect(world.surplus()).toBe(0n)
})

test('a peer confirms the terms it knows, or nothing; an offer can be taken back', () => {
  const { alice, bob, carol } = world.by
  for (const party of [alice, bob, carol]) world.register(party)
  const args = { peer: bob.id, params: paramsArgs(PARAMS) }
  const id = BigInt(world.call(alice, 'open_edge', args, { deposit: NEAR + OPENING }).json<string>())
  const confirm = (params = PARAMS) => ({ edge_id: id, params_hash: hashOf(params) })
  const deposit = CONFIRMING
  expect(world.refused(bob, 'confirm_edge', confirm({ ...PARAMS, sync: 1 }), { deposit })).toMatch('other terms')
  expect(world.refused(carol, 'confirm_edge', confirm(), { deposit })).toBe(`only ${bob.id} may confirm`)
  expect(world.refused(bob, 'confirm_edge', confirm(), { deposit: deposit - 1n })).toMatch('attach at least')
  expect(world.refused(bob, 'cancel_edge', { edge_id: id })).toBe('only who opened the edge may cancel it')
  expect(world.view('edges_of', { account: bob.id })).toEqual([])
  const [back] = world.gains([world.por], () => world.call(alice, 'cancel_edge', { edge_id: id }))
  expect(back).toBe(-NEAR - OPENING)
  expect(world.refused(bob, 'confirm_edge', confirm(), { deposit })).toBe(`there is no edge ${id}`)
  expect(world.surplus()).toBe(0n)
})

test('new terms hold from the height that both signed, and revisions only grow', () => {
  const { alice, bob } = world.by
  world.register(alice)
  world.register(bob)
  const id = world.edge(alice, bob)
  const height = () => BigInt(world.chain.head.header.height)
  const from = height() + 60n
  const dearer = { ...PARAMS, baseCost: 7n * PARAMS.baseCost }
  expect(world.refused(alice, 'update_edge', world.update(id, alice, bob, 1, dearer, height() + 5n))).toMatch('notice')
  world.call(world.stranger, 'update_edge', world.update(id, alice, bob, 2, dearer, from))
  const cost = () => world.view<{ params: { base_cost: string } }>('edge', { edge_id: id }).params.base_cost
  expect(cost()).toBe(`${PARAMS.baseCost}`)
  expect(world.refused(alice, 'update_edge', world.update(id, alice, bob, 1, PARAMS, height() + 99n))).toBe(
    'revision 2 holds already',
  )
  world.chain.fastForward(60)
  expect(cost()).toBe(`${dearer.baseCost}`)
  expect(world.view('edge', { edge_id: id })).toMatchObject({ revision: '2', next: null })
})

test('the network cuts a silent node off: cut, proven, reimbursed, back', () => {
  const { alice, bob, carol, eve } = world.by
  for (const party of [alice, bob, carol, eve]) world.register(party)
  const tree = [world.edge(alice, bob), world.edge(bob, carol)]
  const dead = [world.edge(bob, eve), world.edge(carol, eve)]
  expect(world.refused(world.stranger, 'report_partition', args())).toMatch(`edge ${dead[0]} connects`)
  const paid = world.gains([world.stranger], () => world.sever(dead[0] as bigint, bob, world.by.dave))
  expect(paid).toEqual([0n])
  world.sever(dead[1] as bigint, carol)
  expect(world.held()).toMatchObject({ escrow: 2n * (PENALTY - BOUNTY), bonds: 6n * PENALTY })

  function args() {
    return { cut: [eve.id], witness: [alice.id, bob.id, carol.id], tree }
  }
  const reported = world.call(world.stranger, 'report_partition', args())
  const at = told(reported).node.isolated_at
  expect(eventsOf(reported)).toEqual([
    ['node_changed', { cause: 'isolated', node: expect.objectContaining({ isolated_since: at, isolated_at: at }) }],
  ])
  expect(world.stake(eve)).toBe((99n * NEAR) / 10n)
  expect(world.view('is_disconnected', { account: eve.id })).toMatchObject({ disconnected: true, since: at })
  expect(world.since(eve)).toBe(at)
  expect(world.since(bob)).toBeNull()

  const gains = world.gains([bob, eve], () =>
    world.call(world.stranger, 'claim_reimbursement', { edge_id: dead[0] as bigint }),
  )
  // bob has his bond whole; eve pays the penalty alone
  expect(gains).toEqual([PENALTY, 0n])
  expect(world.held().treasury).toBe(PENALTY - BOUNTY + NEAR / 10n)

  const again = world.edge(bob, eve)
  world.call(world.stranger, 'report_reconnect', { account: eve.id, path: [again] })
  expect(world.since(eve)).toBeNull()
  expect(world.surplus()).toBe(0n)
})

test('nobody was cut off: after its window the penalty is the treasury’s, and each end bore its half', () => {
  const { alice, bob } = world.by
  world.register(alice)
  world.register(bob)
  const id = world.edge(alice, bob)
  world.sever(id, alice)
  world.call(bob, 'submit_voucher', world.voucher(id, alice, NEAR / 2n))
  expect(world.refused(world.stranger, 'claim_reimbursement', { edge_id: id })).toMatch('not exactly one')
  world.wait(CHALLENGE)
  const balances = world.gains([alice, bob], () => world.call(world.stranger, 'settle', { edge_id: id }))
  expect(balances).toEqual([NEAR / 2n + EDGE_STORAGE, (3n * NEAR) / 2n])
  expect(world.refused(alice, 'release_escrow', { edge_id: id })).toMatch('held until its window is over')
  world.wait(WINDOW - CHALLENGE)
  const bonds = world.gains([alice, bob], () => world.call(world.stranger, 'release_escrow', { edge_id: id }))
  expect(bonds).toEqual([HALF + LINK_STORAGE, HALF + LINK_STORAGE])
  const [treasury] = world.gains([world.treasury], () =>
    world.call(world.stranger, 'collect_owed', { account: world.treasury.accountId }),
  )
  expect(treasury).toBe(PENALTY - BOUNTY)
  for (const party of [alice, bob]) world.call(party, 'withdraw_stake')
  expect(world.held()).toMatchObject({ stakes: 0n, deposits: 0n, bonds: 0n, escrow: 0n, storage: 2n * GONE_STORAGE })
  expect(world.surplus()).toBe(0n)
})

test('an account that is gone when it is paid is owed, and holds up nobody', () => {
  const { alice, bob } = world.by
  world.register(alice)
  world.register(bob)
  const id = world.edge(alice, bob)
  world.call(alice, 'start_close', { edge_id: id })
  world.wait(NOTICE + CHALLENGE)
  alice.account.send(alice.id, [{ type: 'DeleteAccount', beneficiaryId: bob.id }])
  const [bobs] = world.gains([bob], () => world.call(world.stranger, 'settle', { edge_id: id }, { mayFail: true }))
  expect(bobs).toBe(NEAR + PENALTY + LINK_STORAGE)
  const owed = NEAR + PENALTY + EDGE_STORAGE + LINK_STORAGE
  expect(world.view('owed_of', { account: alice.id })).toBe(`${owed}`)
  expect(world.surplus()).toBe(0n)
  world.chain.root.createAccount('alice', { balance: NEAR })
  world.call(world.stranger, 'collect_owed', { account: alice.id })
  expect(world.chain.account(alice.id).balance).toBe(NEAR + owed)
  expect(world.surplus()).toBe(0n)
})

test('both ends are gone when they are paid: both are owed, with the gas that a call brings', () => {
  const { alice, bob, carol } = world.by
  for (const party of [alice, bob]) world.register(party)
  const id = world.edge(alice, bob)
  world.call(alice, 'start_close', { edge_id: id })
  world.wait(NOTICE + CHALLENGE)
  for (const party of [alice, bob]) party.account.send(party.id, [{ type: 'DeleteAccount', beneficiaryId: carol.id }])
  world.call(world.stranger, 'settle', { edge_id: id }, { mayFail: true })
  expect(world.held().owed).toBe(2n * (NEAR + PENALTY + LINK_STORAGE) + EDGE_STORAGE)
  expect(world.surplus()).toBe(0n)
})

test('a partition too long for one call is proven in chunks, as of one moment', () => {
  const { alice, bob, carol, dave, eve, whale } = world.by
  for (const party of [alice, bob, carol, dave]) world.register(party)
  for (const party of [eve, whale]) world.register(party, 6n * NEAR)
  const tree = [world.edge(alice, bob), world.edge(bob, carol)]
  world.edge(eve, whale)
  const dead = world.edge(carol, eve)
  world.sever(dead, carol)
  const room = 5n
  const deposit = PROOF_STORAGE + room * MARK_STORAGE
  const id = world.call(dave, 'start_partition', {}, { deposit }).json<string>()
  const step = (method: string, args: object) => world.call(dave, method, { proof_id: id, ...args })
  step('collect_partition', { cut: [eve.id], witness: [alice.id, bob.id], tree: [tree[0]] })
  step('collect_partition', { cut: [whale.id], witness: [carol.id], tree: [tree[1]] })
  const checked = step('check_partition', { cut: [eve.id], witness: [bob.id] })
  const { at } = told(checked)
  expect(world.refused(dave, 'finish_partition', { proof_id: id, accounts: [eve.id] })).toBe(
    '3 nodes are to be checked first',
  )
  step('check_partition', { cut: [whale.id], witness: [carol.id, alice.id] })
  expect(world.call(world.stranger, 'finish_partition', { proof_id: id, accounts: [eve.id] }).json()).toBe('1')
  expect(world.since(eve)).toBe(at)
  expect(world.since(whale)).toBeNull()
  const [back] = world.gains([dave], () =>
    world.call(world.stranger, 'finish_partition', { proof_id: id, accounts: [whale.id] }),
  )
  expect(back).toBe(deposit)
  expect(world.since(whale)).toBe(at)
  // both answer for the edge that was cut from one of them
  expect(world.stake(whale)).toBe((594n * NEAR) / 100n)
  expect(world.surplus()).toBe(0n)
})
