import { fromHex } from '@dcml/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Refusal } from './der.ts'
import {
  keyKindOf,
  type PublicKey,
  portableVerifier,
  readEcdsaSignature,
  type SignatureScheme,
  webCryptoVerifier,
} from './signature.ts'

const { subtle } = globalThis.crypto

const schemes = {
  p256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  p384: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  'p384-sha256': { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-256' },
  rsa: {
    name: 'RSA-PSS',
    hash: 'SHA-384',
    saltLength: 48,
    modulusLength: 2048, // the reader of certificates wants 4096, the verifier takes what it is given
    publicExponent: Uint8Array.of(1, 0, 1),
  },
} as const
const verifiers = { WebCrypto: webCryptoVerifier(subtle), noble: await portableVerifier() }

async function newSigner(name: SignatureScheme) {
  const scheme = schemes[name]
  const kind = keyKindOf(name)
  const pair = await subtle.generateKey(scheme, true, ['sign', 'verify'])
  const key: PublicKey = {
    kind,
    bytes: new Uint8Array(await subtle.exportKey(kind === 'rsa' ? 'spki' : 'raw', pair.publicKey)),
  }
  const sign = async (data: Uint8Array<ArrayBuffer>) => new Uint8Array(await subtle.sign(scheme, pair.privateKey, data))
  return { key, sign }
}

describe.each([
  ['WebCrypto', 'p256'],
  ['WebCrypto', 'p384'],
  ['WebCrypto', 'p384-sha256'],
  ['WebCrypto', 'rsa'],
  ['noble', 'p256'],
  ['noble', 'p384'],
  ['noble', 'p384-sha256'],
] as const)('%s, %s', async (implementation, scheme) => {
  const verify = verifiers[implementation]
  const { key, sign } = await newSigner(scheme)

  test('accepts a signature, high s or low, and nothing near it', () =>
    fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (data, position, mask) => {
          const message = Uint8Array.from(data)
          const signature = await sign(message)
          const at = position % signature.length
          expect(await verify(key, message, signature, scheme)).toBe(true)
          expect(await verify(key, message, signature.with(at, signature[at]! ^ mask), scheme)).toBe(false)
          expect(await verify(key, new Uint8Array([...message, 0]), signature, scheme)).toBe(false)
        },
      ),
      { numRuns: 20 },
    ))

  test('refuses what is no key or signature', async () => {
    const message = new Uint8Array(10)
    const signature = await sign(message)
    const { bytes } = key
    for (const wrong of [bytes.with(-1, bytes.at(-1)! ^ 1), bytes.slice(0, -1), new Uint8Array(bytes.length)])
      expect(await verify({ ...key, bytes: wrong }, message, signature, scheme)).toBe(false)
    for (const wrong of [new Uint8Array(signature.length), signature.slice(1), signature.map(() => 0xff)])
      expect(await verify(key, message, wrong, scheme)).toBe(false)
  })

  test('refuses its own signature under another kind of key', async () => {
    const message = new Uint8Array(10)
    const other = await newSigner(key.kind === 'p256' ? 'p384' : 'p256')
    expect(await verify(other.key, message, await sign(message))).toBe(false)
    expect(await verify(other.key, message, await sign(message), scheme)).toBe(false)
  })

  test('refuses its own signature under another scheme', async () => {
    const message = new Uint8Array(10)
    const others = (['p256', 'p384', 'p384-sha256'] as const).filter((other) => other !== scheme)
    for (const other of others) expect(await verify(key, message, await sign(message), other)).toBe(false)
  })
})

test('RSA without WebCrypto says what is missing', async () => {
  const { key, sign } = await newSigner('rsa')
  const message = new Uint8Array(10)
  await expect(verifiers.noble(key, message, await sign(message))).rejects.toThrow('need WebCrypto')
})

test.each([
  ['p256', 32],
  ['p384', 48],
] as const)('a DER signature of %s becomes r and s of %i bytes', (kind, width) => {
  const high = `0221 00${'ff'.repeat(32)}`
  const read = readEcdsaSignature(fromHex(`3026 0201 05 ${high}`.replaceAll(' ', '')), kind)
  expect([...read]).toEqual([
    ...new Uint8Array(width - 1),
    5,
    ...new Uint8Array(width - 32),
    ...new Uint8Array(32).fill(0xff),
  ])
})

test.each([
  ['r above 32 bytes', `3026 0221 01${'00'.repeat(32)} 0201 01`],
  ['bytes after s', '3007 0201 01 0201 01 00'],
  ['bytes after the sequence', '3006 0201 01 0201 01 00'],
  ['a negative r', '3006 0201 81 0201 01'],
  ['no s', '3003 0201 01'],
])('a DER signature with %s is refused', (_, hex) => {
  expect(() => readEcdsaSignature(fromHex(hex.replaceAll(' ', '')), 'p256')).toThrow(Refusal)
})
