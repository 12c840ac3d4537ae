import { X509Certificate } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createVerify, nodeKeys, rawKey } from './keys.ts'
import { parseEndpoint } from './tls.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })

test('signs and verifies as noble does, and shows the same key in its certificate', () => {
  const verify = createVerify()
  fc.assert(
    fc.property(bytes(32), fc.uint8Array(), fc.nat(63), fc.nat(7), (seed, message, at, bit) => {
      const { signer, tls } = nodeKeys(seed)
      expect(signer.publicKey).toEqual(ed25519.getPublicKey(seed))
      expect(rawKey(new X509Certificate(tls.cert).publicKey)).toEqual(signer.publicKey)
      const signature = signer.sign(message)
      expect(signature).toEqual(ed25519.sign(message, seed))
      expect(verify(signer.publicKey, message, signature)).toBe(true)
      const wrong = Uint8Array.from(signature)
      wrong[at]! ^= 1 << bit
      expect(verify(signer.publicKey, message, wrong)).toBe(false)
    }),
    { numRuns: 30 },
  )
})

test('keys and signatures that are none are false, not errors', () => {
  const verify = createVerify()
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ maxLength: 70 }), (key, signature) => {
      expect(verify(key, new Uint8Array(3), signature)).toBe(false)
    }),
  )
  fc.assert(fc.property(bytes(32), bytes(64), (key, signature) => !verify(key, new Uint8Array(3), signature)))
})

test('a seed of another length is refused', () => {
  expect(() => nodeKeys(new Uint8Array(33))).toThrow(expect.objectContaining({ code: 'por_key_invalid' }))
})

test.each([
  ['example.com:24567', { host: 'example.com', port: 24567 }],
  ['10.0.0.1:1', { host: '10.0.0.1', port: 1 }],
  ['[2001:db8::1]:65535', { host: '2001:db8::1', port: 65535 }],
])('endpoint %s', (endpoint, parsed) => {
  expect(parseEndpoint(endpoint)).toEqual(parsed)
})

test.each(['', 'example.com', ':1', 'a:0', 'a:65536', 'a:b', '2001:db8::1:1', '[]:1', 'a:1 '])(
  'endpoint %j is none',
  (endpoint) => {
    expect(() => parseEndpoint(endpoint)).toThrow(expect.objectContaining({ code: 'por_endpoint_invalid' }))
  },
)
