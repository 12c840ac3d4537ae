// Attacks A13 to A15 of the specification, §6: what is too long, forged, or heard before.

import { utf8 } from '@dcml/protocol'
import { porRequest, porResponse, porVoucher, severCert, sign } from '@dcml/protocol/por'
import { sha256 } from '@noble/hashes/sha2.js'
import { expect, test } from 'vitest'
import { type Message, REFUSALS } from '../wire/messages.ts'
import { CHAIN } from './testing/defaults.ts'
import { Net, saying } from './testing/net.ts'

const line = (...names: string[]) => names.slice(1).map((name, at) => ({ ends: [names[at]!, name] as const }))
const four = () => new Net(line('alex', 'alice', 'bob', 'carol'))
const PATH = [1n, 2n, 3n]

/** Puts words into a neighbour's mouth. */
const say = (net: Net, to: string, edgeId: bigint, message: Message): void =>
  net.tell(to, { kind: 'message', edgeId, message })

const refusals = (net: Net): string[] =>
  net.all('send').flatMap(({ effect: { message } }) => (message.type === 'refuse' ? REFUSALS[message.reason]! : []))

test('A13 an answer longer than what was paid for is none, and the recipient does not make one', () => {
  const net = four()
  net.service = () => [new Uint8Array(101), 0]
  net.ask('alex', 'carol', PATH, { maxResponse: 100 })
  net.run()
  expect(net.outcomes('alex')[0]!.outcome).toMatchObject({
    kind: 'response',
    response: { body: { status: 2, payloadLength: 0 } },
  })
  const forced = four()
  const { signer } = forced.members.get('carol')!
  forced.wire = saying('carol', (message) => {
    if (message.type !== 'response') return message
    const payload = new Uint8Array(101)
    const fields = {
      requestHash: message.response.body.requestHash,
      status: 0,
      payloadHash: sha256(payload),
      payloadLength: 101,
    }
    return { ...message, payload, response: sign(porResponse, CHAIN, fields, signer) }
  })
  forced.ask('alex', 'carol', PATH, { maxResponse: 100 })
  forced.run()
  expect(forced.outcomes('alex')[0]!.outcome).toMatchObject({ kind: 'broken', edgeId: 3n })
})

test('A14 a forged or garbled response stops at the first honest node, and blames the liar’s edge', () => {
  const liars: ((message: Message, net: Net) => Message)[] = [
    (message) => (message.type === 'response' ? { ...message, payload: utf8('jello') } : message),
    (message) =>
      message.type === 'response'
        ? { ...message, response: { ...message.response, signature: new Uint8Array(64) } }
        : message,
    (message, net) => {
      if (message.type !== 'response') return message
      const { requestHash, status, payloadHash, payloadLength } = message.response.body
      const fields = { requestHash, status, payloadHash, payloadLength }
      return { ...message, response: sign(porResponse, CHAIN, fields, net.members.get('bob')!.signer) }
    },
  ]
  for (const lie of liars) {
    const net = four()
    net.wire = saying('bob', (message) => lie(message, net))
    net.ask('alex', 'carol', PATH)
    net.run()
    expect(net.outcomes('alex')[0]!.outcome).toMatchObject({ kind: 'broken', edgeId: 2n })
  }
})

test('A14 nobody proves a cut that no endpoint made, or of an edge that is not on the way (I15)', () => {
  const proofs = [
    { brokenEdge: 3n, by: 'alice' },
    { brokenEdge: 1n, by: 'alex' },
    { brokenEdge: 4n, by: 'bob' },
    { brokenEdge: 3n, by: null },
  ]
  for (const { brokenEdge, by } of proofs) {
    const net = new Net([...line('alex', 'alice', 'bob', 'carol'), { ends: ['bob', 'dave'] }])
    const signer = by === null ? null : net.members.get(by)!.signer
    net.wire = saying('bob', (message) => {
      if (message.type !== 'response') return message
      const cert = signer === null ? null : sign(severCert, CHAIN, { edgeId: brokenEdge }, signer)
      const { requestHash } = message.response.body
      return { type: 'broken', requestHash, edgeId: 2n, brokenEdge, cert, voucher: null, holds: [] }
    })
    net.ask('alex', 'carol', PATH)
    net.run()
    expect([brokenEdge, by, net.outcomes('alex')[0]!.outcome]).toMatchObject([
      brokenEdge,
      by,
      { kind: 'broken', edgeId: 2n },
    ])
    expect(net.edges.get(brokenEdge)!.status).toBe('active')
  }
})

test('A15 requests, vouchers and proofs heard again change nothing (I20)', () => {
  const net = four()
  net.ask('alex', 'carol', PATH)
  net.run(net.now + 1_000)
  const recorded = net.all('send')
  const books = () =>
    ['alex', 'alice', 'bob', 'carol'].flatMap((name) => PATH.map((id) => net.members.get(name)!.machine.edge(id)))
  const before = books()
  for (const { node, effect } of recorded) {
    const { u, v } = net.edges.get(effect.edgeId)!
    net.tell(u === node ? v : u, { kind: 'message', edgeId: effect.edgeId, message: effect.message })
  }
  net.run(net.now + 1_000)
  expect(books().map((edge) => edge && [edge.paid, edge.received, edge.balance, edge.reserved])).toEqual(
    before.map((edge) => edge && [edge.paid, edge.received, edge.balance, edge.reserved]),
  )
  expect(net.all('serve').length).toBe(1)
  expect(net.outcomes('alex').length).toBe(1)
})

test('A15 a voucher or request made for another edge, contract or kind is none', () => {
  const net = four()
  const { signer } = net.members.get('alex')!
  const ask = net.prepare('alex', 'carol', PATH)
  const { domain: _, ...fields } = ask.request.body
  const elsewhere = { ...CHAIN, contract: 'other.test' }
  const paid = { edgeId: 1n, seq: 1n, total: ask.fee }
  const base = {
    type: 'request' as const,
    edgeId: 1n,
    path: [2n, 3n],
    soft: 600,
    hard: 30_600,
    fee: ask.fee,
    payload: ask.payload,
  }
  const good = { ...base, request: ask.request, voucher: sign(porVoucher, CHAIN, paid, signer) }
  const wrong = [
    { ...good, voucher: sign(porVoucher, CHAIN, { ...paid, edgeId: 2n }, signer) },
    { ...good, voucher: sign(porVoucher, elsewhere, paid, signer) },
    { ...good, voucher: sign(porVoucher, CHAIN, paid, net.members.get('bob')!.signer) },
    { ...good, voucher: sign(porVoucher, CHAIN, { ...paid, total: 10n ** 13n }, signer) },
    { ...good, voucher: null },
    { ...good, request: sign(porRequest, elsewhere, fields, signer) },
    { ...good, request: sign(porRequest, CHAIN, fields, net.members.get('bob')!.signer) },
  ]
  for (const message of wrong) say(net, 'alice', 1n, message)
  expect(refusals(net)).toEqual([...Array(5).fill('voucher'), 'signature', 'signature'])
  say(net, 'alice', 1n, good)
  expect(net.members.get('alice')!.machine.inflight).toBe(1)
})
