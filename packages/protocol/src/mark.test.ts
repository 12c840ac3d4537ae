import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import vectors from '../vectors/mark.json' with { type: 'json' }
import { fromHex, toHex } from './bytes.ts'
import { encodeMarkClaim, encodeMarkStep, signMarkClaim, signMarkStep } from './mark.ts'

const seed = Uint8Array.from({ length: 32 }, (_, i) => i)
const secret = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
  format: 'der',
  type: 'pkcs8',
})
const device = {
  publicKey: Uint8Array.from(createPublicKey(secret).export({ type: 'spki', format: 'der' }).subarray(-32)),
  sign: (message: Uint8Array) => Uint8Array.from(sign(null, message, secret)),
}
const domain = (tag: string, chain: { networkId: string; contract: string }) => ({
  tag,
  version: 1,
  ...chain,
  subject: device.publicKey,
})

test.each(vectors.claims)('vector: claim $name', async ({ chain, term, nonce, bytes, signature }) => {
  const fields = { term: BigInt(term), nonce: fromHex(nonce, 32) }
  expect(toHex(encodeMarkClaim({ domain: domain('dcml/mark-claim', chain), ...fields }))).toBe(bytes)
  expect(toHex(await signMarkClaim(chain, fields, device))).toBe(signature)
})

test.each(vectors.steps)('vector: step $name', async ({ chain, term, counter, digest, nonce, bytes, signature }) => {
  const fields = {
    term: BigInt(term),
    counter: BigInt(counter),
    digest: fromHex(digest, 32),
    nonce: fromHex(nonce, 32),
  }
  expect(toHex(encodeMarkStep({ domain: domain('dcml/mark', chain), ...fields }))).toBe(bytes)
  expect(toHex(await signMarkStep(chain, fields, device))).toBe(signature)
})

test('no two statements have the same bytes', () => {
  const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
  const chain = fc.record({
    networkId: fc.constantFrom('mainnet', 'testnet'),
    contract: fc.constantFrom('a.near', 'aa.near'),
  })
  const statement = fc.oneof(
    fc.record({ kind: fc.constant('claim' as const), chain, term: u64, nonce: bytes32 }),
    fc.record({ kind: fc.constant('step' as const), chain, term: u64, counter: u64, digest: bytes32, nonce: bytes32 }),
  )
  const bytesOf = (one: typeof statement extends fc.Arbitrary<infer T> ? T : never): string =>
    toHex(
      one.kind === 'claim'
        ? encodeMarkClaim({ domain: domain('dcml/mark-claim', one.chain), ...one })
        : encodeMarkStep({ domain: domain('dcml/mark', one.chain), ...one }),
    )
  fc.assert(
    fc.property(statement, statement, (a, b) => {
      const same = fc.stringify(a) === fc.stringify(b)
      expect(bytesOf(a) === bytesOf(b)).toBe(same)
    }),
  )
})
