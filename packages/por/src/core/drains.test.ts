// A requester and a recipient in league around one honest relay (I6): what it pays onward, it was paid, but for what its
// operator risks.
import { expect, test } from 'vitest'
import { type Message, REFUSALS } from '../wire/messages.ts'
import { Net, saying } from './testing/net.ts'
import type { NodeConfig, Patience } from './types.ts'

const WAIT: Patience = () => 'wait'
const FEE = 1_105n

/** Alex and Bob are in league; Alice relays. */
function around(config: Partial<NodeConfig>, say: (message: Message, net: Net) => Message | null) {
  const net = new Net([{ ends: ['alex', 'alice'] }, { ends: ['alice', 'bob'] }], (account) =>
    account === 'alice' ? config : { patience: WAIT },
  )
  net.wire = saying('bob', (message) => say(message, net))
  const books = (id: bigint) => net.members.get('alice')!.machine.edge(id)!
  const gain = () => books(1n).received - books(1n).paid + books(2n).received - books(2n).paid
  return { net, books, gain }
}

test('a neighbour that takes every voucher and says that it has none is paid once, and a little', () => {
  const debtLimit = 3n * FEE
  const { net, books } = around({ patience: WAIT, debtLimit }, (message) =>
    message.type === 'ack'
      ? { ...message, type: 'refuse', reason: REFUSALS.indexOf('voucher') }
      : message.type === 'response' || message.type === 'sync'
        ? null
        : message,
  )
  net.service = () => null
  net.ask('alex', 'bob', [1n, 2n], { service: 3_000 })
  net.run()
  expect(books(2n).paid).toBeLessThanOrEqual(FEE + debtLimit + FEE)
  expect(net.edges.get(2n)!.status).toBe('severed')
})

test('a neighbour that comes and goes, and acknowledges nothing, is judged as one that stays', () => {
  const waitCap = 100n * 3_000n
  const { net, gain } = around({ patience: WAIT, waitCap }, (message) => (message.type === 'hello' ? message : null))
  net.service = () => null
  for (let n = 0; n < 5; n++) net.ask('alex', 'bob', [1n, 2n], { service: 2_000 })
  for (let at = 500; at < 40_000; at += 500) net.at(net.start + at, () => net.reconnect(2n))
  net.run(net.start + 60_000)
  expect(gain()).toBeGreaterThanOrEqual(-5n * (waitCap + 100n * 1_600n))
})

test('a neighbour that acknowledges late, and by its own clock in time, is judged by what waiting costs', () => {
  const waitCap = 100n * 3_000n
  const { net, gain } = around({ patience: WAIT, waitCap }, (message, { now, start }) =>
    message.type === 'hello' || now - start > 25_000 ? message : null,
  )
  net.ask('alex', 'bob', [1n, 2n], { service: 2_000 })
  for (let at = 500; at < 25_000; at += 500) net.at(net.start + at, () => net.reconnect(2n))
  net.run(net.start + 60_000)
  expect(gain()).toBeGreaterThanOrEqual(-waitCap - 100n * 1_600n)
})

test('a neighbour that begins its clock anew with every request’s second session is kept while it pays', () => {
  const limit = 100n * 10_000n
  const patience: Patience = ({ profit }) => (profit < -limit ? 'sever' : 'wait')
  const { net, gain } = around({ patience }, (message) => message)
  // Bob takes a request up with the third session, 1.5 s later, and then answers as late as he may.
  net.service = (_, payload) => [payload, 4_900]
  net.wire = (message, _from, to, latency) =>
    message.type === 'request' && to === 'bob' && (net.now - net.start) % 10_000 < 1_200 ? null : [message, latency]
  for (let at = 0; at < 300_000; at += 10_000) {
    net.at(net.start + at, () => net.ask('alex', 'bob', [1n, 2n], { service: 5_000, lateRate: 1_000n }))
    for (const later of [600, 1_250]) net.at(net.start + at + later, () => net.reconnect(2n))
  }
  net.run(net.start + 310_000)
  expect(net.edges.get(2n)!.status).toBe('severed')
  expect(gain()).toBeGreaterThan(-limit * 4n)
})

test('a neighbour that is short by no more than jitter, each time, is cut at what its like may cost', () => {
  const waitCap = 10_000n * 2_000n
  const { net, gain } = around({ patience: WAIT, waitCap }, (message) =>
    message.type === 'response' || message.type === 'sync' ? { ...message, voucher: null } : message,
  )
  net.service = (_, payload) => [payload, 400]
  for (let at = 0; at < 60_000; at += 2_000)
    net.at(net.start + at, () => net.ask('alex', 'bob', [1n, 2n], { lateRate: 10_000n }))
  net.run()
  expect(gain()).toBeGreaterThanOrEqual(-waitCap - 10_000n * 500n)
  expect(net.edges.get(2n)!.status).toBe('severed')
})
