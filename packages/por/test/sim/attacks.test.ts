// Attacks of the specification's §6 that need a network, each by its number.
import { severCert, sign } from '@dcml/protocol/por'
import { expect, test } from 'vitest'
import { stakeWeightedCentre } from '../../src/routes/centre.ts'
import { buildPartitionProof } from '../../src/routes/partition.ts'
import { settle, sever, startClose, submitVoucher } from '../../src/sim/closing.ts'
import { reportPartition, reportReconnect } from '../../src/sim/partition.ts'
import { patienceOf } from '../../src/sim/run.ts'
import { DEPOSIT, PARAMS, RULES, STAKE, World } from './world.ts'

const total = (pays: readonly { readonly amount: bigint }[]): bigint =>
  pays.reduce((sum, { amount }) => sum + amount, 0n)

/** n0 - n1 - … in a line, with one setup for a node by its place. */
function line(
  size: number,
  setup: Record<number, Parameters<World['node']>> = {},
  params: Partial<typeof PARAMS> = {},
): World {
  const world = new World(11)
  const names = Array.from({ length: size }, (_, at) => `n${at}`)
  for (const [at, name] of names.entries()) world.node(...(setup[at] ?? [name]))
  for (const [at, name] of names.slice(1).entries()) world.edge(names[at]!, name, params)
  return world
}

test('A1: a proof said to be in time, without its fee, is booked as debt, and costs the edge', () => {
  const late = { kind: 'backdate', delay: 3000 } as const
  const world = line(4, {
    1: ['n1', [], { patience: patienceOf(60_000) }],
    2: ['n2', [late]],
    3: ['n3', [{ kind: 'mute', from: 0 }]],
  })
  world.ask(0, 'n0', 'n3')
  world.run(20_000)
  expect(world.asked[0]!.ends[0]!.outcome.kind).toBe('broken')
  expect(world.cut).toContain(2n)
  const lost = -world.gain('n1')
  expect(lost).toBeLessThanOrEqual(7n * 4000n + RULES.penalty / 2n)
  expect(total(world.asked[0]!.pays)).toBeGreaterThan(0n)
})

test('A2: paying instead of answering ends at the hard deadline, and costs ρ · H', () => {
  const world = line(3, {
    0: ['n0', [], { patience: () => 'wait' }],
    1: ['n1', [], { patience: () => 'wait' }],
    2: ['n2', [], {}, null],
  })
  const service = world.network.node('n2')
  world.ask(0, 'n0', 'n2', { hold: 5000, rate: 9n })
  world.run(20_000)
  const [asked] = world.asked
  expect(service.service).toBeNull()
  expect(asked!.ends).toHaveLength(1)
  expect(asked!.ends[0]!.at).toBeLessThanOrEqual(asked!.at + asked!.hard)
  expect(total(asked!.pays)).toBeGreaterThan(9n * 3000n)
  expect(total(asked!.pays)).toBeLessThanOrEqual(9n * 5000n)
})

test('A3: a relay that would pay more often than it is paid takes up only what its cap covers', () => {
  for (const [rate, isTaken] of [
    [7n, true],
    [8n, false],
  ] as const) {
    const world = new World(5)
    world.node('a')
    world.node('b', [], { waitCap: 7n * 500n })
    world.node('c')
    world.edge('a', 'b', { sync: 500 })
    world.edge('b', 'c', { sync: 1000 })
    world.ask(0, 'a', 'c', { rate })
    world.run(20_000)
    expect(world.asked[0]!.ends[0]!.outcome).toMatchObject(
      isTaken ? { kind: 'response' } : { kind: 'refused', reason: 'reserve' },
    )
  }
})

test('A6: an edge to an accomplice does not bring an isolated node back before its activation, nor change since when', () => {
  const world = new World(3, { ...RULES, activation: 60_000 })
  for (const name of ['a', 'b', 'c', 't', 'accomplice']) world.node(name)
  const { ledger, clock } = world.network
  const ab = world.edge('a', 'b')
  const bc = world.edge('b', 'c')
  const at = world.edge('a', 't')
  const ca = world.edge('c', 'accomplice')
  world.run(10_000)
  sever(ledger, sign(severCert, ledger.chain, { edgeId: at }, world.network.node('a').signer), 'a')
  const proof = { cut: ['t'], witness: ['a', 'b', 'c'], tree: [ab, bc] }
  reportPartition(ledger, proof)
  const since = ledger.node('t')!.isolatedSince!
  const back = world.edge('t', 'accomplice')
  expect(() => reportReconnect(ledger, 't', [back])).toThrow(expect.objectContaining({ code: 'por_path' }))
  clock.run(clock.now + 60_000)
  reportReconnect(ledger, 't', [back])
  expect(ledger.node('t')!.isolatedSince).toBeNull()
  sever(ledger, sign(severCert, ledger.chain, { edgeId: back }, world.network.node('accomplice').signer), 'a')
  reportPartition(ledger, proof)
  expect(ledger.node('t')!.isolatedSince).toBe(since)
  expect(ledger.connects(ca)).toBe(true)
})

