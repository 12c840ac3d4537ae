import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyKept, anyMessage } from './arbitrary.ts'
import { decodeMessage, encodeMessage, limitOf, MAX_MESSAGE } from './codec.ts'
import { decodeKept, encodeKept } from './kept.ts'
import { MAX_HOPS, MAX_LATE, MAX_REQUEST, MAX_RESPONSE, type Message } from './messages.ts'

/** 100,000 on occasion. */
const RUNS = Number(process.env.DCML_FUZZ_FRAMES ?? 3000)
const malformed = expect.objectContaining({ code: 'por_frame_malformed' })

test('every message is read back as it was', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      expect(decodeMessage(encodeMessage(message))).toEqual(message)
    }),
    { numRuns: 300 },
  )
})

test('every record is read back as it was', () => {
  fc.assert(
    fc.property(fc.array(anyKept, { maxLength: 5 }), (records) => {
      expect(decodeKept(encodeKept(records))).toEqual(records)
    }),
    { numRuns: 200 },
  )
})

/** What must hold of any bytes: refused by name, or the only bytes of what they say. */
const readsOrRefuses = (bytes: Uint8Array) => {
  let message: Message
  try {
    message = decodeMessage(bytes)
  } catch (error) {
    expect(error).toEqual(malformed)
    return
  }
  expect(encodeMessage(message)).toEqual(Uint8Array.from(bytes))
}

test('random bytes are refused by name', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), readsOrRefuses), { numRuns: RUNS })
})

test('a damaged message is refused by name, or is another message', () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 })
  fc.assert(
    fc.property(anyMessage, damage, fc.nat(), (message, changes, cut) => {
      const bytes = encodeMessage(message)
      for (const [at, value] of changes) bytes[at % bytes.length] = value
      readsOrRefuses(bytes)
      const shorter = encodeMessage(message).subarray(0, cut % bytes.length)
      expect(() => decodeMessage(shorter)).toThrow(malformed)
    }),
    { numRuns: RUNS / 10 },
  )
})

test('the longest message of each type is within its limit, and little is lost', () => {
  const name = 'n'.repeat(64)
  const hash = new Uint8Array(32)
  const signature = new Uint8Array(64)
  const domain = { tag: 't'.repeat(32), version: 1, networkId: name, contract: name, subject: hash }
  const voucher = { body: { domain, edgeId: 1n, seq: 1n, total: 1n }, signature }
  const holds = Array.from({ length: MAX_HOPS }, () => 1)
  const request = {
    domain,
    requestId: hash,
    requester: name,
    recipient: name,
    recipientKey: hash,
    payloadHash: hash,
    payloadLength: 1,
    maxResponse: 1,
    lateRate: 1n,
    service: 1,
    app: domain.tag,
  }
  const response = { domain, requestHash: hash, status: 0, payloadHash: hash, payloadLength: 1 }
  const late = Array.from({ length: MAX_LATE }, () => ({ requestHash: hash, lateness: 1, amount: 1n }))
  const longest: Message[] = [
    {
      type: 'hello',
      version: 1,
      networkId: name,
      contract: name,
      account: name,
      edgeId: 1n,
      paid: voucher,
      received: voucher,
      window: 1,
    },
    {
      type: 'request',
      request: { body: request, signature },
      edgeId: 1n,
      path: holds.map(BigInt),
      soft: 1,
      hard: 1,
      fee: 1n,
      payload: new Uint8Array(MAX_REQUEST),
      voucher,
    },
    {
      type: 'response',
      edgeId: 1n,
      response: { body: response, signature },
      payload: new Uint8Array(MAX_RESPONSE),
      voucher,
      holds,
    },
    {
      type: 'broken',
      requestHash: hash,
      edgeId: 1n,
      brokenEdge: 1n,
      cert: { body: { domain, edgeId: 1n }, signature },
      voucher,
      holds,
    },
    { type: 'sync', edgeId: 1n, tick: 1, next: 1, late, voucher, window: 1 },
  ]
  for (const message of longest) {
    const bytes = encodeMessage(message)
    expect(decodeMessage(bytes)).toEqual(message)
    expect(bytes.length).toBeLessThanOrEqual(limitOf(bytes[0]!)!)
  }
  expect(MAX_MESSAGE).toBe(MAX_RESPONSE + 2048)
})

test('what is read from a Buffer does not share its memory', () => {
  const bytes = Buffer.from(
    encodeMessage({ type: 'ack', requestHash: new Uint8Array(32).fill(7), edgeId: 1n, window: 1 }),
  )
  const message = decodeMessage(bytes)
  bytes.fill(0)
  expect(message).toMatchObject({ requestHash: new Uint8Array(32).fill(7) })
})

test('a message longer than its type allows is refused before it is read', () => {
  const bytes = new Uint8Array(3000)
  bytes[0] = 3
  expect(() => decodeMessage(bytes)).toThrow(malformed)
  expect(() => decodeMessage(new Uint8Array(0))).toThrow(malformed)
})
