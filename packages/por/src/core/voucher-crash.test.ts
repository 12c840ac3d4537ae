// A voucher that arrived, and a node that dies before the request it pays for is accepted, or once more before it comes
// again: what was paid is paid.
import { expect, test } from 'vitest'
import { Net } from './testing/net.ts'

const FEE = 1_105n
const alone = () => new Net([{ ends: ['alex', 'bob'] }], () => ({ patience: () => 'wait' }))
const books = (net: Net, name: string) => net.members.get(name)!.machine.edge(1n)!

test('a payee that dies before the request is durable, and again before it is sent again, still takes what was paid', () => {
  const net = alone()
  net.ask('alex', 'bob', [1n], { service: 20_000 })
  // The request never arrives, the voucher comes with the hello, and what follows the hello is lost with Bob.
  net.down('bob')
  net.run(net.now + 100)
  net.wire = (message, _from, _to, latency) => (message.type === 'request' ? null : [message, latency])
  net.up('bob')
  net.run(net.now + 200)
  expect(books(net, 'bob').received).toBe(FEE)
  net.wire = (message, _from, _to, latency) => [message, latency]
  net.down('bob')
  net.up('bob')
  net.run()
  expect(net.outcomes('alex').map(({ outcome }) => outcome.kind)).toEqual(['response'])
  expect([books(net, 'alex').paid, books(net, 'bob').received]).toEqual([FEE, FEE])
})

test('a payee that dies between what it keeps of one request still takes what was paid', () => {
  for (let effects = 0; effects < 6; effects++) {
    const net = alone()
    net.fuse = { node: 'bob', effects, gap: 300 }
    net.ask('alex', 'bob', [1n], { service: 20_000 })
    net.run()
    expect([effects, net.outcomes('alex').map(({ outcome }) => outcome.kind)]).toEqual([effects, ['response']])
    expect([effects, books(net, 'alex').paid]).toEqual([effects, FEE])
  }
})

test.each(['records', 'snapshot'])(
  'late fees that were paid are not spent a second time after a crash, with the %s kept',
  (what) => {
    const net = alone()
    net.service = (_, payload) => [payload, 5_000]
    net.ask('alex', 'bob', [1n], { hold: 20_000 })
    net.run()
    expect(books(net, 'alex').received).toBe(100n * 5_000n)
    const alex = net.members.get('alex')!
    if (what === 'snapshot') alex.kept = [...alex.machine.snapshot()]
    net.down('alex')
    net.up('alex')
    // Bob asks without paying.
    net.wire = (message, _from, _to, latency) => [
      message.type === 'request' ? { ...message, voucher: null } : message,
      latency,
    ]
    net.run()
    net.ask('bob', 'alex', [1n])
    net.run()
    expect(net.outcomes('bob').at(-1)!.outcome).toEqual({ kind: 'refused', reason: 'voucher' })
  },
)

test('a disk restored from an older copy gives nobody for free what it served before', () => {
  const net = new Net([{ ends: ['alex', 'alice'] }, { ends: ['alice', 'bob'] }])
  for (let n = 0; n < 3; n++) net.ask('bob', 'alex', [2n, 1n])
  net.run()
  net.ask('alex', 'bob', [1n, 2n])
  net.run()
  const alice = net.members.get('alice')!
  alice.kept = []
  net.down('alice')
  net.up('alice')
  net.run()
  const paid = alice.machine.edge(1n)!.paid
  net.wire = (message, from, _to, latency) => [
    message.type === 'request' && from === 'bob' ? { ...message, voucher: null } : message,
    latency,
  ]
  net.ask('bob', 'alex', [2n, 1n])
  net.run()
  expect(net.outcomes('bob').at(-1)!.outcome).toEqual({ kind: 'refused', reason: 'voucher' })
  expect(alice.machine.edge(1n)!.paid).toBe(paid)
})
