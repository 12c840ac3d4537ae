// The attacks of the specification, §6, that a node's machine has to withstand; each under its number. The contract's
// and the requester's are tested there.
import { utf8 } from '@dcml/protocol'
import { requestHash } from '@dcml/protocol/por'
import { expect, test } from 'vitest'
import { type Message, REFUSALS } from '../wire/messages.ts'
import { keepWhatPays } from './patience.ts'
import { Net, saying } from './testing/net.ts'
import type { NodeConfig, Patience } from './types.ts'

const line = (...names: string[]) => names.slice(1).map((name, at) => ({ ends: [names[at]!, name] as const }))
const four = (config: (account: string) => Partial<NodeConfig> = () => ({})) =>
  new Net(line('alex', 'alice', 'bob', 'carol'), config)
const PATH = [1n, 2n, 3n]
const WAIT: Patience = () => 'wait'

/** Puts words into a neighbour's mouth. */
const say = (net: Net, to: string, edgeId: bigint, message: Message): void =>
  net.tell(to, { kind: 'message', edgeId, message })

const refusals = (net: Net): string[] =>
  net.all('send').flatMap(({ effect: { message } }) => (message.type === 'refuse' ? REFUSALS[message.reason]! : []))

test('A1 a late response claimed as timely: its fee is missed by the receiver’s clock, and the edge is cut by its profit', () => {
  const net = four((account) => ({ patience: account === 'alice' ? keepWhatPays : WAIT }))
  net.service = (_, payload) => [payload, 3_000]
  // Bob pays nothing for being late, ever.
  net.wire = saying('bob', (message) =>
    message.type === 'sync'
      ? { ...message, late: [], voucher: null }
      : message.type === 'response'
        ? { ...message, voucher: null }
        : message,
  )
  net.ask('alex', 'carol', PATH)
  net.run()
  const [end] = net.outcomes('alex')
  expect(end!.outcome.kind).toBe('broken')
  expect(end!.outcome).toMatchObject({ edgeId: 2n })
  // The requester was paid by Alice all the same.
  const paid = net.all('late').reduce((sum, { effect }) => sum + effect.amount, 0n)
  expect(paid).toBe(100n * BigInt(end!.at - 600))
})

test('A1 debts beyond the limit cost the edge, though the response was good', () => {
  const net = four((account) => ({ patience: WAIT, debtLimit: account === 'alice' ? 100_000n : 10n ** 15n }))
  net.service = (_, payload) => [payload, 5_000]
  net.wire = saying('bob', (message) =>
    message.type === 'sync'
      ? { ...message, late: [], voucher: null }
      : message.type === 'response'
        ? { ...message, voucher: null }
        : message,
  )
  net.ask('alex', 'carol', PATH)
  net.run()
  expect(
    net.all('note').find(({ node, effect }) => node === 'alice' && effect.note.what === 'severed')?.effect.note.why,
  ).toBe('debt')
  expect(net.edges.get(2n)!.status).toBe('severed')
})

test('A2 paying ρ for ever instead of answering ends at the hard deadline', () => {
  const net = four(() => ({ patience: WAIT }))
  net.service = () => null
  net.wire = saying('carol', (message) => (message.type === 'response' ? null : message))
  net.ask('alex', 'carol', PATH, { hold: 8_000 })
  net.run()
  const [end] = net.outcomes('alex')
  expect(end!.outcome).toMatchObject({ kind: 'broken', edgeId: 3n })
  expect(end!.at).toBeLessThanOrEqual(600 + 8_000)
  const paid = net.all('late').reduce((sum, { effect }) => sum + effect.amount, 0n)
  expect(paid).toBe(100n * BigInt(end!.at - 600))
})

test('A3 a relay that would have to pay long before it is paid refuses beyond its cap', () => {
  const links = [
    { ends: ['alex', 'alice'], params: { sync: 500 } },
    { ends: ['alice', 'bob'], params: { sync: 5_000 } },
  ] as const
  const ask = (waitCap: bigint) => {
    const net = new Net(links, (account) => ({ patience: WAIT, ...(account === 'alice' && { waitCap }) }))
    net.ask('alex', 'bob', [1n, 2n])
    net.run()
    return net.outcomes('alex')[0]!.outcome
  }
  expect(ask(100n * 4_500n).kind).toBe('response')
  expect(ask(100n * 4_500n - 1n)).toEqual({ kind: 'refused', reason: 'reserve' })
})

test('A3 a rate outside of an edge’s range is refused before anything is owed', () => {
  const net = new Net([...line('alex', 'alice'), { ends: ['alice', 'bob'], params: { maxLateRate: 99n } }])
  net.ask('alex', 'bob', [1n, 2n])
  expect(net.outcomes('alex')[0]!.outcome).toEqual({ kind: 'refused', reason: 'fee' })
})

