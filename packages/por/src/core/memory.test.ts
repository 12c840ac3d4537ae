// What a neighbour that pays for every request can have this node remember.
import { expect, test } from 'vitest'
import { Net } from './testing/net.ts'

test('results of long deadlines are kept up to a limit, the newest of them, by relay and recipient', () => {
  const net = new Net([{ ends: ['alex', 'alice'] }, { ends: ['alice', 'bob'] }], () => ({ cache: 20 * 2_048 }))
  net.service = () => [new Uint8Array(1_024), 0]
  for (let n = 0; n < 100; n++) net.ask('alex', 'bob', [1n, 2n], { maxResponse: 1_024, hold: 600_000 })
  net.run(net.now + 5_000)
  for (const name of ['alice', 'bob']) {
    const { machine } = net.members.get(name)!
    expect(machine.snapshot().filter(({ kind }) => kind === 'resolved').length).toBe(20)
    const forgotten = net.all('keep').filter(({ node, effect }) => node === name && effect.record.kind === 'forgotten')
    expect(forgotten.length).toBe(80)
  }
  expect(net.outcomes('alex').length).toBe(100)
  net.run()
  for (const { machine } of net.members.values())
    expect(machine.snapshot().every(({ kind }) => kind !== 'resolved')).toBe(true)
})
