import { utf8 } from '@dcml/protocol'
import { expect, test } from 'vitest'
import { MAX_LATE, type Message } from '../wire/messages.ts'
import { createMachine } from './machine.ts'
import { cutTheSilent, keepWhatPays } from './patience.ts'
import { cheapSigner, cheapVerify } from './testing/crypto.ts'
import { CHAIN, CONFIG } from './testing/defaults.ts'
import { Net } from './testing/net.ts'

const line = (...names: string[]) => names.slice(1).map((name, at) => ({ ends: [names[at]!, name] as const }))
const four = () => new Net(line('alex', 'alice', 'bob', 'carol'))
const PATH = [1n, 2n, 3n]

const messagesOf = (net: Net, type: Message['type']): { at: number; node: string }[] =>
  net.all('send').filter(({ effect }) => effect.message.type === type)

test('a request goes out and its response comes back, each hop paid and nothing owed for time', () => {
  const net = four()
  net.ask('alex', 'carol', PATH)
  net.run()
  const [first] = net.outcomes('alex')
  expect(first?.at).toBe(600)
  expect(first?.outcome).toMatchObject({ kind: 'response', payload: utf8('hello') })
  const price = 1_000n + 105n
  const paid = (id: bigint, by: string) => net.members.get(by)!.machine.edge(id)!
  expect(paid(1n, 'alex').paid).toBe(3n * price)
  expect(paid(2n, 'alice').paid).toBe(2n * price)
  expect(paid(3n, 'bob').paid).toBe(price)
  expect(paid(3n, 'carol').received).toBe(price)
  expect(net.all('late')).toEqual([])
  for (const { machine } of net.members.values()) expect(machine.inflight).toBe(0)
  expect(paid(1n, 'alice').reserved).toBe(0n)
})

test('hops report how long they held it, the recipient first', () => {
  const net = four()
  net.service = (_, payload) => [payload, 30]
  net.ask('alex', 'carol', PATH)
  net.run()
  expect(net.outcomes('alex')[0]?.outcome).toMatchObject({ holds: [30, 230, 430, 630] })
})

test('what is kept is kept before anything is said of it', () => {
  const net = four()
  net.ask('alex', 'carol', PATH)
  net.run()
  const kinds = net.seen
    .filter(({ node, effect }) => node === 'alice' && effect.kind !== 'note')
    .map(({ effect }) =>
      effect.kind === 'keep' ? effect.record.kind : effect.kind === 'send' ? effect.message.type : effect.kind,
    )
  expect(kinds).toEqual(['received', 'accepted', 'ack', 'sent', 'request', 'resolved', 'response', 'forgotten'])
})

test('a voucher pays for a batch where there is credit', () => {
  const net = new Net(line('alex', 'alice', 'bob'), () => ({ credit: 10n ** 9n }))
  for (let n = 0; n < 40; n++) net.ask('alex', 'bob', [1n, 2n])
  net.run()
  expect(net.outcomes('alex').length).toBe(40)
  const vouchers = net.all('keep').filter(({ node, effect }) => node === 'alex' && effect.record.kind === 'sent')
  expect(vouchers.length).toBe(2)
  expect(messagesOf(net, 'pay').some(({ node }) => node === 'alex')).toBe(true)
  const books = net.members.get('alice')!.machine.edge(1n)!
  expect(books.received).toBe(net.members.get('alex')!.machine.edge(1n)!.paid)
  expect(books.received).toBe(40n * 2n * 1_105n)
})

test('a neighbour that gives no credit is paid with each request from its first refusal on', () => {
  const net = new Net(line('alex', 'alice', 'bob'), (account) => ({ credit: account === 'alice' ? 10n ** 9n : 0n }))
  net.ask('alex', 'bob', [1n, 2n])
  net.run()
  expect(net.outcomes('alex')[0]?.outcome.kind).toBe('response')
  expect(messagesOf(net, 'refuse').length).toBe(1)
})

test('requests beyond the neighbour’s window wait their turn', () => {
  const net = new Net([...line('alex', 'alice'), { ends: ['alice', 'bob'], params: { maxInflight: 2 } }])
  net.service = (_, payload) => [payload, 200]
  for (let n = 0; n < 5; n++) net.ask('alex', 'bob', [1n, 2n], { service: 5_000 })
  let most = 0
  for (let t = 0; t < 3_000; t += 50) {
    net.run(net.start + t)
    most = Math.max(most, net.members.get('bob')!.machine.edge(2n)!.inbound)
  }
  net.run()
  expect(most).toBe(2)
  expect(net.outcomes('alex').map(({ outcome }) => outcome.kind)).toEqual(Array(5).fill('response'))
})