test('A7: a neighbour that cuts a victim pays as much as the victim, and the victim stays', () => {
  const world = new World(6)
  for (const name of ['v', 'a', 'b']) world.node(name)
  world.node('m', [{ kind: 'cutter', share: 1 }])
  world.edge('a', 'b')
  const edges = ['a', 'b', 'm'].map((name) => world.edge('v', name))
  world.edge('m', 'a')
  world.run(0)
  world.network.tell(world.network.node('m'), { kind: 'cut', edgeId: edges[2]! })
  world.run(10_000)
  const { graph, ledger } = world.network
  expect(world.cut).toEqual([edges[2]])
  expect(world.gain('v')).toBe(-RULES.penalty / 2n)
  expect(world.gain('m')).toBe(-RULES.penalty / 2n + RULES.bounty)
  expect(buildPartitionProof(graph, 'v')).toBeNull()
  const again = ledger.openEdge('m', 'v', PARAMS, 0n)
  expect(ledger.connects(again)).toBe(false)
})

test('A8: a leaf behind a guilty node is slashed with it by σ, and one with a second edge is not', () => {
  for (const hasSecond of [false, true]) {
    const world = new World(7)
    for (const name of ['a', 'b', 'c', 'leaf']) world.node(name)
    world.node('guilty', [{ kind: 'mute', from: 0 }])
    const tree = [world.edge('a', 'b'), world.edge('b', 'c')]
    const guilty = world.edge('a', 'guilty')
    world.edge('guilty', 'leaf')
    if (hasSecond) world.edge('leaf', 'c')
    world.ask(0, 'a', 'leaf', { path: [guilty, guilty + 1n] })
    world.run(20_000)
    expect(world.cut).toEqual([guilty])
    const { ledger } = world.network
    const report = () => reportPartition(ledger, { cut: ['guilty', 'leaf'], witness: ['a', 'b', 'c'], tree })
    if (hasSecond) expect(report).toThrow(expect.objectContaining({ code: 'por_partition' }))
    else report()
    expect(ledger.node('leaf')!.stake).toBe(hasSecond ? STAKE : STAKE - (STAKE * RULES.slashBps) / 10_000n)
  }
})

test('A8b: edges that are always closing keep nobody connected', () => {
  const world = new World(8)
  for (const name of ['a', 'b', 'c', 'hider']) world.node(name)
  const tree = [world.edge('a', 'b'), world.edge('b', 'c')]
  const hiding = world.edge('a', 'hider')
  world.run(0)
  const { ledger, graph } = world.network
  expect(buildPartitionProof(graph, 'hider')).toBeNull()
  startClose(ledger, hiding, 'hider')
  reportPartition(ledger, { cut: ['hider'], witness: ['a', 'b', 'c'], tree })
  expect(ledger.node('hider')!.isolatedSince).not.toBeNull()
  expect(ledger.node('hider')!.stake).toBe(STAKE)
})

test('A10: a long chain of one’s own does not move the centre that presence is measured from', () => {
  const world = new World(9)
  const names = ['a', 'b', 'c', 'd', 'e']
  for (const name of names) world.node(name)
  for (const [at, name] of names.entries()) world.edge(name, names[(at + 1) % 5]!)
  const chain = Array.from({ length: 4 }, (_, at) => world.node(`eve${at}`))
  for (const [at, name] of ['a', ...chain].slice(1).entries()) world.edge(['a', ...chain][at]!, name)
  expect(names).toContain(stakeWeightedCentre(world.network.graph))
})

test('A11: slow requests fill one window of one edge, each paid for, and no other', () => {
  const world = new World(10)
  for (const name of ['jammer', 'relay', 'other']) world.node(name)
  world.node('slow', [], {}, null)
  const jam = world.edge('jammer', 'relay', { maxInflight: 4 })
  world.edge('other', 'relay')
  const on = world.edge('relay', 'slow')
  for (let at = 0; at < 20; at++) world.ask(at, 'jammer', 'slow', { path: [jam, on], hold: 5000 })
  world.ask(500, 'other', 'relay')
  world.run(900)
  expect(world.network.node('relay').machine.edge(jam)!.inbound).toBe(4)
  const refused = world.asked.filter(({ ends }) => ends[0]?.outcome.kind === 'refused')
  expect(refused).toHaveLength(16)
  const honest = world.asked.find(({ from }) => from === 'other')!
  expect(honest.ends[0]!.outcome.kind).toBe('response')
  const fees = world.asked
    .filter(({ from, ends }) => from === 'jammer' && ends.length === 0)
    .reduce((sum, { ask }) => sum + ask.fee, 0n)
  expect(world.gain('jammer')).toBe(-fees)
})

