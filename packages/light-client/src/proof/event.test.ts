import { utf8 } from '@dcml/protocol'
import { base64 } from '@scure/base'
import { expect, test } from 'vitest'
import { GENESIS_TIME, publicKeyOf, sign } from '../../test/made-up-chain.ts'
import {
  CONTRACT,
  eventLog,
  failure,
  goesOn,
  judge,
  openChannel,
  type ProofView,
  receiptId,
  type Story,
  success,
  tell,
  transactionBy,
} from '../../test/story.ts'
import {
  type Action,
  advance,
  EVENT_CHECKS,
  type EventCheckName,
  parseEventProof,
  parseLightClientBlock,
  parseNep297,
  type Verdict,
  type VerifyEventOptions,
  verifyEvent,
} from '../index.ts'

function refusalOf(verdict: Verdict<object>): string {
  expect(verdict.checks.map(({ name }) => name)).toEqual(Object.keys(EVENT_CHECKS))
  if (verdict.ok) return 'accepted'
  expect(Object.keys(verdict).sort()).toEqual(['checks', 'error', 'ok'])
  const failed = verdict.checks.filter(({ status }) => status === 'fail')
  expect(failed).toHaveLength(1)
  expect(verdict.error.code).toBe(`event_${failed[0]!.name}`)
  expect(verdict.error.hint).toMatch(/./)
  // nothing after the failed link counts as established
  const names = Object.keys(EVENT_CHECKS)
  const passed = verdict.checks.filter(({ status }) => status === 'pass').map(({ name }) => names.indexOf(name))
  expect(Math.max(-1, ...passed)).toBeLessThan(names.indexOf(failed[0]!.name))
  return failed[0]!.name
}

test('proves an event with its call, from signed bytes to the trusted head', () => {
  const verdict = judge()
  if (!verdict.ok) throw verdict.error
  expect(verdict.checks.every(({ status }) => status === 'pass')).toBe(true)
  const { transaction: _, ...proven } = { ...verdict, transaction: null }
  const { chain, hash } = tell()
  expect(proven).toMatchObject({
    event: { standard: 'dcml', version: '1.0.0', event: 'channel_opened', data: { channel: '7', amount: '1000' } },
    call: {
      signerId: 'alice.near',
      relayerId: null,
      contractId: CONTRACT,
      methodName: 'open_channel',
      args: utf8('{"receiver":"host.near"}'),
      gas: 30_000_000_000_000n,
      deposit: 1000n,
    },
    transactionHash: hash,
    receiptId: receiptId('call'),
    block: { hash: chain.hashes[8], height: 8, timestamp: BigInt(GENESIS_TIME + 8000) * 1_000_000n + 146n },
  })
})

test('the head it is proven against may be one that the light client advanced to', async () => {
  const { chain, proof, options } = tell()
  let state = chain.trust(0)
  for (const height of [9, 14, 19, 24]) {
    const verdict = await advance(state, parseLightClientBlock(chain.lightClientBlock(height)))
    if (!verdict.ok) throw verdict.error
    state = verdict.state
  }
  expect(refusalOf(verifyEvent(parseEventProof(proof()), { ...options, state }))).toBe('accepted')
})

const log = (change: object): Story => ({ receipts: [{ name: 'call', logs: [eventLog(change)] }] })
const call = (change: object): Story => ({ receipts: [{ name: 'call', logs: [eventLog()], ...change }] })
const sends = (...actions: Action[]): Story => ({ transaction: transactionBy('alice.near', CONTRACT, actions) })

test.each<[string, EventCheckName, Story, Partial<VerifyEventOptions>?]>([
  ['a stale head', 'head_fresh', {}, { now: new Date(GENESIS_TIME + 24_000 + 61_000) }],
  ['a head ahead of the clock', 'head_fresh', {}, { now: new Date(GENESIS_TIME - 120_000) }],
  ['a broken clock', 'head_fresh', {}, { now: new Date(Number.NaN) }],
  ['an event too old', 'event_age', {}, { maxEventAge: 10_000 }],
  ['a proof for another contract', 'contract', {}, { contract: 'channels.evil.near' }],
  ['a contract that failed', 'success', call({ status: failure })],
  ['a contract that has not ended', 'success', call({ status: { type: 'Unknown' } })],
  ['a call that went on in a receipt that is not shown', 'success', call({ status: goesOn(receiptId('more')) })],
  ['a transaction that failed', 'success', { converted: { status: failure } }],
  ['a transaction that ended without a receipt', 'receipt_link', { converted: { status: success() } }],
  ['a receipt of another transaction', 'receipt_link', { converted: { status: goesOn(receiptId('other')) } }],
  ['a receipt executed by another account', 'executor', call({ executorId: 'evil.near' })],
  ['a call without events', 'event', call({ logs: ['channel_opened', 'EVENT_JSON:{"standard":"dcml"}'] })],
  ['another event', 'event', log({ event: 'channel_closed' })],
  ['an event of that name of a forged standard', 'standard', log({ standard: 'dcm1' })],
  ['the event twice', 'single', call({ logs: [eventLog(), eventLog({ data: { channel: '8' } })] })],
  ['two calls in one transaction', 'call', sends(openChannel, openChannel)],
  ['a transfer', 'call', sends({ type: 'Transfer', deposit: 1n })],
  ['no action at all', 'call', sends()],
])('%s is refused by %s', (_, name, story, options) => {
  expect(refusalOf(judge(story, options))).toBe(name)
})

