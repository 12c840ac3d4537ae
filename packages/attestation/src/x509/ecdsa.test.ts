import { fromHex } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Refusal } from './der.ts'
import { portableP256, readEcdsaSignature, type VerifyP256, webCryptoP256 } from './ecdsa.ts'

const { subtle } = globalThis.crypto
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const pair = await subtle.generateKey(algorithm, true, ['sign', 'verify'])
const point = new Uint8Array(await subtle.exportKey('raw', pair.publicKey))
const sign = async (data: Uint8Array<ArrayBuffer>) =>
  new Uint8Array(await subtle.sign(algorithm, pair.privateKey, data))
const implementations: [string, VerifyP256][] = [
  ['WebCrypto', webCryptoP256(subtle)],
  ['noble', await portableP256()],
]

test.each(implementations)('%s accepts a signature, high s or low, and nothing near it', async (_, verify) => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 200 }),
      fc.nat(63),
      fc.integer({ min: 1, max: 255 }),
      async (data, at, mask) => {
        const message = Uint8Array.from(data)
        const signature = await sign(message)
        expect(await verify(point, message, signature)).toBe(true)
        expect(await verify(point, message, signature.with(at, signature[at]! ^ mask))).toBe(false)
        expect(await verify(point, new Uint8Array([...message, 0]), signature)).toBe(false)
      },
    ),
    { numRuns: 20 },
  )
})

test.each(implementations)('%s refuses what is no key or signature', async (_, verify) => {
  const message = new Uint8Array(10)
  const signature = await sign(message)
  expect(await verify(point.with(64, point[64]! ^ 1), message, signature)).toBe(false)
  expect(await verify(point.slice(0, 64), message, signature)).toBe(false)
  expect(await verify(new Uint8Array(65), message, signature)).toBe(false)
  expect(await verify(point, message, new Uint8Array(64))).toBe(false)
  expect(await verify(point, message, signature.slice(1))).toBe(false)
  expect(await verify(point, message, new Uint8Array(64).fill(0xff))).toBe(false)
})

test('DER signatures become r and s of 32 bytes', () => {
  const high = `0221 00${'ff'.repeat(32)}`
  const read = readEcdsaSignature(fromHex(`3026 0201 05 ${high}`.replaceAll(' ', '')))
  expect(read).toEqual(new Uint8Array([...new Uint8Array(31), 5, ...new Uint8Array(32).fill(0xff)]))
})

test.each([
  ['r above 32 bytes', `3026 0221 01${'00'.repeat(32)} 0201 01`],
  ['bytes after s', '3007 0201 01 0201 01 00'],
  ['bytes after the sequence', '3006 0201 01 0201 01 00'],
  ['a negative r', '3006 0201 81 0201 01'],
  ['no s', '3003 0201 01'],
])('a DER signature with %s is refused', (_, hex) => {
  expect(() => readEcdsaSignature(fromHex(hex.replaceAll(' ', '')))).toThrow(Refusal)
})
