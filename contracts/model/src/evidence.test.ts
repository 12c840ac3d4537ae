import { fromHex, sharesOf, toHex, utf8 } from '@dcml/protocol'
import { CLOSE_CHANNEL, CLOSE_CHANNEL_RESPONSE, CLOSE_CHANNEL_SERVICE } from '@dcml/protocol/por'
import { ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { answered, approvalText, host, type Parties, sha256, type Wrong } from '../test/answers.ts'
import { Key } from '../test/world.ts'
import type { Channel } from './channel.ts'
import {
  APP,
  type Case,
  type Evidence,
  faultyNode,
  LEAST_RESPONSE,
  LEAST_SERVICE,
  LONGEST_APPROVAL,
} from './evidence.ts'

const model = { networkId: 'testnet', contract: 'model.testnet' }
const por = { networkId: 'testnet', contract: 'por.testnet' }
const [payer, node, enclave, stranger] = ['payer', 'node', 'enclave', 'stranger'].map((name) => new Key(name)) as [
  Key,
  Key,
  Key,
  Key,
]
const parties: Parties = {
  model,
  por,
  channelId: 17n,
  seed: sha256(utf8('seed')),
  provider: 'bob.testnet',
  payer,
  requester: new Key('requester'),
  node,
}
const challenge = sha256(utf8('challenge'))
const prices = { ownerInput: 2n, ownerOutput: 7n, hostInput: 1n, hostOutput: 3n }
const channel: Channel = {
  payer: 'alice.testnet',
  provider: parties.provider,
  beneficiary: 'treasury.testnet',
  por: por.contract,
  payerKey: payer.hex,
  sessionKey: enclave.hex,
  challenge: toHex(challenge),
  seed: toHex(parties.seed),
  prices,
  keyEpoch: 0,
  deposited: 1_000n,
  openedAt: 1n,
  raisedAt: 1n,
  expiresAt: 2n,
  closing: null,
}
const at: Case = { id: 17n, channel, here: model, por: por.contract }
const judge = (evidence: Evidence, of = at): string => {
  try {
    return faultyNode(host, of, evidence)
  } catch (error) {
    return (error as Error).message
  }
}
const say = (reply: string, wrong?: Wrong): string => judge(answered(parties, reply, wrong))
const approval = approvalText(parties, enclave, challenge, prices)

test('the contract and @dcml/protocol mean the same application', () => {
  expect([APP, LEAST_SERVICE, LEAST_RESPONSE]).toEqual([CLOSE_CHANNEL, CLOSE_CHANNEL_SERVICE, CLOSE_CHANNEL_RESPONSE])
  const longest = { networkId: 'n'.repeat(64), contract: 'c'.repeat(64) }
  expect(approvalText({ ...parties, model: longest }, enclave, challenge, prices)).toHaveLength(LONGEST_APPROVAL)
  expect(LONGEST_APPROVAL).toBeLessThanOrEqual(LEAST_RESPONSE)
})

test('a host that answers anything but the approval is at fault', () => {
  const wrong = (of: Parameters<typeof approvalText>[4]) => approvalText(parties, enclave, challenge, prices, of)
  const replies = [
    '',
    'no',
    '{"error":"channel_unknown"}',
    approval.slice(1),
    `${approval}=`,
    `${approval}\n`,
    `${approval}.${approval}`,
    wrong({ spent: 39n }),
    wrong({ promptTokens: 400n }),
    wrong({ channelId: 18n }),
    wrong({ contract: 'other.testnet' }),
    wrong({ key: stranger }),
    approvalText(parties, stranger, challenge, prices),
    approvalText(parties, enclave, parties.seed, prices),
  ]
  for (const reply of replies) expect(say(reply), reply).toBe(node.hex)
  // what says itself that it is none needs no reply, however long
  for (const response of [{ status: 1 }, { status: 2 }, { status: 255 }, { payloadLength: 1 << 20 }]) {
    const evidence = answered(parties, approval, { response })
    expect(judge({ ...evidence, reply: null }), JSON.stringify(response)).toBe(node.hex)
  }
})

test('any bytes that are not the approval show the fault', () => {
  const reply = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 150 }),
    fc.nat(approval.length - 1).map((n) => approval.slice(n + 1)),
  )
  fc.assert(
    fc.property(reply, (text) => {
      expect(say(text)).toBe(node.hex)
    }),
  )
})