test('time refusals say so, and an age that nobody asked for shows as skipped', () => {
  const stale = judge({}, { maxHeadAge: 1 })
  expect(stale.checks.find(({ status }) => status === 'fail')).toMatchObject({ name: 'head_fresh', untimely: true })
  const any = judge({}, { maxEventAge: 'any' })
  expect(refusalOf(any)).toBe('accepted')
  expect(any.checks.find(({ name }) => name === 'event_age')).toMatchObject({ status: 'skipped' })
})

const other = tell({ transaction: transactionBy('mallory.near', CONTRACT, [openChannel]) })
const otherCall = tell({ receipts: [{ name: 'call', logs: [eventLog({ data: { amount: '9999' } })] }] })

test.each<[string, EventCheckName, (proof: ProofView) => void]>([
  ['bytes that are no transaction', 'transaction', (proof) => (proof.transaction = 'AAAA')],
  ['the bytes of another transaction', 'transaction_link', (proof) => (proof.transaction = other.proof().transaction)],
  [
    'the outcome of another transaction',
    'transaction_link',
    (proof) => (proof.outcomes[0] = other.proof().outcomes[0]!),
  ],
  ['outcomes in another order', 'transaction_link', (proof) => proof.outcomes.reverse()],
  ['the receipt twice', 'receipt_link', (proof) => proof.outcomes.push(proof.outcomes[1]!)],
  ['a receipt of another chain', 'head_known', (proof) => (proof.outcomes[1] = otherCall.proof().outcomes[1]!)],
  ['a proof for another head', 'head_known', (proof) => (proof.outcomes[0] = tell().proof(23).outcomes[0]!)],
  [
    'a receipt proven against another head',
    'head_known',
    (proof) => (proof.outcomes[1] = tell().proof(23).outcomes[1]!),
  ],
  [
    'a receipt whose failure was turned into success',
    'receipt_outcome',
    (proof) => Object.assign(proof.outcomes[1]!.outcome_proof.outcome, { status: { SuccessValue: 'MQ==' } }),
  ],
  [
    'an event that was never logged',
    'receipt_outcome',
    (proof) =>
      Object.assign(proof.outcomes[1]!.outcome_proof.outcome, { logs: [eventLog({ data: { amount: '9999' } })] }),
  ],
  [
    'a transaction pointed at another receipt',
    'transaction_outcome',
    (proof) =>
      Object.assign(proof.outcomes[0]!.outcome_proof.outcome, { status: { SuccessReceiptId: receiptId('other') } }),
  ],
  [
    'a named block that is another',
    'receipt_outcome',
    (proof) => (proof.outcomes[1]!.outcome_proof.block_hash = other.hash),
  ],
])('%s: refused by %s', (_, name, change) => {
  expect(refusalOf(judge({}, {}, change))).toBe(name)
})

test('a call that returns a promise is followed to its end; each of its receipts must succeed', () => {
  const chain = (first: object, second: object, third: object): Story => ({
    receipts: [
      { name: 'call', status: goesOn(receiptId('callback')), ...first },
      { name: 'callback', status: goesOn(receiptId('end')), ...second },
      { name: 'end', logs: [eventLog()], status: success('true'), ...third },
    ],
  })
  const followed = judge(chain({}, {}, {}))
  if (!followed.ok) throw followed.error
  expect(followed.receiptId).toBe(receiptId('end'))
  expect(followed.block.height).toBe(10)
  const paid = { executorId: 'token.near', logs: [] }
  expect(refusalOf(judge(chain({ logs: [eventLog()] }, {}, paid)))).toBe('accepted')
  expect(refusalOf(judge(chain({ logs: [eventLog()] }, {}, { logs: [] })))).toBe('accepted')

  expect(refusalOf(judge(chain({}, { status: failure }, {})))).toBe('success')
  expect(refusalOf(judge(chain({}, {}, { status: failure })))).toBe('success')
  expect(refusalOf(judge(chain({}, {}, { status: goesOn(receiptId('more')) })))).toBe('success')
  expect(refusalOf(judge(chain({}, { status: success() }, {})))).toBe('receipt_link')
  expect(refusalOf(judge(chain({}, { status: goesOn(receiptId('more')) }, {})))).toBe('receipt_link')
  expect(refusalOf(judge(chain({}, {}, { executorId: 'token.near' })))).toBe('executor')
  expect(refusalOf(judge(chain({ executorId: 'evil.near' }, {}, {})))).toBe('executor')
  expect(refusalOf(judge(chain({ logs: [eventLog()] }, {}, {})))).toBe('single')
  expect(refusalOf(judge(chain({}, {}, {}), {}, (proof) => proof.outcomes.pop()))).toBe('success')
  expect(refusalOf(judge(chain({}, {}, {}), {}, (proof) => proof.outcomes.splice(2, 1)))).toBe('receipt_link')
})