test('A4 a cut is submitted by everyone who sees it', () => {
  const net = four()
  net.down('carol')
  net.ask('alex', 'carol', PATH)
  net.run()
  expect(net.all('submit').map(({ node }) => node)).toEqual(['bob', 'alice', 'alex'])
})

test('A5 a hold beyond the notice of a closing edge is refused, and what is under way on it is still served', () => {
  const net = four()
  net.ask('alex', 'carol', PATH, { hold: 600_001 })
  expect(net.outcomes('alex')[0]!.outcome).toEqual({ kind: 'refused', reason: 'budget' })
  net.service = (_, payload) => [payload, 2_000]
  net.ask('alex', 'carol', PATH, { service: 3_000 })
  net.run(net.now + 1_000)
  net.edges.set(3n, { ...net.edges.get(3n)!, status: 'closing' })
  for (const name of net.members.keys()) net.tell(name, { kind: 'edge', edgeId: 3n })
  net.run()
  expect(net.outcomes('alex')[1]!.outcome.kind).toBe('response')
  net.ask('alex', 'carol', PATH)
  expect(net.outcomes('alex')[2]!.outcome).toEqual({ kind: 'refused', reason: 'closing' })
})

test('A11 slow requests take slots and reserves, and no more than there are', () => {
  const reserve = 100n * 30_000n
  const net = new Net([{ ends: ['alex', 'bob'], deposit: 3n * reserve + 100_000n, params: { maxInflight: 10 } }])
  net.service = () => null
  for (let n = 0; n < 5; n++) net.ask('alex', 'bob', [1n])
  net.run(net.now + 500)
  const books = net.members.get('bob')!.machine.edge(1n)!
  expect(books.inbound).toBe(3)
  expect(books.reserved).toBe(3n * reserve)
  expect(net.outcomes('alex').map(({ outcome }) => outcome)).toEqual(
    Array(2).fill({ kind: 'refused', reason: 'reserve' }),
  )
})

test('A18 a node that was suspended blames nobody for what it did not read, and pays for no time that was not', () => {
  const net = four()
  net.service = (_, payload) => [payload, 100]
  net.ask('alex', 'carol', PATH, { service: 500 })
  net.run(net.start + 150)
  // Alice sleeps past her ack timer; what comes for her waits.
  const { machine } = net.members.get('alice')!
  net.members.get('alice')!.isDown = true
  const waiting: Message[] = []
  net.wire = (message, _from, to, latency) => {
    if (to === 'alice') waiting.push(message)
    return [message, latency]
  }
  net.run(net.start + 1_550)
  net.members.get('alice')!.isDown = false
  net.tell('alice', { kind: 'wake' })
  for (const message of waiting) if (message.type !== 'sync') say(net, 'alice', 2n, message)
  net.run()
  expect(net.edges.get(2n)!.status).toBe('active')
  expect(machine.edge(2n)!.debt).toBe(0n)
  // A clock that goes back stands still.
  expect(machine.handle({ kind: 'wake' }, 0)).toEqual([])
})

test('A19 a neighbour that vanishes owes no more than its credit', () => {
  const credit = 10_000n
  const net = new Net(line('alex', 'alice', 'bob'), () => ({ credit, batch: { requests: 1_000, ms: 60_000 } }))
  net.wire = saying('alex', (message) =>
    message.type === 'request' ? { ...message, voucher: null } : message.type === 'pay' ? null : message,
  )
  for (let n = 0; n < 20; n++) net.ask('alex', 'bob', [1n, 2n])
  net.run()
  const taken = net.all('keep').filter(({ node, effect }) => node === 'alice' && effect.record.kind === 'accepted')
  expect(taken.length).toBe(Number(credit / 2_210n))
  expect(net.members.get('alice')!.machine.edge(1n)!.received).toBe(0n)
})

test('A20 a neighbour’s requests are as many as its bucket holds, and each that is taken is paid', () => {
  const net = new Net(line('alex', 'alice', 'bob'), (account) =>
    account === 'alice' ? { rate: { perSecond: 10, burst: 5 } } : {},
  )
  for (let n = 0; n < 20; n++) net.ask('alex', 'bob', [1n, 2n])
  net.run(net.now + 500)
  expect(refusals(net)).toEqual(Array(15).fill('rate'))
  expect(net.outcomes('alex').filter(({ outcome }) => outcome.kind === 'refused').length).toBe(15)
  for (let n = 0; n < 20; n++) net.ask('alex', 'bob', [1n, 2n])
  net.run(net.now + 60_000)
  expect(net.outcomes('alex').filter(({ outcome }) => outcome.kind === 'response').length).toBe(10)
  expect(net.members.get('alice')!.machine.edge(1n)!.received >= 10n * 2_210n).toBe(true)
})

