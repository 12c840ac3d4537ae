import { closeOffer, edgeUpdate, sign } from '@dcml/protocol/por'
import { beforeEach, expect, test } from 'vitest'
import { CHAIN, PARAMS } from './testing/defaults.ts'
import { Net } from './testing/net.ts'
import type { Offer } from './types.ts'

const DEPOSIT = 10n ** 12n
const PAID = 1_105n

let net: Net
beforeEach(() => {
  net = new Net([{ ends: ['alice', 'bob'] }])
  net.ask('alice', 'bob', [1n])
  net.run()
  net.seen.length = 0
})

const close = (by: string, balanceU = DEPOSIT - PAID, balanceV = DEPOSIT + PAID): Offer => {
  const { signer } = net.members.get(by)!
  return { type: 'close', ...sign(closeOffer, CHAIN, { edgeId: 1n, balanceU, balanceV, notBefore: 0n }, signer) }
}
const update = (by: string, revision = 1) => {
  const { signer } = net.members.get(by)!
  const fields = { edgeId: 1n, revision, params: PARAMS, effectiveFrom: 9n }
  return { type: 'update', ...sign(edgeUpdate, CHAIN, fields, signer) } as const
}
const closing = () => net.edges.set(1n, { ...net.edges.get(1n)!, status: 'closing' })
const hear = (message: Offer) => net.tell('bob', { kind: 'message', edgeId: 1n, message })
const offer = (message: Offer) => net.tell('alice', { kind: 'offer', edgeId: 1n, message })
const offers = () => net.all('offer').map(({ node, effect }) => `${node} ${effect.message.type}`)

test('new terms are handed on where the neighbour signed them', () => {
  hear(update('alice'))
  expect(offers()).toEqual(['bob update'])
  hear({ ...update('alice'), body: update('alice', 2).body })
  expect(net.all('drop').map(({ effect }) => effect.code)).toEqual(['wrong_offer'])
  expect(offers()).toEqual(['bob update'])
})

test('a parting is handed on for a closing edge, with the very balances of its vouchers', () => {
  hear(close('alice'))
  expect(offers()).toEqual([])
  closing()
  hear(close('alice', DEPOSIT, DEPOSIT))
  hear(close('alice', DEPOSIT - PAID, DEPOSIT))
  hear(close('alice', DEPOSIT - PAID - 1n, DEPOSIT + PAID + 1n))
  expect(offers()).toEqual([])
  hear(close('alice'))
  expect(offers()).toEqual(['bob close'])
})

test('no parting while something is under way, and nothing is under way after one', () => {
  net.service = () => null
  net.ask('alice', 'bob', [1n])
  net.run(net.now + 500)
  closing()
  const balance = DEPOSIT - 2n * PAID
  hear(close('alice', balance, 2n * DEPOSIT - balance))
  offer(close('alice', balance, 2n * DEPOSIT - balance))
  net.run(net.now + 500)
  expect(offers()).toEqual([])
})

test('what this node signed goes to the neighbour, and no voucher after it', () => {
  closing()
  offer(close('alice'))
  offer(update('alice'))
  net.run(net.now + 500)
  expect(offers()).toEqual(['bob close', 'bob update'])
  net.ask('alice', 'bob', [1n])
  net.ask('bob', 'alice', [1n])
  net.run()
  expect(net.outcomes('alice').at(-1)?.outcome).toEqual({ kind: 'refused', reason: 'closing' })
  expect(net.outcomes('bob').at(-1)?.outcome).toEqual({ kind: 'refused', reason: 'closing' })
  expect(net.all('keep').filter(({ effect: { record } }) => record.kind === 'sent')).toEqual([])
})

test('what is not exact, or has no session to go over, stays here', () => {
  closing()
  offer(close('alice', DEPOSIT, DEPOSIT))
  net.tell('alice', { kind: 'disconnected', edgeId: 1n })
  offer(close('alice'))
  expect(net.all('send')).toEqual([])
})
