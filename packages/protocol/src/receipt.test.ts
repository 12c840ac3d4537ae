import { generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import vectors from '../vectors/receipt.json' with { type: 'json' }
import { fromBase64url, fromHex, toBase64url, toHex } from './bytes.ts'
import { NO_CHAIN } from './domain.ts'
import { verifyEd25519Portable } from './portable-signature.ts'
import { encodeReceipt, formatReceipt, parseReceipt, type Receipt, signReceipt, verifyReceipt } from './receipt.ts'
import { verifyEd25519 } from './signature.ts'

const keyPair = () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const raw = Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32))
  return { publicKey: raw, sign: (message: Uint8Array) => Uint8Array.from(sign(null, message, privateKey)) }
}

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
const fields: fc.Arbitrary<Omit<Receipt, 'domain'>> = fc.record({
  modelH: hash,
  imageH: hash,
  requestH: hash,
  responseH: hash,
  promptTokens: fc.nat(),
  completionTokens: fc.nat(),
  channelId: hash,
  spent: fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
  sequence: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
  time: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
})

test('travels as text and verifies under the key that signed it, and under no other', async () => {
  const [enclave, other] = [keyPair(), keyPair()]
  await fc.assert(
    fc.asyncProperty(fields, async (f) => {
      const parsed = parseReceipt(formatReceipt(await signReceipt(NO_CHAIN, f, enclave)))
      expect(parsed.receipt).toMatchObject(f)
      expect(await verifyReceipt(parsed, enclave.publicKey)).toBe(true)
      expect(await verifyReceipt(parsed, other.publicKey)).toBe(false)
    }),
    { numRuns: 30 },
  )
})

test('any flipped bit is unreadable or unverified', async () => {
  const enclave = keyPair()
  const [f] = fc.sample(fields, { numRuns: 1, seed: 1 })
  const bytes = fromBase64url(formatReceipt(await signReceipt(NO_CHAIN, f!, enclave)))
  for (let i = 0; i < bytes.length; i++) {
    const bad = Uint8Array.from(bytes)
    bad[i]! ^= 1 << (i % 8)
    let verified = false
    try {
      verified = await verifyReceipt(parseReceipt(toBase64url(bad)), enclave.publicKey)
    } catch (error) {
      expect(error).toMatchObject({ code: 'receipt_malformed' })
    }
    expect(verified, `byte ${i}`).toBe(false)
  }
})

test('a signature made for another chain does not verify', async () => {
  const enclave = keyPair()
  const [f] = fc.sample(fields, { numRuns: 1, seed: 2 })
  const signed = await signReceipt({ networkId: 'testnet', contract: 'model.testnet' }, f!, enclave)
  const moved = {
    ...signed,
    receipt: { ...signed.receipt, domain: { ...signed.receipt.domain, networkId: 'mainnet' } },
  }
  expect(await verifyReceipt(signed, enclave.publicKey)).toBe(true)
  expect(await verifyReceipt(moved, enclave.publicKey)).toBe(false)
})

test.each(vectors.valid)('vector: $name', async ({ text, receipt, sessionKey }) => {
  const parsed = parseReceipt(text)
  expect(toHex(encodeReceipt(parsed.receipt))).toBe(receipt)
  expect(formatReceipt(parsed)).toBe(text)
  expect(await verifyReceipt(parsed, fromHex(sessionKey, 32))).toBe(true)
})

test.each(vectors.unverified)('vector: $name is read and not verified', async ({ text, sessionKey }) => {
  expect(await verifyReceipt(parseReceipt(text), fromHex(sessionKey, 32))).toBe(false)
})

test.each(vectors.malformed)('vector: $name is refused', ({ text }) => {
  expect(() => parseReceipt(text)).toThrow(expect.objectContaining({ code: 'receipt_malformed' }))
})

test('WebCrypto and noble agree on good, wrong and malformed signatures', async () => {
  const enclave = keyPair()
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), fc.nat(63), fc.nat(7), async (message, byte, bit) => {
      const good = enclave.sign(message)
      const bad = Uint8Array.from(good)
      bad[byte]! ^= 1 << bit
      for (const [signature, expected] of [
        [good, true],
        [bad, false],
        [good.subarray(1), false],
      ] as const) {
        expect(await verifyEd25519(enclave.publicKey, message, signature)).toBe(expected)
        expect(verifyEd25519Portable(enclave.publicKey, message, signature)).toBe(expected)
      }
    }),
    { numRuns: 20 },
  )
})
