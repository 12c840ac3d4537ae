import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CryptoProvider, nobleCrypto, webCrypto } from './crypto.ts'
import { nodeCrypto } from './node/crypto.ts'

const providers: Record<string, CryptoProvider> = { noble: nobleCrypto, web: webCrypto, node: nodeCrypto }
const names = Object.keys(providers)
const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }) as fc.Arbitrary<Uint8Array<ArrayBuffer>>
const message = fc.uint8Array({ maxLength: 3000 })

test('all providers produce the same bytes, and each opens what another sealed', async () => {
  await fc.assert(
    fc.asyncProperty(bytes(32), bytes(12), bytes(32), message, async (key, nonce, aad, plain) => {
      const sealed = await Promise.all(
        names.map(async (name) => {
          const into = new Uint8Array(plain.length + 16)
          await providers[name]!.encrypt(key, nonce, aad, plain, into)
          return into
        }),
      )
      expect(sealed[1]).toEqual(sealed[0])
      expect(sealed[2]).toEqual(sealed[0])
      for (const name of names) {
        const into = new Uint8Array(plain.length)
        await providers[name]!.decrypt(key, nonce, aad, sealed[0]!, into)
        expect(into).toEqual(plain)
      }
    }),
    { numRuns: 60 },
  )
})

test('all providers refuse a flipped bit and leave zeros', async () => {
  await fc.assert(
    fc.asyncProperty(bytes(32), message, fc.nat(), async (key, plain, place) => {
      const [nonce, aad, sealed] = [new Uint8Array(12), new Uint8Array(32), new Uint8Array(plain.length + 16)]
      await nodeCrypto.encrypt(key, nonce, aad, plain, sealed)
      sealed[(place >> 3) % sealed.length]! ^= 1 << (place & 7)
      for (const name of names) {
        const into = new Uint8Array(plain.length).fill(0xaa)
        await expect((async () => providers[name]!.decrypt(key, nonce, aad, sealed, into))()).rejects.toThrow()
        expect(into).toEqual(new Uint8Array(plain.length))
      }
    }),
    { numRuns: 60 },
  )
})

test('node:crypto works in pieces beyond 256 KiB and agrees with WebCrypto', async () => {
  const [key, nonce, aad] = [new Uint8Array(32).fill(3), new Uint8Array(12), new Uint8Array(32)]
  const plain = new Uint8Array(700_001).map((_, i) => i * 7)
  const [ours, theirs, opened] = [0, 1, 2].map(() => new Uint8Array(plain.length + 16))
  await nodeCrypto.encrypt(key, nonce, aad, plain, ours!)
  await webCrypto.encrypt(key, nonce, aad, plain, theirs!)
  expect(Buffer.compare(ours!, theirs!)).toBe(0)
  await nodeCrypto.decrypt(key, nonce, aad, theirs!, opened!.subarray(0, plain.length))
  expect(Buffer.compare(opened!.subarray(0, plain.length), plain)).toBe(0)
})
