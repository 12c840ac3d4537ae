import { base58 as short } from '@scure/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatPublicKey, formatSignature, parsePublicKey, parseSignature } from '../index.ts'
import { base58 } from './base58.ts'

const curve = 'ml-dsa-65'

test('keys and signatures of ML-DSA-65, which are longer than base58 libraries take, come back as they were', () => {
  const filled = (length: number) =>
    fc
      .tuple(fc.nat(3), fc.uint8Array({ minLength: length, maxLength: length }))
      .map(([zeros, raw]) => raw.fill(0, 0, zeros))
  fc.assert(
    fc.property(filled(1952), filled(3309), (key, signature) => {
      expect(parsePublicKey(formatPublicKey({ curve, bytes: key }))).toEqual({ curve, bytes: key })
      expect(parseSignature(formatSignature({ curve, bytes: signature }))).toEqual({ curve, bytes: signature })
    }),
    { numRuns: 20 },
  )
})

test('where the library takes both, the long way gives the same', () => {
  const bytes = Uint8Array.from({ length: 2048 }, (_, i) => (i < 5 ? 0 : i * 31))
  const text = short.encode(bytes) // 2,796 characters, which is the long way back
  expect(base58.decode(text)).toEqual(bytes)
  expect(base58.encode(base58.decode(`1${text}`))).toBe(`1${text}`)
  expect(() => base58.decode(`${text}0`)).toThrow('not base58')
  expect(base58.decode('1'.repeat(3000))).toEqual(new Uint8Array(3000))
  expect(base58.encode(new Uint8Array(3000))).toBe('1'.repeat(3000))
})