test('a request that waits in the queue until its budget is spent ends with the cut of that edge (paper §3.2)', () => {
  const net = new Net([...line('alex', 'alice'), { ends: ['alice', 'bob'], params: { maxInflight: 1 } }], () => ({
    patience: () => 'wait',
  }))
  net.service = () => null
  net.ask('alex', 'bob', [1n, 2n], { service: 60_000, hold: 20_000 })
  net.run(net.now + 1_000)
  net.ask('alex', 'bob', [1n, 2n], { hold: 10_000 })
  net.run()
  const kinds = net.outcomes('alex')
  expect(kinds.map(({ outcome }) => outcome.kind)).toEqual(['broken', 'broken'])
  expect(kinds[1]!.at).toBeLessThanOrEqual(1_000 + 400 + 10_000)
  expect(net.all('note').find(({ effect }) => effect.note.what === 'severed')?.effect.note.why).toBe('congestion')
})

test('a service that fails to answer costs no edge: the recipient signs that it failed', () => {
  const net = four()
  net.service = () => null
  net.ask('alex', 'carol', PATH)
  net.run()
  expect(net.outcomes('alex')[0]?.outcome).toMatchObject({ kind: 'response', response: { body: { status: 2 } } })
  expect(net.all('submit')).toEqual([])
})

test('a recipient without the application says so', () => {
  const net = four()
  net.ask('alex', 'carol', PATH, { app: 'other' })
  net.run()
  expect(net.outcomes('alex')[0]?.outcome).toMatchObject({ kind: 'response', response: { body: { status: 1 } } })
})

test('the same request over another path gets the same answer, made once', () => {
  const net = new Net([...line('alex', 'alice', 'carol'), { ends: ['alex', 'bob'] }, { ends: ['bob', 'carol'] }])
  const id = new Uint8Array(32).fill(7)
  net.ask('alex', 'carol', [1n, 2n], { id })
  net.run(net.now + 1_000)
  net.ask('alex', 'carol', [3n, 4n], { id })
  net.run()
  expect(net.all('serve').length).toBe(1)
  expect(net.outcomes('alex').map(({ outcome }) => outcome.kind)).toEqual(['response', 'response'])
})

test('a dropped session is no silence: what was under way is asked again, and answered', () => {
  const net = four()
  net.service = (_, payload) => [payload, 300]
  net.ask('alex', 'carol', PATH, { service: 1_000 })
  net.run(net.now + 320)
  // Carol serves; her answer falls into the gap.
  net.disconnect(3n)
  net.run(net.now + 600)
  net.connect(3n)
  net.run()
  expect(net.outcomes('alex').map(({ outcome }) => outcome.kind)).toEqual(['response'])
  expect(net.all('serve').length).toBe(1)
  expect(net.all('submit')).toEqual([])
})

test('a session that begins wrongly, or speaks of another edge, is dropped', () => {
  const { graph } = four()
  const machine = createMachine(
    { ...CONFIG, account: 'alice' },
    { signer: cheapSigner('alice'), verify: cheapVerify },
    graph,
  )
  const ack = { type: 'ack', requestHash: new Uint8Array(32), edgeId: 1n, window: 1 } as const
  const hello = {
    type: 'hello',
    version: 1,
    ...CHAIN,
    account: 'mallory',
    edgeId: 1n,
    paid: null,
    received: null,
    window: 9,
  } as const
  const codes = (message: Message) =>
    machine
      .handle({ kind: 'message', edgeId: 1n, message }, 0)
      .flatMap((effect) => (effect.kind === 'drop' ? effect.code : []))
  machine.handle({ kind: 'connected', edgeId: 1n }, 0)
  expect(codes(ack)).toEqual(['no_hello'])
  machine.handle({ kind: 'connected', edgeId: 1n }, 0)
  expect(codes({ ...ack, edgeId: 2n })).toEqual(['wrong_edge'])
  machine.handle({ kind: 'connected', edgeId: 1n }, 0)
  expect(codes(hello)).toEqual(['wrong_hello'])
  expect(machine.edge(3n)).toBeNull()
})