test('A20 paths that are none, or lead through a node twice, are refused', () => {
  const net = new Net([...line('alex', 'alice', 'bob', 'carol'), { ends: ['carol', 'alice'] }])
  for (const path of [[], [1n, 3n], [2n, 3n], [9n], [1n, 2n], [1n, 4n, 3n, 2n, 4n], [1n, 1n, 1n]])
    net.ask(
      'alex',
      'carol',
      path.filter((id) => net.edges.has(id)),
    )
  expect(
    new Set(net.outcomes('alex').map(({ outcome }) => (outcome.kind === 'refused' ? outcome.reason : outcome.kind))),
  ).toEqual(new Set(['stale']))
  const ask = net.prepare('alex', 'carol', PATH)
  expect(requestHash(ask.request.body).length).toBe(32)
  net.tell('alex', { kind: 'ask', ask: { ...ask, payload: utf8('other') } })
  net.tell('alex', { kind: 'ask', ask: { ...ask, fee: ask.fee - 1n } })
  expect(
    net
      .outcomes('alex')
      .slice(-2)
      .map(({ outcome }) => outcome),
  ).toEqual([
    { kind: 'refused', reason: 'payload' },
    { kind: 'refused', reason: 'fee' },
  ])
})

/** Alice relays for Alex to Bob; Bob answers as late as he can, and says in his settlements what he likes. */
function latecomer(settle: (message: Extract<Message, { type: 'sync' }>) => Message | null) {
  const net = new Net(line('alex', 'alice', 'bob'), (account) => ({
    patience: account === 'alice' ? keepWhatPays : WAIT,
  }))
  net.service = () => null
  net.wire = saying('bob', (message) => (message.type === 'sync' ? settle(message) : message))
  net.ask('alex', 'bob', [1n, 2n], { hold: 20_000 })
  net.run()
  const cut = net.all('note').find(({ node, effect }) => node === 'alice' && effect.note.what === 'severed')
  const { paid } = net.members.get('alice')!.machine.edge(1n)!
  return { at: cut?.at ?? Number.POSITIVE_INFINITY, paid }
}
const JUNK = Array.from({ length: 1_024 }, () => ({ requestHash: new Uint8Array(32), lateness: 1, amount: 1n }))

test.each([
  ['lists that are full of nothing', (message) => ({ ...message, late: JUNK, voucher: null })],
  ['one settlement that never ends', (message) => ({ ...message, tick: 1, late: JUNK, voucher: null })],
  ['the first settlement over and over', (message) => ({ ...message, tick: 1, late: [], voucher: null })],
] as [string, (message: Extract<Message, { type: 'sync' }>) => Message][])(
  'a debtor that pays with %s is found out within three settlements',
  (_, settle) => {
    const { at, paid } = latecomer(settle)
    expect(at).toBeLessThan(400 + 3 * 1_000 + 1_000)
    expect(paid).toBeLessThanOrEqual(100n * 4_000n)
  },
)

test('I20 an old settlement that comes again is no new one', () => {
  const net = new Net(line('alex', 'bob'), () => ({ patience: () => 'sever', guard: 500 }))
  net.service = (_, payload) => [payload, 6_000]
  let first: Message | null = null
  net.wire = (message, _from, to, latency) => {
    if (message.type === 'sync' && to === 'alex') first ??= message
    return [message, latency]
  }
  net.ask('alex', 'bob', [1n])
  for (let at = 2_050; at < 6_000; at += 100) {
    net.run(net.start + at)
    if (at % 1_000 > 900) say(net, 'alex', 1n, first!)
  }
  net.run()
  expect(net.outcomes('alex').map(({ outcome }) => outcome.kind)).toEqual(['response'])
})

test('an edge that begins to close costs nobody on the way who had not heard of it', () => {
  for (const id of [2n, 3n]) {
    const net = four(() => ({ patience: WAIT, credit: 1_000_000n }))
    const close = (names: readonly string[]) => {
      for (const name of names) net.tell(name, { kind: 'edge', edgeId: id })
    }
    const ask = net.prepare('alex', 'carol', PATH)
    net.tell('alex', { kind: 'ask', ask })
    net.run(net.start + 150)
    net.edges.set(id, { ...net.edges.get(id)!, status: 'closing' })
    close(['bob', 'carol'])
    net.run(net.start + 60_000)
    expect(net.outcomes('alex').map(({ outcome }) => outcome.kind)).toEqual(['response'])
    // Later, everyone has heard.
    close(['alex', 'alice'])
    net.run(net.now + 61_000)
    net.ask('alex', 'carol', PATH)
    expect(net.outcomes('alex').at(-1)!.outcome).toEqual({ kind: 'refused', reason: 'closing' })
    say(net, 'bob', 2n, { type: 'request', ...late(net), edgeId: 2n, path: [3n] })
    expect(refusals(net)).toEqual(['closing'])
  }
})

const late = (net: Net) => {
  const { request, payload, fee } = net.prepare('alex', 'carol', PATH)
  return { request, payload, fee, soft: 400, hard: 20_000, voucher: null }
}
