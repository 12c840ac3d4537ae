import { expect, test } from 'vitest'
import { LINK_STORAGE } from '../src/edge.ts'
import { MARK_STORAGE, PROOF_STORAGE } from '../src/proof.ts'
import { checkRules } from '../src/rules.ts'
import { Key } from './key.ts'
import {
  ACTIVATION,
  CHALLENGE,
  eventsOf,
  MIN_STAKE,
  NEAR,
  NOTICE,
  PENALTY,
  told,
  useCleanWorld,
  WINDOW,
  type World,
} from './world.ts'

let world: World
useCleanWorld((clean) => {
  world = clean
})

/** Bob and carol hang on alice, who outweighs them. */
function star(): { bobs: bigint; carols: bigint } {
  const { alice, bob, carol } = world.by
  world.register(alice, 500n * NEAR)
  for (const party of [bob, carol]) world.register(party)
  return { bobs: world.edge(alice, bob), carols: world.edge(alice, carol) }
}

test('a payer cannot leave, and its key with it, before its vouchers are paid: also not once the penalty is claimed', () => {
  const { bobs } = star()
  const { alice, bob, carol } = world.by
  world.wait(WINDOW)
  const voucher = world.voucher(bobs, bob, NEAR)
  // bob owes alice all it has on the edge, falls silent and has himself proven to be cut off
  world.sever(bobs, bob)
  world.report([bob], [alice])
  world.call(bob, 'claim_reimbursement', { edge_id: bobs })
  const friend = world.edge(bob, carol)
  world.call(bob, 'report_reconnect', { account: bob.id, path: [friend] })
  world.call(carol, 'start_close', { edge_id: friend })
  world.wait(NOTICE)
  world.call(bob, 'cooperative_close', world.offer(friend, bob, carol, NEAR, NEAR))
  expect(world.refused(bob, 'withdraw_stake')).toBe('you have edges, or penalties in escrow')

  expect(world.call(alice, 'submit_voucher', voucher).json()).toBe(true)
  world.wait(CHALLENGE)
  const gains = world.gains([alice, bob], () => world.call(world.stranger, 'settle', { edge_id: bobs }))
  expect(gains[0]).toBeGreaterThan(2n * NEAR)
  // the place of the links came back with the last of the two
  expect(gains[1]).toBe(LINK_STORAGE)
  world.call(bob, 'withdraw_stake')
  expect(world.surplus()).toBe(0n)
})

test('whose penalty was claimed is not slashed for that cut as well', () => {
  const { bobs } = star()
  const { alice, bob, whale } = world.by
  world.sever(bobs, bob)
  world.report([bob], [alice])
  world.call(bob, 'claim_reimbursement', { edge_id: bobs })
  world.register(whale, 900n * NEAR)
  world.report([alice, world.by.carol], [whale])
  expect(world.stake(alice)).toBe(500n * NEAR)
})

test('nobody can be kept from leaving by being reported whenever its last edge is gone', () => {
  const { bobs } = star()
  const { alice, bob } = world.by
  world.call(bob, 'start_close', { edge_id: bobs })
  const { node } = told(world.report([bob], [alice]))
  world.wait(NOTICE + CHALLENGE)
  world.call(bob, 'settle', { edge_id: bobs })
  expect(world.refused(bob, 'withdraw_stake')).toMatch('stake can be withdrawn from')
  world.wait(WINDOW)
  const left = world.call(bob, 'withdraw_stake')
  expect(eventsOf(left).at(-1)).toEqual(['node_gone', { account: bob.id, since: node.isolated_since }])
  // a channel from before it left can be closed
  expect(BigInt(world.since(bob) as string)).toBeGreaterThan(BigInt(node.isolated_at))
})

test('leaving takes no mark off: who comes back is cut off still, until it connects', () => {
  const { bobs } = star()
  const { alice, bob, carol } = world.by
  world.call(bob, 'start_close', { edge_id: bobs })
  const { node } = told(world.report([bob], [alice]))
  world.wait(WINDOW)
  world.call(bob, 'settle', { edge_id: bobs })
  world.call(bob, 'withdraw_stake')
  const gone = world.since(bob)
  const args = { key: new Key('another').hex, endpoint: '' }
  const back = told(world.call(bob, 'register_node', args, { deposit: 2n * NEAR })).node
  expect([back.isolated_since, back.isolated_at]).toEqual([node.isolated_since, gone])
  expect(world.since(bob)).toBe(gone)
  const edge = world.edge({ ...bob, key: new Key('another') }, carol)
  world.call(bob, 'report_reconnect', { account: bob.id, path: [edge] })
  expect(world.since(bob)).toBeNull()
})

test('A6: an edge that was prepared takes no mark off before other contracts could ask for it', () => {
  const { bobs } = star()
  const { alice, bob, eve } = world.by
  world.register(eve, MIN_STAKE)
  // it connects a moment after the proof
  const friend = world.edge(bob, eve, { waits: false })
  world.wait(ACTIVATION / 2)
  world.sever(bobs, alice)
  world.report([bob], [alice])
  world.wait(ACTIVATION / 2 + 10_000)
  const back = { account: bob.id, path: [friend] }
  expect(world.refused(bob, 'report_reconnect', back)).toMatch('the mark stays until')
  expect(world.since(bob)).not.toBeNull()
  world.wait(ACTIVATION)
  world.call(bob, 'report_reconnect', back)
  expect(world.since(bob)).toBeNull()
})

