import { expect, test } from 'vitest'
import { Net } from './testing/net.ts'

const line = (...names: string[]) => names.slice(1).map((name, at) => ({ ends: [names[at]!, name] as const }))
const four = () => new Net(line('alex', 'alice', 'bob', 'carol'))
const PATH = [1n, 2n, 3n]

test('a node that crashed takes up what it kept, and pays for nothing twice', () => {
  for (const victim of ['alex', 'alice', 'bob', 'carol'])
    for (const crashAt of [0, 150, 250, 350, 450, 550]) {
      const net = four()
      net.service = (_, payload) => [payload, 100]
      net.ask('alex', 'carol', PATH, { service: 3_000 })
      net.run(net.start + crashAt)
      net.down(victim)
      net.run(net.now + 200)
      net.up(victim)
      net.run()
      const own = net.outcomes('alex')
      expect([victim, crashAt, own.map(({ outcome }) => outcome.kind)]).toEqual([victim, crashAt, ['response']])
      const books = net.members.get('alice')!.machine.edge(2n)!
      expect([victim, crashAt, books.paid]).toEqual([victim, crashAt, 2n * 1_105n])
    }
})

test('a node that was away past the deadline cuts', () => {
  const net = new Net(line('alex', 'alice', 'bob', 'carol'), () => ({ patience: () => 'wait' }))
  net.service = () => null
  net.wire = (message, from, to, latency, now) =>
    from === 'carol' && to === 'bob' && now > net.start ? null : [message, latency]
  net.ask('alex', 'carol', PATH)
  net.run(net.start + 1_000)
  net.down('bob')
  net.run(net.start + 29_500)
  net.up('bob')
  net.run()
  expect(net.outcomes('alex').map(({ outcome }) => outcome.kind)).toEqual(['broken'])
})

test('a snapshot stands for all that was kept', () => {
  const net = four()
  net.service = (_, payload) => [payload, 5_000]
  net.ask('alex', 'carol', PATH, { service: 10_000 })
  net.run(net.now + 1_000)
  for (const name of ['alex', 'alice', 'bob', 'carol']) {
    const member = net.members.get(name)!
    member.kept = [...member.machine.snapshot()]
    net.down(name)
    net.run(net.now + 10)
    net.up(name)
  }
  net.run()
  expect(net.outcomes('alex').map(({ outcome }) => outcome.kind)).toEqual(['response'])
  expect(net.members.get('carol')!.machine.edge(3n)!.received).toBe(1_105n)
})

test('what one side forgot in a crash, the other’s hello brings back', () => {
  const net = four()
  net.ask('alex', 'carol', PATH)
  net.run()
  const alice = net.members.get('alice')!
  const before = alice.machine.edge(1n)!
  alice.kept = []
  net.down('alice')
  net.up('alice')
  net.run()
  expect(alice.machine.edge(1n)).toMatchObject({ paid: before.paid, received: before.received })
  expect(alice.machine.edge(2n)!.paid).toBe(2n * 1_105n)
})