test("an event that a stranger made the contract log within somebody else's call is none of that call", () => {
  // alice asks the contract to ask evil.near, which returns its own call of the contract
  const { checks } = judge({
    receipts: [
      { name: 'call', status: goesOn(receiptId('stranger')) },
      { name: 'stranger', executorId: 'evil.near', status: goesOn(receiptId('called by the stranger')) },
      { name: 'called by the stranger', logs: [eventLog()] },
    ],
  })
  expect(checks.find(({ status }) => status === 'fail')).toMatchObject({
    name: 'executor',
    why: `the event was logged by ${CONTRACT}, on behalf of evil.near`,
  })
})

const signature = sign('alice.near', new Uint8Array(32))
const delegate = {
  senderId: 'alice.near',
  receiverId: CONTRACT,
  actions: [openChannel],
  nonce: 1n,
  maxBlockHeight: 100n,
  publicKey: publicKeyOf('alice.near'),
}
const relayed = (action: Action, { carrier = {}, receipt = {} } = {}, to = 'alice.near'): Story => ({
  transaction: transactionBy('relayer.near', to, [action]),
  receipts: [
    { name: 'carrier', executorId: 'alice.near', receiptIds: [receiptId('refund'), receiptId('call')], ...carrier },
    { name: 'call', logs: [eventLog()], ...receipt },
  ],
})

test.each<[string, Action]>([
  ['NEP-366', { type: 'Delegate', delegateAction: delegate, signature }],
  ['NEP-611', { type: 'DelegateV2', delegateAction: { ...delegate, nonceIndex: 3 }, signature }],
])('a delegate action (%s) is a call of the account that signed it', (_, action) => {
  const verdict = judge(relayed(action))
  if (!verdict.ok) throw verdict.error
  expect(verdict.call).toMatchObject({ signerId: 'alice.near', relayerId: 'relayer.near', contractId: CONTRACT })
  expect(verdict.receiptId).toBe(receiptId('call'))

  expect(refusalOf(judge(relayed(action), { contract: 'alice.near' }))).toBe('contract')
  expect(refusalOf(judge(relayed(action, {}, 'bob.near')))).toBe('call')
  expect(refusalOf(judge(relayed(action, { carrier: { status: failure } })))).toBe('success')
  expect(refusalOf(judge(relayed(action, { carrier: { status: goesOn(receiptId('call')) } })))).toBe('success')
  expect(refusalOf(judge(relayed(action, { carrier: { receiptIds: [receiptId('refund')] } })))).toBe('receipt_link')
  expect(refusalOf(judge(relayed(action, { receipt: { executorId: 'alice.near' } })))).toBe('executor')
  expect(refusalOf(judge(relayed(action, { receipt: { status: failure } })))).toBe('success')
  const carrierLogs = relayed(action, { carrier: { executorId: CONTRACT, logs: [eventLog()] }, receipt: { logs: [] } })
  expect(refusalOf(judge(carrierLogs))).toBe('event')
  expect(refusalOf(judge(relayed(action), {}, (proof) => proof.outcomes.pop()))).toBe('success')
})

test('two delegated actions are no single call', () => {
  const action: Action = {
    type: 'Delegate',
    delegateAction: { ...delegate, actions: [openChannel, openChannel] },
    signature,
  }
  expect(refusalOf(judge(relayed(action)))).toBe('call')
})

test('every byte of the signed transaction counts, except those of its signature', () => {
  const { proof, options } = tell()
  const bytes = base64.decode(proof().transaction)
  const parsed = parseEventProof(proof())
  const accepted = Array.from(bytes, (byte, i) => {
    const transaction = bytes.with(i, byte ^ 1)
    return refusalOf(verifyEvent({ ...parsed, transaction }, options)) === 'accepted' ? [i] : []
  }).flat()
  expect(accepted).toEqual(Array.from({ length: 64 }, (_, i) => bytes.length - 64 + i))
})

test.each([
  ['no event prefix', '{"standard":"a","version":"1","event":"b"}', undefined],
  ['a prefix in the wrong case', 'event_json:{"standard":"a","version":"1","event":"b"}', undefined],
  ['no JSON', 'EVENT_JSON:{', undefined],
  ['no object', 'EVENT_JSON:[]', undefined],
  ['no version', 'EVENT_JSON:{"standard":"a","event":"b"}', undefined],
  ['a number for a name', 'EVENT_JSON:{"standard":"a","version":"1","event":1}', undefined],
  [
    'no data',
    'EVENT_JSON:{"standard":"a","version":"1","event":"b"}',
    { standard: 'a', version: '1', event: 'b', data: undefined },
  ],
  [
    'an integer beyond 2^53',
    'EVENT_JSON:{"standard":"a","version":"1","event":"b","data":[9007199254740993]}',
    { standard: 'a', version: '1', event: 'b', data: [9007199254740993n] },
  ],
])('NEP-297 log with %s', (_, text, expected) => {
  expect(parseNep297(text)).toEqual(expected)
})