test('A6: nor does a friend that the reporter of a long proof has not come to yet', () => {
  const { bobs } = star()
  const { alice, bob, eve } = world.by
  world.register(eve, MIN_STAKE)
  const friend = world.edge(bob, eve)
  world.sever(bobs, alice)
  const deposit = PROOF_STORAGE + 3n * MARK_STORAGE
  const id = world.call(world.stranger, 'start_partition', {}, { deposit }).json<string>()
  const step = (method: string, args: object) => world.call(world.stranger, method, { proof_id: id, ...args })
  step('collect_partition', { cut: [bob.id, eve.id], witness: [alice.id], tree: [] })
  step('check_partition', { cut: [bob.id, eve.id], witness: [alice.id] })
  step('finish_partition', { accounts: [bob.id] })
  const back = { account: bob.id, path: [friend] }
  expect(world.refused(bob, 'report_reconnect', back)).toMatch('the mark stays until')
})

test('who was slashed for a cut brings nobody else a slash for it', () => {
  const { bobs, carols } = star()
  const { alice, bob, carol } = world.by
  world.sever(bobs, alice)
  world.report([bob], [alice])
  // carol leaves the network in order, with bob as her neighbour
  world.edge(bob, carol)
  world.call(carol, 'start_close', { edge_id: carols })
  world.report([bob, carol], [alice])
  expect(world.since(carol)).not.toBeNull()
  expect(world.stake(carol)).toBe(10n * NEAR)
})

test('a mark that nobody took off shields nobody: an edge that ended since shows that the node was back', () => {
  const { alice, bob } = world.by
  world.register(alice, 500n * NEAR)
  world.register(bob)
  // bob has himself marked while the edge is being made
  const edge = world.edge(alice, bob, { waits: false })
  const first = told(world.report([bob], [alice])).node
  world.wait(WINDOW + ACTIVATION)
  world.sever(edge, alice)
  const second = told(world.report([bob], [alice])).node
  expect(BigInt(second.isolated_at)).toBeGreaterThan(BigInt(first.isolated_at))
  expect(second.isolated_since).toBe(first.isolated_since)
  expect(world.stake(bob)).toBe((99n * 10n * NEAR) / 100n)
  // once
  expect(world.report([bob], [alice]).json()).toBe('0')
  const [alices] = world.gains([alice], () => world.call(world.stranger, 'claim_reimbursement', { edge_id: edge }))
  expect(alices).toBe(PENALTY)
  expect(world.surplus()).toBe(0n)
})

test('nor does it where a marked node closes its edges in order', () => {
  const { bobs, carols } = star()
  const { alice, bob, carol } = world.by
  world.sever(bobs, alice)
  const first = told(world.report([bob], [alice])).node
  const edge = world.edge(bob, carol)
  world.call(bob, 'start_close', { edge_id: edge })
  const second = told(world.report([bob], [alice, carol], [carols])).node
  expect(BigInt(second.isolated_at)).toBeGreaterThan(BigInt(first.isolated_at))
  // for that cut it was slashed before
  expect(world.stake(bob)).toBe((99n * 10n * NEAR) / 100n)
})

test('an old proof in chunks, kept back until a node is cut, does not stand in for a new one', () => {
  const { alice, bob } = world.by
  world.register(alice, 500n * NEAR)
  world.register(bob)
  const deposit = PROOF_STORAGE + 2n * MARK_STORAGE
  const id = world.call(bob, 'start_partition', {}, { deposit }).json<string>()
  const step = (method: string, args: object) => world.call(bob, method, { proof_id: id, ...args })
  step('collect_partition', { cut: [bob.id], witness: [alice.id], tree: [] })
  step('check_partition', { cut: [bob.id], witness: [alice.id] })
  const edge = world.edge(alice, bob)
  world.sever(edge, alice)
  const cut = BigInt(world.view<{ ended_at: string }>('edge', { edge_id: edge }).ended_at)
  // bob is faster, and says that it was cut off long before
  const { node } = told(step('finish_partition', { accounts: [bob.id] }))
  expect(BigInt(node.isolated_at)).toBeLessThan(cut)
  world.report([bob], [alice])
  expect(BigInt(world.since(bob) as string)).toBeGreaterThanOrEqual(cut)
  expect(world.stake(bob)).toBe((99n * 10n * NEAR) / 100n)
  world.call(world.stranger, 'claim_reimbursement', { edge_id: edge })
})

test('A9: there is always a time for which stake stays, or it could be borrowed for a block', () => {
  const rules = {
    treasury: 'treasury.near',
    min_stake: MIN_STAKE,
    penalty: PENALTY,
    slash_bps: 100,
    bounty: 0n,
    activation_ms: 1n,
    close_notice_ms: 1n,
    challenge_ms: 1n,
  }
  expect(() => checkRules({ ...rules, reimbursement_ms: 0n })).toThrow('need time')
  expect(checkRules({ ...rules, reimbursement_ms: 1n }).window).toBe(1_000_000n)
})