test('A12: who sits on requests pays for it, and the hold reports show who', () => {
  const world = line(4, { 1: ['n1', [], { patience: patienceOf(60_000) }], 2: ['n2', [{ kind: 'slow', delay: 1500 }]] })
  world.ask(0, 'n0', 'n3', { rate: 5n })
  world.run(20_000)
  const { ends, pays } = world.asked[0]!
  const { outcome } = ends[0]!
  expect(outcome.kind).not.toBe('refused')
  expect(total(pays)).toBeGreaterThan(0n)
  expect(world.gain('n2')).toBeLessThan(0n)
  if (outcome.kind === 'response') expect(outcome.holds.indexOf(Math.max(...outcome.holds))).toBeGreaterThan(0)
})

test('A16: what an offline node is owed, anyone can claim for it in time', () => {
  for (const isWatched of [true, false]) {
    const world = line(2)
    world.ask(0, 'n0', 'n1')
    world.run(1000)
    const { ledger, clock } = world.network
    const [byU] = world.holdings.best(1n)
    world.network.crash('n1', Infinity)
    startClose(ledger, 1n, 'n0')
    if (isWatched) submitVoucher(ledger, byU!)
    clock.run(clock.now + RULES.closeNotice + RULES.challenge)
    settle(ledger, 1n)
    expect(ledger.wallets.get('n1')).toBe(100n * DEPOSIT + (isWatched ? byU!.body.total : 0n))
  }
})

test('A18: a node that stood still pays for no negative time, and cuts no neighbour that did its part', () => {
  const world = line(3, { 1: ['n1', [], { patience: patienceOf(0) }] })
  for (let at = 0; at < 10; at++) world.ask(300 * at, 'n0', 'n2')
  world.network.clock.at(61_000, () => world.network.pause('n1', 64_000))
  world.run(30_000)
  for (const { node, effect } of world.sights) {
    if (effect.kind === 'note') expect(effect.note.amount ?? 0n).toBeGreaterThanOrEqual(0n)
    if (effect.kind === 'send' && effect.message.type === 'sync')
      for (const { lateness } of effect.message.late) expect(lateness).toBeGreaterThan(0)
    if (effect.kind === 'note' && effect.note.what === 'severed') expect([node, effect.note.edgeId]).toEqual(['n0', 1n])
  }
  expect(world.cut).not.toContain(2n)
  for (const { ends } of world.asked) expect(ends).toHaveLength(1)
})

test('A19: a neighbour that vanishes owing for requests takes at most the credit', () => {
  const credit = 5000n
  const world = line(3, {
    0: ['n0', [{ kind: 'stingy', of: 'all' }], { credit: 10n ** 9n, batch: { requests: 1000, ms: 60_000 } }],
    1: ['n1', [], { credit }],
  })
  for (let at = 0; at < 10; at++) world.ask(100 * at, 'n0', 'n1')
  world.run(5000)
  const served = world.asked.filter(({ ends }) => ends[0]!.outcome.kind === 'response')
  const owed = served.reduce((sum, { ask }) => sum + ask.fee, 0n)
  expect(served.length).toBeGreaterThan(0)
  expect(served.length).toBeLessThan(10)
  expect(owed).toBeLessThanOrEqual(credit)
})

test('A20: a flood is refused beyond the neighbour’s rate, and what is taken up is paid for', () => {
  const world = line(3, { 1: ['n1', [], { rate: { perSecond: 10, burst: 5 } }] })
  for (let at = 0; at < 100; at++) world.ask(10 * at, 'n0', 'n2')
  world.run(4000)
  const reasons = world.asked.flatMap(({ ends }) => {
    const { outcome } = ends[0]!
    return outcome.kind === 'refused' ? [outcome.reason] : []
  })
  expect(new Set(reasons)).toEqual(new Set(['rate']))
  const taken = 100 - reasons.length
  expect(taken).toBeGreaterThanOrEqual(5)
  expect(taken).toBeLessThanOrEqual(5 + 10 + 1)
  // what came with refused requests is paid ahead: it pays for the next ones
  for (let at = 0; at < 20; at++) world.ask(5000 + 1000 * at, 'n0', 'n2')
  world.run(40_000)
  const { fee } = world.asked[0]!.ask
  expect(world.gain('n0')).toBe(-BigInt(taken + 20) * fee)
})