test('the operator’s cut ends what goes over the edge', () => {
  const net = four()
  net.service = () => null
  net.ask('alex', 'carol', PATH, { service: 9_000 })
  net.run(net.now + 1_000)
  net.tell('carol', { kind: 'cut', edgeId: 3n })
  net.run()
  const [end] = net.outcomes('alex')
  expect(end?.outcome).toMatchObject({ kind: 'broken', edgeId: 3n })
  expect(end?.at).toBe(1_000 + 300)
  expect(net.edges.get(3n)!.status).toBe('severed')
})

test('a cut that only the chain shows ends what goes over the edge', () => {
  const net = new Net(line('alex', 'alice', 'bob', 'carol'), () => ({ patience: () => 'wait' }))
  net.service = () => null
  net.ask('alex', 'carol', PATH, { service: 9_000 })
  net.run(net.now + 1_000)
  net.severed(3n)
  net.run()
  expect(net.outcomes('alex')).toMatchObject([{ at: 1_000, outcome: { kind: 'broken', edgeId: 3n, cert: null } }])
})

test('a request over an edge that the next node cut is answered with the cut', () => {
  const net = four()
  net.finality = 60_000
  net.tell('carol', { kind: 'cut', edgeId: 3n })
  net.ask('alex', 'carol', PATH)
  net.run(net.now + 1_000)
  expect(net.outcomes('alex')).toMatchObject([{ at: 600, outcome: { kind: 'broken', edgeId: 3n } }])
})

test('a neighbour whose last payment is still on its way, as the chain is quicker, is not blamed', () => {
  const net = four()
  net.wire = (message, from, _to, latency) =>
    from === 'carol' && message.type === 'response' ? null : [message, latency]
  net.ask('alex', 'carol', PATH)
  net.run(net.start + 1_350)
  net.severed(3n)
  net.run()
  expect(net.outcomes('alex').map(({ outcome }) => outcome)).toMatchObject([{ kind: 'broken', edgeId: 3n }])
  expect([1n, 2n].map((id) => net.edges.get(id)!.status)).toEqual(['active', 'active'])
  expect(net.members.get('alice')!.machine.edge(2n)!.debt).toBe(0n)
})

test('a request over an edge that is gone ends with that, and the requester’s own check refuses it at once', () => {
  const net = four()
  const ask = net.prepare('alex', 'carol', PATH)
  net.tell('bob', { kind: 'cut', edgeId: 3n })
  net.tell('alex', { kind: 'ask', ask })
  net.run()
  expect(net.outcomes('alex')[0]?.outcome).toMatchObject({ kind: 'broken', edgeId: 3n })
  expect(net.outcomes('alex')[0]?.at).toBe(600 - 200)
  net.ask('alex', 'carol', PATH)
  expect(net.outcomes('alex')[1]?.outcome).toEqual({ kind: 'refused', reason: 'stale' })
})

test('a settlement of more than one message’s worth is settled whole', () => {
  const many = MAX_LATE + 10
  const net = new Net([{ ends: ['alex', 'alice'], params: { maxInflight: 2_000 } }])
  net.service = () => null
  for (let n = 0; n < many; n++) net.ask('alex', 'alice', [1n])
  net.run(net.start + 1_150)
  const syncs = net.all('send').flatMap(({ effect: { message } }) => (message.type === 'sync' ? message : []))
  expect(syncs.map(({ late }) => late.length)).toEqual([MAX_LATE, 10])
  net.run(net.start + 1_250)
  expect(net.all('late').length).toBe(many)
})

test('settlements fall into the phase that is configured', () => {
  const net = new Net(line('alex', 'alice'), () => ({ phase: () => 300 }))
  net.service = () => null
  net.ask('alex', 'alice', [1n])
  net.run(net.start + 3_500)
  const ticks = messagesOf(net, 'sync').map(({ at }) => (at + net.start) % 1_000)
  expect(ticks).toEqual([300, 300, 300, 300])
})

test('policies: one keeps what pays, the other cuts the silent', () => {
  const trouble = { edgeId: 1n, requestHash: new Uint8Array(32), lateness: 0, outOfPocket: 0n }
  expect(keepWhatPays({ ...trouble, cause: 'no-ack', profit: 0n })).toBe('wait')
  expect(keepWhatPays({ ...trouble, cause: 'late', profit: -1n })).toBe('sever')
  expect(cutTheSilent({ ...trouble, cause: 'no-ack', profit: 5n })).toBe('sever')
  expect(cutTheSilent({ ...trouble, cause: 'underpaid', profit: 5n })).toBe('wait')
})
