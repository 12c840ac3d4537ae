// Everything at once: requests every way through a small mesh, sessions that drop, nodes that crash, services that
// dawdle. Whatever happens, nothing is left over.
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { Net } from './testing/net.ts'
import { RUNS } from './testing/runs.ts'
import { POLICIES } from './testing/worlds.ts'

const EDGES = [
  ['a', 'b'],
  ['b', 'c'],
  ['c', 'd'],
  ['a', 'c'],
  ['b', 'd'],
] as const
const PATHS: readonly { from: string; to: string; path: readonly bigint[] }[] = [
  { from: 'a', to: 'd', path: [1n, 2n, 3n] },
  { from: 'a', to: 'd', path: [4n, 3n] },
  { from: 'a', to: 'd', path: [1n, 5n] },
  { from: 'd', to: 'a', path: [3n, 2n, 1n] },
  { from: 'd', to: 'a', path: [5n, 1n] },
  { from: 'b', to: 'c', path: [2n] },
  { from: 'c', to: 'b', path: [4n, 1n] },
]

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('ask' as const),
      route: fc.nat(PATHS.length - 1),
      service: fc.nat(3_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('drop' as const), edge: fc.nat(EDGES.length - 1), gap: fc.nat(1_000) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('crash' as const),
      node: fc.constantFrom('a', 'b', 'c', 'd'),
      gap: fc.nat(1_500),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), edge: fc.nat(EDGES.length - 1) }) },
)
const story = fc.record({
  steps: fc.array(fc.tuple(fc.nat(400), step), { minLength: 1, maxLength: 25 }),
  policy: fc.constantFrom<keyof typeof POLICIES>('wait', 'sever', 'awhile'),
  credit: fc.constantFrom(0n, 20_000n),
  maxInflight: fc.constantFrom(1, 2, 256),
  answersIn: fc.nat(4_000),
})

test('after a storm every request has ended once, and no slot, reserve or timer is left over', () => {
  fc.assert(
    fc.property(story, ({ steps, policy, credit, maxInflight, answersIn }) => {
      const net = new Net(
        EDGES.map((ends) => ({ ends, params: { maxInflight, latency: 50 } })),
        () => ({ patience: POLICIES[policy], credit }),
      )
      net.service = (_, payload) => [payload, answersIn]
      const crashed = new Set<string>()
      let asked = 0
      for (const [pause, what] of steps) {
        net.run(net.now + pause)
        switch (what.kind) {
          case 'ask': {
            const { from, to, path } = PATHS[what.route]!
            if (net.members.get(from)!.isDown) break
            asked += 1
            net.ask(from, to, path, { service: what.service, hold: 8_000 })
            break
          }
          case 'drop': {
            const id = BigInt(what.edge + 1)
            net.disconnect(id)
            net.at(net.now + what.gap, () => net.reconnect(id))
            break
          }
          case 'crash':
            if (net.members.get(what.node)!.isDown) break
            crashed.add(what.node)
            net.down(what.node)
            net.at(net.now + what.gap, () => net.up(what.node))
            break
          case 'cut':
            net.tell(EDGES[what.edge]![0], { kind: 'cut', edgeId: BigInt(what.edge + 1) })
        }
      }
      net.run()
      expect(net.all('outcome').length).toBe(asked)
      for (const [name, { machine }] of net.members) {
        expect([name, machine.inflight, machine.nextWake]).toEqual([name, 0, null])
        for (const [id, { u, v, depositU, depositV, status }] of net.edges) {
          const books = machine.edge(id)
          if (books === null) continue
          expect([name, id, books.reserved, books.outbound, books.inbound]).toEqual([name, id, 0n, 0, 0])
          const peer = net.members.get(u === name ? v : u)!.machine.edge(id)!
          expect(books.received <= peer.paid).toBe(true)
          expect(books.balance >= 0n && books.balance <= depositU + depositV).toBe(true)
          // With every session back, both sides know the same vouchers.
          if (status === 'active') expect([id, books.received]).toEqual([id, peer.paid])
        }
      }
    }),
    { numRuns: Math.ceil(RUNS / 8) },
  )
}, 60_000)

test('a node killed between any two effects takes up what it kept: one outcome, and books that agree', () => {
  for (const victim of ['a', 'b', 'c', 'd'])
    for (let effects = 0; effects < 16; effects++) {
      const net = new Net(EDGES.map((ends) => ({ ends })))
      net.service = (_, payload) => [payload, 100]
      net.fuse = { node: victim, effects, gap: 300 }
      const path = [1n, 2n, 3n]
      const hash = net.ask('a', 'd', path, { service: 3_000 })
      net.run()
      const isKept = net.members.get('a')!.kept.some(({ kind }) => kind === 'accepted')
      const kinds = net.outcomes('a').map(({ outcome }) => outcome.kind)
      // A requester killed with its answer already kept has it in its store.
      const isStored = net
        .all('keep')
        .some(
          ({ node, effect: { record } }) =>
            node === 'a' && record.kind === 'resolved' && record.requestHash.every((byte, at) => byte === hash[at]),
        )
      expect([victim, effects, kinds.length === 1 || isStored || !isKept]).toEqual([victim, effects, true])
      // A voucher kept without its request is a fee lost: the neighbour says no, and one try is over (I7).
      expect([victim, effects, kinds.every((kind) => kind !== 'broken')]).toEqual([victim, effects, true])
      for (const id of path) {
        const { u, v } = net.edges.get(id)!
        const [payer, payee] = [u, v].map((name) => net.members.get(name)!.machine.edge(id)!)
        expect([victim, effects, id, payee!.received]).toEqual([victim, effects, id, payer!.paid])
        expect([victim, effects, id, payer!.paid <= 6n * 1_105n]).toEqual([victim, effects, id, true])
      }
    }
})
