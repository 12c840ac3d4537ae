import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  demandComment,
  demandDetails,
  firstLeg,
  formatWire,
  MAX_BUNDLE_BLOCKS,
  MAX_BUNDLE_BYTES,
  readDemandComment,
  readWire,
  wire,
} from './wire.ts'

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const u128 = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n })
const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
const amounts = { channelId: u64, deposited: u128, authorised: u128, spent: u128 }
const request = fc.record({
  id: fc.string({ minLength: 1, maxLength: 64 }),
  spent: u128,
  required: u128,
  allowed: u128,
})
const demands = fc.record(
  { ...amounts, reserved: u128, required: u128, exhausted: fc.boolean(), request },
  { requiredKeys: ['channelId', 'deposited', 'authorised', 'spent', 'reserved', 'required', 'exhausted'] },
)
const hash = '11111111111111111111111111111111'
const bundle = { from: hash, blocks: [], proof: { transaction: 'AA==', outcomes: [] } }

const again = (text: string): unknown => JSON.parse(text)

test('what is written is read back, to the yocto', () => {
  const challenges = fc.record({
    challenge: key,
    sessionKey: key,
    validUntil: fc.maxSafeNat(),
    networkId: fc.string(),
    contract: fc.string(),
    modelH: key,
    keyEpoch: u64,
  })
  fc.assert(
    fc.property(fc.record(amounts), demands, challenges, (amount, demand, challenge) => {
      expect(readWire(wire.amounts, again(formatWire(amount)))).toEqual(amount)
      expect(readWire(wire.demand, again(formatWire(demand)))).toEqual(demand)
      expect(readWire(wire.demand, demandDetails(demand))).toEqual(demand)
      expect(readWire(wire.challenge, again(formatWire(challenge)))).toEqual(challenge)
    }),
  )
})

test('a pause is one comment line of an event stream, and no other line is a pause', () => {
  fc.assert(
    fc.property(demands, fc.string(), (demand, other) => {
      const comment = demandComment(demand)
      expect(comment).toMatch(/^:[^\r\n]*\n\n$/)
      expect(readDemandComment(comment.trimEnd())).toEqual(demand)
      expect(readDemandComment(`data: ${other}`)).toBeUndefined()
    }),
  )
  for (const line of [': dcml-payment ', ': dcml-payment {}', ': dcml-payment nonsense'])
    expect(() => readDemandComment(line)).toThrow(expect.objectContaining({ code: 'wire_invalid' }))
})

test('a proof is of a call with its transaction, or of one receipt', () => {
  expect(readWire(wire.bundle, bundle)).toEqual(bundle)
  const logged = { ...bundle, proof: { receipt: { outcome_proof: {} }, log: 2 } }
  expect(readWire(wire.bundle, again(formatWire(logged)))).toEqual(logged)
})

test('integers that an RPC answer was read with exactly stay exact', () => {
  const blocks = [{ inner_lite: { timestamp: 1645506889152004146n } }]
  expect(formatWire({ ...bundle, blocks })).toContain('"timestamp":"1645506889152004146"')
})

test.each([
  ['a number where money is due', wire.amounts, { channelId: '1', deposited: 1, authorised: '0', spent: '0' }],
  ['money beyond u128', wire.amounts, { channelId: '1', deposited: `${2n ** 128n}`, authorised: '0', spent: '0' }],
  ['a leading zero', wire.hostClosure, { channelId: '01' }],
  ['a sign', wire.hostClosure, { channelId: '-1' }],
  ['an id beyond u64', wire.hostClosure, { channelId: `${2n ** 64n}` }],
  ['a voucher that is no base64url', wire.voucher, { voucher: 'a b' }],
  ['a voucher without end', wire.voucher, { voucher: 'A'.repeat(4096) }],
  ['too many blocks', wire.bundle, { ...bundle, blocks: Array(MAX_BUNDLE_BLOCKS + 1).fill({}) }],
  ['a bundle from nowhere', wire.bundle, { ...bundle, from: '' }],
  [
    'a transaction longer than a call of the contract',
    wire.bundle,
    { ...bundle, proof: { transaction: 'A'.repeat(32_772), outcomes: [] } },
  ],
  ['a proof of neither kind', wire.bundle, { ...bundle, proof: { log: 0 } }],
  ['an opening that is no bundle', wire.closure, { request: 'AA', opening: {} }],
  ['upper-case hex', wire.challenge, { challenge: 'AB'.repeat(32) }],
  ['nothing', wire.bundle, null],
])('%s is refused', (_, schema, json) => {
  expect(() => readWire(schema as typeof wire.bundle, json)).toThrow(expect.objectContaining({ code: 'wire_invalid' }))
})

test('a way too long for one bundle is cut where an enclave reads no further', () => {
  const block = (size: number) => ({ inner: 'ü'.repeat(size / 2) })
  const sizes = fc.array(fc.constantFrom(10, 1000, 20_000, 90_000), { maxLength: 200, size: 'max' })
  fc.assert(
    fc.property(sizes, (all) => {
      const long = { ...bundle, blocks: all.map(block) }
      const fits = (n: number) => {
        const bytes = Buffer.byteLength(formatWire({ ...long, blocks: long.blocks.slice(0, n) }))
        return n <= MAX_BUNDLE_BLOCKS && bytes <= MAX_BUNDLE_BYTES
      }
      const leg = firstLeg(long)
      expect(leg === undefined).toBe(fits(all.length))
      if (leg === undefined) return
      expect(leg).toEqual({ from: hash, blocks: long.blocks.slice(0, leg.blocks.length) })
      expect([fits(leg.blocks.length), leg.blocks.length > 0]).toEqual([true, true])
    }),
    { numRuns: 25 },
  )
})