test('a host that answers with the approval keeps its lock, whatever was delivered', () => {
  const tokens = fc.bigInt({ min: 0n, max: 320n })
  fc.assert(
    fc.property(tokens, (promptTokens) => {
      const text = approvalText(parties, enclave, challenge, prices, { promptTokens })
      expect(sharesOf(prices, { promptTokens, completionTokens: 4n }).spent <= channel.deposited).toBe(true)
      expect(say(text)).toBe('the host answered with the approval: close with it')
    }),
  )
})

const other = { networkId: 'testnet', contract: 'other.testnet' }
const domain = (tag: string, key: Key, changes: object = {}) => ({
  tag,
  version: 1,
  ...por,
  subject: key.publicKey,
  ...changes,
})
const request = (changes: object) => ({ request: { domain: domain('dcml/por-request', parties.requester, changes) } })
const response = (changes: object) => ({ response: { domain: domain('dcml/por-response', node, changes) } })
const future = sha256(utf8('guessed'))

test.each<[attack: string, wrong: Wrong, why: string]>([
  ['an echo', { request: { app: 'dcml/ping' } }, 'the request is for another application than dcml/close-channel'],
  ['another host’s answer', { request: { recipient: 'eve.testnet' } }, 'the request is not to bob.testnet'],
  ['no time to answer', { request: { service: LEAST_SERVICE - 1 } }, 'the request left the host less than 120000 ms'],
  ['no room to answer', { request: { maxResponse: 511 } }, 'the request left the answer less than 512 bytes'],
  ['a request of another’s', { requestKey: stranger }, 'the signature under the request is not its node’s'],
  ['a request elsewhere', request(other), 'the request is for another Proof of Response contract than por.testnet'],
  ['a request on another network', request({ networkId: 'mainnet' }), 'the request is for another network'],
  ['another kind of request', request({ tag: 'dcml/por-response' }), 'the request is another kind of object'],
  ['another version', request({ version: 2 }), 'the request is another kind of object'],
  ['a payload of another request', { request: { payloadHash: future } }, 'the payload is not the one that was signed'],
  ['a longer payload', { request: { payloadLength: 9 } }, 'the payload is not the one that was signed'],
  ['a request before the opening', { asked: { seed: future } }, 'the payload is about another opening'],
  ['another channel', { asked: { channelId: 18n } }, 'the payload asks to close something else'],
  ['another model', { asked: { model: other } }, 'the payload asks to close something else'],
  ['another payer', { asked: { payer: stranger } }, 'the payload asks to close something else'],
  ['nonsense', { payload: utf8('close!') }, 'the payload cannot be read'],
  ['no text', { payload: new Uint8Array([255, 46, 255]) }, 'the payload cannot be read'],
  ['an answer elsewhere', response(other), 'the response is for another Proof of Response contract than por.testnet'],
  ['an answer on another network', response({ networkId: 'mainnet' }), 'the response is for another network'],
  ['another kind of answer', response({ tag: 'dcml/por-sever' }), 'the response is another kind of object'],
  ['an answer of another version', response({ version: 0 }), 'the response is another kind of object'],
  [
    'an answer of the payer’s second node',
    response({ subject: stranger.publicKey }),
    'the response is of another node than was asked',
  ],
  ['an answer to another request', { response: { requestHash: future } }, 'the response is to another request'],
  ['a forged answer', { responseKey: stranger }, 'the signature under the response is not its node’s'],
  ['another reply', { reply: utf8('nothing') }, 'the reply is not the one that was signed'],
  ['a reply of that length', { reply: utf8('on') }, 'the reply is not the one that was signed'],
])('the channel stays on %s', (_, wrong, why) => {
  expect(say('no', wrong)).toBe(why)
})

