// Any message and any record, for tests.
import fc, { type Arbitrary } from 'fast-check'
import type { Kept, Outcome } from '../core/types.ts'
import type { Message } from './messages.ts'

const u16 = fc.nat(0xffff)
const u32 = fc.nat(0xffffffff)
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const u128 = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n })
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
const signature = fc.uint8Array({ minLength: 64, maxLength: 64 })
const account = fc.string({ maxLength: 20 })
const payload = fc.uint8Array({ maxLength: 300 })
const holds = fc.array(u32, { maxLength: 8 })
const domain = fc.record({
  tag: account,
  version: fc.nat(255),
  networkId: account,
  contract: account,
  subject: hash,
})
const signed = <T>(body: Arbitrary<T>) => fc.record({ body, signature })
const maybe = <T>(inner: Arbitrary<T>) => fc.option(inner, { nil: null })

const voucher = signed(fc.record({ domain, edgeId: u64, seq: u64, total: u128 }))
const request = signed(
  fc.record({
    domain,
    requestId: hash,
    requester: account,
    recipient: account,
    recipientKey: hash,
    payloadHash: hash,
    payloadLength: u32,
    maxResponse: u32,
    lateRate: u128,
    service: u32,
    app: account,
  }),
)
const response = signed(
  fc.record({ domain, requestHash: hash, status: fc.nat(255), payloadHash: hash, payloadLength: u32 }),
)
const cert = signed(fc.record({ domain, edgeId: u64 }))
const params = fc.record({
  latency: u32,
  baseCost: u128,
  byteCost: u128,
  minLateRate: u128,
  maxLateRate: u128,
  sync: u32,
  maxInflight: u16,
  bytesPerSecond: u32,
})

export const anyMessage: Arbitrary<Message> = fc.oneof(
  fc.record({
    type: fc.constant('hello' as const),
    version: fc.nat(255),
    networkId: account,
    contract: account,
    account,
    edgeId: u64,
    paid: maybe(voucher),
    received: maybe(voucher),
    window: u16,
  }),
  fc.record({
    type: fc.constant('request' as const),
    request,
    edgeId: u64,
    path: fc.array(u64, { maxLength: 8 }),
    soft: u32,
    hard: u32,
    fee: u128,
    payload,
    voucher: maybe(voucher),
  }),
  fc.record({ type: fc.constant('ack' as const), requestHash: hash, edgeId: u64, window: u16 }),
  fc.record({ type: fc.constant('refuse' as const), requestHash: hash, edgeId: u64, reason: fc.nat(255) }),
  fc.record({ type: fc.constant('response' as const), edgeId: u64, response, payload, voucher: maybe(voucher), holds }),
  fc.record({
    type: fc.constant('broken' as const),
    requestHash: hash,
    edgeId: u64,
    brokenEdge: u64,
    cert: maybe(cert),
    voucher: maybe(voucher),
    holds,
  }),
  fc.record({
    type: fc.constant('sync' as const),
    edgeId: u64,
    tick: u32,
    next: u32,
    late: fc.array(fc.record({ requestHash: hash, lateness: u32, amount: u128 }), { maxLength: 20 }),
    voucher: maybe(voucher),
    window: u16,
  }),
  fc.record({ type: fc.constant('pay' as const), edgeId: u64, voucher }),
  fc.record({
    type: fc.constant('update' as const),
    body: fc.record({ domain, edgeId: u64, revision: u32, params, effectiveFrom: u64 }),
    signature,
  }),
  fc.record({
    type: fc.constant('close' as const),
    body: fc.record({ domain, edgeId: u64, balanceU: u128, balanceV: u128, notBefore: u64 }),
    signature,
  }),
)

const anyOutcome: Arbitrary<Outcome> = fc.oneof(
  fc.record({ kind: fc.constant('response' as const), response, payload, holds }),
  fc.record({ kind: fc.constant('broken' as const), edgeId: u64, cert: maybe(cert), holds }),
  fc.record({ kind: fc.constant('refused' as const), reason: account }),
)

const time = fc.nat(Number.MAX_SAFE_INTEGER)
const from = maybe(u64)
export const anyKept: Arbitrary<Kept> = fc.oneof(
  fc.record({ kind: fc.constant('sent' as const), voucher, lateUntil: time }),
  fc.record({ kind: fc.constant('sent' as const), voucher }),
  fc.record({ kind: fc.constant('received' as const), voucher }),
  fc.record({ kind: fc.constant('received' as const), voucher, charged: u128 }),
  fc.record({
    kind: fc.constant('accepted' as const),
    request,
    from,
    path: fc.array(u64, { maxLength: 8 }),
    lateAt: time,
    resolveBy: time,
    fee: u128,
    payload,
  }),
  fc.record({ kind: fc.constant('resolved' as const), requestHash: hash, from, outcome: anyOutcome }),
  fc.record({ kind: fc.constant('resolved' as const), requestHash: hash, from, outcome: anyOutcome, until: time }),
  fc.record({ kind: fc.constant('forgotten' as const), requestHash: hash, from }),
  fc.record({ kind: fc.constant('cut' as const), cert }),
)
