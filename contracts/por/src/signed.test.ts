import { readFileSync } from 'node:fs'
import { encode, fromHex, toHex } from '@dcml/protocol'
import { closeOffer, edgeParamsLayout, edgeUpdate, porVoucher, severCert } from '@dcml/protocol/por'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { closeBytes, type Here, paramsBytes, severBytes, updateBytes, voucherBytes } from './signed.ts'

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const u128 = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n })
const u32 = fc.nat(2 ** 32 - 1)
const key = fc.uint8Array({ minLength: 32, maxLength: 32 })
const here = fc.record({
  networkId: fc.constantFrom('mainnet', 'testnet', 'x'.repeat(64)),
  contract: fc.stringMatching(/^[a-z0-9]{2,57}\.(near|testnet)$/).filter(({ length }) => length <= 64),
})
const params = fc.record({
  latency: u32,
  baseCost: u128,
  byteCost: u128,
  minLateRate: u128,
  maxLateRate: u128,
  sync: u32,
  maxInflight: fc.nat(65_535),
  bytesPerSecond: u32,
})

test('the bytes are those that nodes sign', () => {
  const facts = fc.record({ edgeId: u64, seq: u64, total: u128, balanceU: u128, balanceV: u128, notBefore: u64 })
  fc.assert(
    fc.property(here, key, facts, params, u32, (here, key, facts, params, revision) => {
      const of = (tag: string) => ({ domain: { tag, version: 1, ...here, subject: key } })
      const { edgeId, notBefore: effectiveFrom } = facts
      const update = { edgeId, revision, params, effectiveFrom }
      expect(voucherBytes(here, key, facts)).toEqual(encode(porVoucher.layout, { ...of(porVoucher.tag), ...facts }))
      expect(severBytes(here, key, edgeId)).toEqual(encode(severCert.layout, { ...of(severCert.tag), edgeId }))
      expect(updateBytes(here, key, update)).toEqual(encode(edgeUpdate.layout, { ...of(edgeUpdate.tag), ...update }))
      expect(closeBytes(here, key, facts)).toEqual(encode(closeOffer.layout, { ...of(closeOffer.tag), ...facts }))
      expect(paramsBytes(params)).toEqual(encode(edgeParamsLayout, params))
    }),
  )
})

interface Vector {
  readonly name: string
  readonly chain: { readonly networkId: string; readonly contract: string }
  readonly signerKey: string
  readonly body: string
}

/** The valid vectors of a kind; integers above 32 bits travel as decimal strings in their fields. */
function vectors<F>(kind: string): (Vector & { readonly fields: F })[] {
  const file = new URL(`../../../packages/protocol/vectors/por-${kind}.json`, import.meta.url)
  const wide = (fields: object): object =>
    Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [
        name,
        typeof value === 'string' ? BigInt(value) : typeof value === 'object' ? wide(value) : value,
      ]),
    )
  const { valid } = JSON.parse(readFileSync(file, 'utf8'))
  return valid.map((vector: Vector & { fields: object }) => ({ ...vector, fields: wide(vector.fields) }))
}

/** Compares what a function of ours writes with all vectors of a kind. */
function compare<F>(kind: string, write: (here: Here, key: Uint8Array, fields: F) => Uint8Array): void {
  const all = vectors<F>(kind)
  expect(all.length).toBeGreaterThan(1)
  for (const { name, chain, signerKey, fields, body } of all)
    expect(toHex(write(chain, fromHex(signerKey), fields)), name).toBe(body)
}

test('vectors: vouchers', () => compare('voucher', voucherBytes))
test('vectors: cuts', () =>
  compare<{ edgeId: bigint }>('sever', (here, key, { edgeId }) => severBytes(here, key, edgeId)))
test('vectors: updates', () => compare('update', updateBytes))
test('vectors: closures', () => compare('close', closeBytes))