test('the channel stays on a payload that says the right thing otherwise than the enclave reads it', () => {
  const { payload } = answered(parties, 'no')
  const text = new TextDecoder().decode(payload)
  const dressed = [
    `${text}.`,
    `.${text}`,
    ` ${text}`,
    `${text}=`,
    `\u{feff}${text}`,
    text.replace('.', '..'),
    `${text}A`,
  ]
  for (const each of dressed) expect(say('no', { payload: utf8(each) }), each).toMatch(/^the payload /)
  const forged = payload.slice()
  forged[payload.length - 5]! ^= 1
  expect(say('no', { payload: forged })).toMatch(/^the closure request is not signed|^the payload/)
})

test('the channel stays on a missing reply, and on bytes that are no objects', () => {
  const evidence = answered(parties, 'no')
  expect(judge({ ...evidence, reply: null })).toBe('the reply is missing')
  expect(judge({ ...evidence, request: evidence.request.slice(1) })).toBe('the request cannot be read')
  expect(judge({ ...evidence, response: Uint8Array.from([...evidence.response, 0]) })).toBe(
    'the response cannot be read',
  )
})

test('no flipped bit of a request, a payload or a response shows a fault', () => {
  const evidence = answered(parties, 'no')
  for (const part of ['request', 'payload', 'response', 'reply'] as const) {
    const bytes = evidence[part] as Uint8Array
    for (let i = 0; i < bytes.length; i++) {
      const bad = bytes.with(i, bytes[i]! ^ (1 << (i % 8)))
      expect(judge({ ...evidence, [part]: bad }), `${part} ${i}`).toMatch(/^(the|a) /)
    }
  }
})

test('evidence of one channel is none for the next, and none for another contract of the host', () => {
  const evidence = answered(parties, 'no')
  const next = { ...channel, seed: toHex(sha256(utf8('next'))) }
  expect(judge(evidence, { ...at, id: 18n, channel: next })).toBe('the payload is about another opening')
  expect(judge(evidence, { ...at, id: 18n })).toBe('the payload asks to close something else')
  expect(judge(evidence, { ...at, here: other })).toBe('the payload asks to close something else')
  expect(judge(evidence, { ...at, por: 'por2.testnet' })).toMatch(/another Proof of Response contract/)
  expect(fromHex(judge(evidence), 32)).toEqual(node.publicKey)
})

test('a closure request that the chain takes and an enclave refuses is none: points of low order', () => {
  // the chain asks for R = sB - kA alone, with which any message is signed by the neutral element
  const lax = { ...host, ed25519Verify: () => true }
  const evidence = answered(parties, 'no')
  expect(faultyNode(lax, at, evidence)).toBe(node.hex)
  const { Point } = ed25519
  const eighth = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa')
  const low = Array.from({ length: 8 }, (_, n) => Point.ZERO.add(eighth.multiplyUnsafe(BigInt(n))).toBytes())
  const unreduced = ['ed', 'ee'].map((first) => fromHex(`${first}${'ff'.repeat(30)}7f`))
  for (const point of [...low, ...unreduced])
    for (const sign of [0, 0x80]) {
      const spelt = point.with(31, point[31]! ^ sign)
      const key = { publicKey: spelt, hex: toHex(spelt), sign: payer.sign.bind(payer) } as Key
      const byKey = answered({ ...parties, payer: key }, 'no')
      expect(() => faultyNode(lax, { ...at, channel: { ...channel, payerKey: key.hex } }, byKey)).toThrow(
        'not everyone',
      )
      const signWith = (message: Uint8Array) => Uint8Array.from([...spelt, ...payer.sign(message).slice(32)])
      const committed = answered(
        { ...parties, payer: { ...key, publicKey: payer.publicKey, sign: signWith } as Key },
        'no',
      )
      expect(() => faultyNode(lax, at, committed)).toThrow('not everyone')
    }
})
