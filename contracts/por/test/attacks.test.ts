import { expect, test } from 'vitest'
import { MARK_STORAGE, PROOF_STORAGE } from '../src/proof.ts'
import { Key } from './key.ts'
import {
  ACTIVATION,
  BOUNTY,
  CHALLENGE,
  eventsOf,
  hashOf,
  MIN_STAKE,
  NEAR,
  NOTICE,
  OPENING,
  PARAMS,
  type Party,
  PENALTY,
  paramsArgs,
  proof,
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

/** alice, bob and carol in a line with whale, who outweighs everybody. */
function network(): { tree: bigint[]; all: Party[] } {
  const { alice, bob, carol, whale } = world.by
  for (const party of [alice, bob, carol]) world.register(party)
  world.register(whale, 500n * NEAR)
  const tree = [world.edge(whale, alice), world.edge(alice, bob), world.edge(bob, carol)]
  return { tree, all: [whale, alice, bob, carol] }
}

const status = (id: bigint) => world.view<{ status: string }>('edge', { edge_id: id }).status
const balance = (party: Party) => party.account.balance

test('A4: a word given to cut an edge can be carried out by anyone who holds it, who is paid for it once', () => {
  const { tree } = network()
  const { alice, bob, dave } = world.by
  const word = world.cert(tree[1] as bigint, alice)
  const before = world.por.balance
  const done = world.call(dave, 'sever', word)
  expect([done.json(), world.por.balance - before]).toEqual([true, -BOUNTY])
  expect(eventsOf(done).map(([event]) => event)).toEqual(['edge_changed', 'penalty_held'])
  expect(status(tree[1] as bigint)).toBe('severed')

  // the other end’s word about the same edge is worth nothing more
  const held = world.held()
  for (const again of [word, world.cert(tree[1] as bigint, bob)]) {
    const result = world.call(world.stranger, 'sever', again)
    expect([result.json(), result.logs]).toEqual([false, []])
  }
  expect(world.held()).toEqual(held)
})

test('A5: who closes an edge to escape a request can still be cut for it until the notice is over', () => {
  const { tree } = network()
  const { alice, bob } = world.by
  const [, edge] = tree as [bigint, bigint]
  world.call(bob, 'start_close', { edge_id: edge })
  // friends cannot make it faster
  expect(world.refused(bob, 'cooperative_close', world.offer(edge, alice, bob, NEAR, NEAR))).toBe(
    'the notice is not over',
  )
  const clean = world.chain.snapshot()
  world.sever(edge, alice)
  expect([status(edge), world.held().escrow]).toEqual(['severed', PENALTY - BOUNTY])

  // afterwards there is nothing left to break, and spite costs nobody anything
  world.chain.revert(clean)
  world.wait(NOTICE)
  expect(world.sever(edge, alice).json()).toBe(false)
  expect([status(edge), world.held().escrow]).toEqual(['closing', 0n])
})

test('A6: a node that comes back through a friend and falls again was never back', () => {
  const { tree } = network()
  const { carol, eve, whale } = world.by
  world.register(eve, MIN_STAKE)
  world.sever(tree[2] as bigint, carol)
  const first = told(world.report([carol], [whale])).node
  expect(first.isolated_since).toBe(first.isolated_at)
  world.wait(ACTIVATION)
  // the edge connects after the delay alone
  const friend = world.edge(carol, eve, { waits: false })
  const back = { account: carol.id, path: [friend] }
  expect(world.refused(carol, 'report_reconnect', back)).toBe(`edge ${friend} does not connect`)
  world.wait(ACTIVATION)
  world.call(carol, 'report_reconnect', back)
  expect(world.since(carol)).toBeNull()

  const stake = world.stake(carol)
  const second = told(world.report([carol, eve], [whale])).node
  expect(second.isolated_since).toBe(first.isolated_since)
  // for other contracts, each proof is a fault of its own: a channel opened between the two can be closed
  expect(world.since(carol)).toBe(second.isolated_at)
  expect(BigInt(second.isolated_at)).toBeGreaterThan(BigInt(first.isolated_at))
  // one cut is slashed for once
  expect(world.stake(carol)).toBe(stake)
})

test('A6: leaving and coming back under the same name does not wash a past away', () => {
  const { tree } = network()
  const { carol, whale } = world.by
  expect(world.view('is_disconnected', { account: carol.id })).toMatchObject({ disconnected: false, since: null })
  world.call(carol, 'start_close', { edge_id: tree[2] as bigint })
  world.wait(NOTICE + CHALLENGE)
  world.call(carol, 'settle', { edge_id: tree[2] as bigint })
  world.wait(WINDOW)
  world.call(carol, 'withdraw_stake')
  // gone is gone, though it never broke anything; who never came has broken no promise
  const left = world.since(carol)
  expect(left).not.toBeNull()
  expect(world.since(world.by.dave)).toBeNull()

  world.call(carol, 'register_node', { key: carol.key.hex, endpoint: '' }, { deposit: 2n * NEAR })
  expect(world.since(carol)).toBeNull()
  const { node } = told(world.report([carol], [whale]))
  expect(node.isolated_since).toBe(left)
})

test('A7: who cuts a victim off pays its own half at each edge, and cannot open one against its will', () => {
  const { tree } = network()
  const { alice, bob, dave } = world.by
  world.register(dave)
  const bonds = () => BigInt(world.held().bonds as bigint)
  const before = bonds()
  world.sever(tree[1] as bigint, alice)
  expect(before - bonds()).toBe(PENALTY)
  const args = { peer: bob.id, params: paramsArgs(PARAMS) }
  const id = world.call(dave, 'open_edge', args, { deposit: OPENING }).json<string>()
  expect(world.refused(dave, 'sever', world.cert(BigInt(id), dave))).toBe('nobody confirmed this edge')
  expect(world.refused(dave, 'start_close', { edge_id: id })).toBe('only an active edge can be closed')
  // an offer that nobody confirmed takes none of the victim's room
  expect(world.view('edges_of', { account: bob.id })).toHaveLength(2)
})

test('A8: an honest leaf behind a guilty node falls with it, and loses no more than σ', () => {
  const { tree } = network()
  const { bob, carol, alice, whale } = world.by
  const before = [world.stake(bob), world.stake(carol)] as const
  world.sever(tree[1] as bigint, alice)
  world.report([bob, carol], [whale, alice], [tree[0] as bigint])
  expect([world.stake(bob), world.stake(carol)]).toEqual(before.map((stake) => (stake * 99n) / 100n))
  // it was carol's word that reached nobody: her own edge is whole, and she pays no penalty
  expect(status(tree[2] as bigint)).toBe('active')
  // with a second edge she would have stayed
})

test('A8: an edge of her own elsewhere keeps the leaf', () => {
  const { tree } = network()
  const { bob, carol, alice, whale } = world.by
  const second = world.edge(carol, alice)
  world.sever(tree[1] as bigint, alice)
  expect(world.refused(world.stranger, 'report_partition', proof([bob, carol], [whale]))).toMatch(
    `edge ${second} connects`,
  )
  expect(world.refused(world.stranger, 'report_partition', proof([bob], [whale]))).toMatch('connects')
})

test('A8b: an edge that is closing, or not confirmed, or not yet active, hides nobody', () => {
  const { tree } = network()
  const { carol, dave, whale } = world.by
  world.register(dave)
  world.call(carol, 'start_close', { edge_id: tree[2] as bigint })
  world.call(carol, 'open_edge', { peer: dave.id, params: paramsArgs(PARAMS) }, { deposit: OPENING })
  world.edge(carol, whale, { waits: false })
  const stake = world.stake(carol)
  world.report([carol], [whale])
  expect(world.since(carol)).not.toBeNull()
  // it left in order: no slash
  expect(world.stake(carol)).toBe(stake)
  expect(world.refused(carol, 'withdraw_stake')).toBe('you have edges, or penalties in escrow')
})

test('A9, not prevented: most of the stake decides who is cut off; but it stays where it is for W', () => {
  const { all } = network()
  const { dave } = world.by
  world.register(dave, 600n * NEAR)
  world.report(all, [dave])
  for (const party of all) expect(world.since(party)).not.toBeNull()
  expect(world.refused(dave, 'withdraw_stake')).toMatch('stake can be withdrawn from')
})

test('A15: no signature counts twice, elsewhere, for another edge or under another name', () => {
  const { tree } = network()
  const { alice, bob, carol } = world.by
  const [first, edge, other] = tree as [bigint, bigint, bigint]
  const foreign = { ...world.cert(edge, alice), edge_id: other }
  expect(world.refused(bob, 'sever', foreign)).toBe(`${alice.id} is no end of this edge`)
  const forged = 'the signature is not its node key’s'
  expect(world.refused(bob, 'sever', { ...world.cert(edge, alice), edge_id: first })).toBe(forged)
  expect(world.refused(carol, 'sever', world.cert(edge, alice, carol.key))).toBe(forged)
  expect(world.refused(carol, 'sever', { ...world.cert(edge, alice), by: bob.id })).toBe(forged)
  expect(world.refused(carol, 'sever', world.cert(99n, alice))).toBe('there is no edge 99')

  world.call(bob, 'start_close', { edge_id: edge })
  const voucher = world.voucher(edge, alice, NEAR / 2n)
  expect(world.refused(bob, 'submit_voucher', { ...voucher, total: NEAR })).toBe(forged)
  expect(world.refused(bob, 'submit_voucher', { ...voucher, seq: 2n })).toBe(forged)
  expect(world.refused(bob, 'submit_voucher', { ...voucher, by: bob.id })).toBe(forged)
  const offer = world.offer(edge, alice, bob, NEAR, NEAR)
  const { signature_u } = offer as { signature_u: string }
  world.wait(NOTICE)
  expect(world.refused(bob, 'cooperative_close', { ...offer, signature_v: signature_u })).toMatch('not those of both')
  world.call(bob, 'submit_voucher', voucher)
  world.call(bob, 'cooperative_close', offer)
  // all of it is about an edge that is over, and the next has another id
  const again = world.edge(alice, bob)
  expect(again).not.toBe(edge)
  expect(world.refused(bob, 'submit_voucher', voucher)).toBe(`there is no edge ${edge}`)
  expect(world.refused(bob, 'cooperative_close', offer)).toBe(`there is no edge ${edge}`)
  expect(world.call(bob, 'sever', world.cert(edge, alice)).json()).toBe(false)
})

test('A15: a key is one node’s, an edge has two ends, two nodes have one edge', () => {
  network()
  const { alice, bob, dave } = world.by
  const args = { key: alice.key.hex, endpoint: '' }
  expect(world.refused(dave, 'register_node', args, { deposit: 2n * NEAR })).toBe('another node has this key')
  const open = (u: Party, v: Party) =>
    world.refused(u, 'open_edge', { peer: v.id, params: paramsArgs(PARAMS) }, { deposit: OPENING })
  expect(open(alice, alice)).toBe('an edge has two ends')
  expect(open(alice, bob)).toBe(`${alice.id} has an edge with ${bob.id} already`)
  expect(open(bob, alice)).toBe(`${bob.id} has an edge with ${alice.id} already`)
  expect(open(alice, dave)).toBe(`${dave.id} is not a node`)
})

test('A15: two offers in both directions become one edge', () => {
  const { alice, bob } = world.by
  for (const party of [alice, bob]) world.register(party)
  const offer = (u: Party, v: Party) =>
    world.call(u, 'open_edge', { peer: v.id, params: paramsArgs(PARAMS) }, { deposit: OPENING }).json<string>()
  const [first, second] = [offer(alice, bob), offer(bob, alice)]
  const hash = { params_hash: hashOf(PARAMS) }
  world.call(bob, 'confirm_edge', { edge_id: first, ...hash }, { deposit: NEAR })
  expect(world.refused(alice, 'confirm_edge', { edge_id: second, ...hash }, { deposit: NEAR })).toMatch('already')
})

test('A16: a voucher that its payee could not bring is brought by anyone, until the edge is settled', () => {
  const { tree } = network()
  const { alice, bob } = world.by
  const edge = tree[1] as bigint
  world.sever(edge, alice)
  world.call(world.stranger, 'submit_voucher', world.voucher(edge, alice, 10n * NEAR, 9n))
  world.wait(CHALLENGE)
  const [alices, bobs] = [balance(alice), balance(bob)]
  world.call(world.stranger, 'settle', { edge_id: edge })
  // more than there is moves no more than there is
  expect([balance(alice) > alices, balance(bob) - bobs]).toEqual([true, 2n * NEAR])
  expect(world.refused(bob, 'submit_voucher', world.voucher(edge, bob, NEAR))).toBe(`there is no edge ${edge}`)
  expect(world.surplus()).toBe(0n)
})

test('A17: what others do cannot disturb a proof, and what its own nodes do cannot deceive it', () => {
  const { tree } = network()
  const { alice, bob, carol, dave, whale } = world.by
  world.sever(tree[2] as bigint, bob)
  const prove = (between: () => void): string | null => {
    const clean = world.chain.snapshot()
    const deposit = PROOF_STORAGE + 3n * MARK_STORAGE
    const id = world.call(world.stranger, 'start_partition', {}, { deposit }).json<string>()
    const step = (method: string, args: object) =>
      world.call(world.stranger, method, { proof_id: id, ...args }, { mayFail: true }).error
    step('collect_partition', { cut: [carol.id], witness: [alice.id, bob.id], tree: [tree[1]] })
    between()
    const error =
      step('check_partition', { cut: [carol.id], witness: [] }) ??
      step('check_partition', { cut: [], witness: [alice.id, bob.id] }) ??
      step('finish_partition', { accounts: [carol.id] })
    world.chain.revert(clean)
    return error && (error.split('\n')[0] as string)
  }
  expect(prove(() => {})).toBeNull()
  // edges elsewhere, stake added by the cut node or by anyone, an edge of its own that is not active
  const noise = () => {
    world.register(dave)
    world.edge(dave, whale)
    world.call(carol, 'add_stake', {}, { deposit: 1n })
    world.call(carol, 'open_edge', { peer: dave.id, params: paramsArgs(PARAMS) }, { deposit: OPENING })
  }
  expect(prove(noise)).toBeNull()
  // stake that was not there counts for the cut
  expect(prove(() => world.call(carol, 'add_stake', {}, { deposit: 50n * NEAR }))).toMatch('no more than')
  // a node that is reached again, and a witness that is not any more
  expect(prove(() => world.edge(carol, whale))).toMatch('has changed')
  expect(prove(() => world.sever(tree[0] as bigint, alice))).toMatch('has changed')
  expect(prove(() => world.call(bob, 'start_close', { edge_id: tree[1] as bigint }))).toMatch('has changed')
})

test('A17: stake cannot be counted twice by moving it between the calls of a proof', () => {
  network()
  const { dave, eve, carol } = world.by
  world.register(dave, 5n * NEAR)
  const id = world.call(eve, 'start_partition', {}, { deposit: PROOF_STORAGE + 2n * MARK_STORAGE }).json<string>()
  world.call(eve, 'collect_partition', { proof_id: id, cut: [carol.id], witness: [dave.id], tree: [] })
  world.wait(WINDOW)
  world.call(dave, 'withdraw_stake')
  world.call(dave, 'register_node', { key: new Key('another').hex, endpoint: '' }, { deposit: 3n * NEAR })
  const check = { proof_id: id, cut: [], witness: [dave.id] }
  // nor can a stranger end the collection, or add to it
  for (const method of ['check_partition', 'collect_partition'])
    expect(world.refused(dave, method, { ...check, ...(method === 'collect_partition' && { tree: [] }) })).toMatch(
      `only ${eve.id} may`,
    )
  expect(world.refused(eve, 'check_partition', check)).toBe(`${dave.id} has changed: begin another proof`)
})

test('partition: nothing named twice, nothing on both sides, no edge that does not connect', () => {
  const { tree } = network()
  const { alice, bob, carol, dave, whale } = world.by
  world.register(dave)
  const report = (...args: Parameters<typeof proof>) => world.refused(dave, 'report_partition', proof(...args))
  expect(report([dave, dave], [whale])).toBe(`${dave.id} is named twice`)
  expect(report([dave], [alice, alice], [tree[0] as bigint])).toBe(`${alice.id} is named twice`)
  expect(report([whale], [whale])).toBe(`${whale.id} is a witness`)
  expect(report([dave], [alice, carol], [tree[1] as bigint])).toBe(`edge ${tree[1]} does not lead to ${carol.id}`)
  expect(report([dave], [alice, carol], [tree[2] as bigint])).toMatch('hangs on no witness before')
  expect(report([dave], [whale, alice], [])).toMatch('one edge less')
  expect(report([dave], [world.by.eve])).toBe(`${world.by.eve.id} is not a node`)
  expect(report([dave], [bob])).toMatch('no more than')
  world.call(bob, 'start_close', { edge_id: tree[1] as bigint })
  expect(report([dave], [alice, bob], [tree[1] as bigint])).toBe(`edge ${tree[1]} does not connect`)
})

test('a penalty is paid out once, and a node that was cut off before or long after owes nothing', () => {
  const { tree } = network()
  const { bob, carol, whale } = world.by
  const edge = tree[2] as bigint
  world.sever(edge, bob)
  world.report([carol], [whale])
  expect(world.refused(bob, 'release_escrow', { edge_id: edge })).toMatch('held until')
  const before = balance(bob)
  world.call(world.stranger, 'claim_reimbursement', { edge_id: edge })
  expect(balance(bob) - before).toBe(2n * HALF)
  for (const method of ['claim_reimbursement', 'release_escrow'])
    expect(world.refused(bob, method, { edge_id: edge })).toBe(`no penalty of edge ${edge} is held`)

  // still cut off, from before this edge was
  const next = world.edge(bob, carol)
  world.sever(next, bob)
  expect(world.refused(bob, 'claim_reimbursement', { edge_id: next })).toMatch('not exactly one')
  expect(world.surplus()).toBe(0n)
})

test('a slashed node opens nothing below the least stake', () => {
  network()
  const { bob, carol, dave, whale } = world.by
  world.register(dave, MIN_STAKE)
  const edge = world.edge(dave, bob)
  world.sever(edge, bob)
  world.report([dave], [whale])
  expect(world.stake(dave)).toBe((MIN_STAKE * 99n) / 100n)
  const args = { peer: carol.id, params: paramsArgs(PARAMS) }
  expect(world.refused(dave, 'open_edge', args, { deposit: OPENING })).toMatch('less than the least stake')
})
