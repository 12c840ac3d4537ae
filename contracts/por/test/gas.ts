import { createHash } from 'node:crypto'
import type { TransactionResult } from '@dcml/devchain'
import { NODE_STORAGE } from '../src/node.ts'
import { MARK_STORAGE, PROOF_STORAGE } from '../src/proof.ts'
import {
  ACTIVATION,
  CHALLENGE,
  CONFIRMING,
  hashOf,
  NEAR,
  NOTICE,
  OPENING,
  PARAMS,
  type Party,
  paramsArgs,
  proof,
  WINDOW,
  World,
} from './world.ts'

/** Gas of a method: its own receipt's, and with the transaction, transfers and callbacks. */
export interface Gas {
  readonly own: bigint
  readonly all: bigint
}

export const gasOf = (result: TransactionResult): Gas => ({
  own: result.trace.root.children[0]?.outcome?.gasBurnt ?? 0n,
  all: result.gasBurnt,
})

/**
 * Every method once, and what it took.
 * @param neighbours how many edges alice and bob have with others meanwhile
 */
export function measureGas(wasm: Uint8Array, neighbours = 0): Map<string, Gas> {
  const world = new World(wasm, 86)
  const gas = new Map<string, Gas>()
  const call = (by: Party, method: string, args: object = {}, deposit = 0n): TransactionResult => {
    const result = world.call(by, method, args, { deposit })
    gas.set(method, gasOf(result))
    return result
  }
  const { alice, bob, carol, dave, eve } = world.by
  call(alice, 'register_node', { key: alice.key.hex, endpoint: 'node.example:4000' }, 2n * NEAR + NODE_STORAGE)
  for (const party of [bob, carol, dave, eve]) world.register(party, 2n * NEAR)
  call(alice, 'add_stake', {}, 20n * NEAR)
  call(alice, 'update_node', { endpoint: 'node.example:4001' })
  const fringe = crowd(world, neighbours)
  for (const party of fringe) for (const end of [alice, bob]) world.edge(end, party, { waits: false })

  const params = paramsArgs(PARAMS)
  const open = (u: Party, v: Party) =>
    BigInt(call(u, 'open_edge', { peer: v.id, params }, NEAR + OPENING).json<string>())
  const connect = (u: Party, v: Party): bigint => {
    const edge_id = open(u, v)
    call(v, 'confirm_edge', { edge_id, params_hash: hashOf(PARAMS) }, NEAR + CONFIRMING)
    world.wait(ACTIVATION)
    return edge_id
  }
  call(alice, 'cancel_edge', { edge_id: open(alice, bob) })
  const closed = connect(alice, bob)
  call(alice, 'deposit', { edge_id: closed }, NEAR)
  const from = BigInt(world.chain.head.header.height) + 50n
  call(carol, 'update_edge', world.update(closed, alice, bob, 1, PARAMS, from))
  call(alice, 'start_close', { edge_id: closed })
  world.wait(NOTICE)
  call(carol, 'cooperative_close', world.offer(closed, alice, bob, 2n * NEAR, NEAR))
  const cut = connect(alice, bob)
  call(carol, 'sever', world.cert(cut, alice))
  call(carol, 'submit_voucher', world.voucher(cut, alice, NEAR / 2n))
  const other = connect(carol, bob)
  const lost = connect(bob, eve)
  world.call(carol, 'sever', world.cert(lost, bob))
  call(carol, 'report_partition', proof([eve], [alice]))
  call(carol, 'claim_reimbursement', { edge_id: lost })
  const back = connect(bob, eve)
  call(carol, 'report_reconnect', { account: eve.id, path: [back] })
  world.wait(CHALLENGE)
  call(carol, 'settle', { edge_id: cut })
  world.wait(WINDOW)
  call(carol, 'release_escrow', { edge_id: cut })
  call(carol, 'collect_owed', { account: world.treasury.accountId })
  call(dave, 'withdraw_stake')
  world.call(carol, 'start_close', { edge_id: other })
  chunks(world, eve, alice, back, call)
  pages(world)
  return gas
}

/** The longest pages: a view that takes more gas than a node gives it throws. */
function pages(world: World): void {
  world.view('nodes', { from: 0, limit: 100 })
  world.view('edges', { from_id: 0, limit: 100 })
  world.view('edges_of', { account: world.by.alice.id })
}

function chunks(
  world: World,
  cut: Party,
  witness: Party,
  edge: bigint,
  call: (by: Party, method: string, args?: object, deposit?: bigint) => TransactionResult,
): void {
  world.call(cut, 'start_close', { edge_id: edge })
  const deposit = PROOF_STORAGE + 2n * MARK_STORAGE
  const start = (): string => call(world.by.carol, 'start_partition', {}, deposit).json<string>()
  const collect = (proof_id: string) =>
    call(world.by.carol, 'collect_partition', { proof_id, cut: [cut.id], witness: [witness.id], tree: [] })
  const dropped = start()
  collect(dropped)
  call(world.by.carol, 'drop_partition', { proof_id: dropped, accounts: [cut.id, witness.id] })
  const proof_id = start()
  collect(proof_id)
  call(world.by.carol, 'check_partition', { proof_id, cut: [cut.id], witness: [witness.id] })
  call(world.by.carol, 'finish_partition', { proof_id, accounts: [cut.id] })
}

/** So many more nodes, of 1 NEAR of stake. */
export function crowd(world: World, count: number, prefix = 'n'): Party[] {
  return Array.from({ length: count }, (_, n) => {
    const tag = createHash('sha256').update(`${n}`).digest('hex').slice(0, 30)
    const party = world.party(`${prefix}${n}-${tag}`, 100n)
    world.register(party, NEAR)
    return party
  })
}

/**
 * A report of `cut` nodes in a line, whose first was severed from the network, by `witness` nodes in a line.
 * @returns the gas of the report
 */
export function measureReport(wasm: Uint8Array, cut: number, witness: number): Gas {
  const world = new World(wasm, 86)
  const line = (parties: Party[]) => parties.slice(1).map((party, at) => world.edge(parties[at] as Party, party, quick))
  const quick = { waits: false, depositU: 0n, depositV: 0n }
  const [lost, kept] = [crowd(world, cut, 'l'), crowd(world, witness, 'k')]
  const [severed, tree] = [world.edge(lost[0] as Party, kept[0] as Party, quick), line(kept)]
  line(lost)
  world.wait(ACTIVATION)
  world.sever(severed, kept[0] as Party)
  world.call(kept[0] as Party, 'add_stake', {}, { deposit: NEAR * BigInt(cut) })
  return gasOf(world.call(world.stranger, 'report_partition', proof(lost, kept, tree), { gas: 10n ** 15n }))
}
