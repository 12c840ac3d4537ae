import { formatPublicKey, formatSignature } from '@dcml/light-client'
import { utf8 } from '@dcml/protocol'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { expect, test } from 'vitest'
import { sha256 } from '../../wire/hash.ts'
import { keyPair } from '../test/world.ts'
import { isSignedBy } from './signature.ts'

const hash = sha256(utf8('message'))

test('Ed25519: the key that signed, and no other', () => {
  const { publicKey, sign } = keyPair('alice')
  expect(isSignedBy(hash, sign(hash), publicKey)).toBe(true)
  expect(isSignedBy(sha256(hash), sign(hash), publicKey)).toBe(false)
  expect(isSignedBy(hash, sign(hash), keyPair('bob').publicKey)).toBe(false)
})

test('secp256k1: low s only, with any recovery id there is', () => {
  const secret = sha256(utf8('secret'))
  const publicKey = formatPublicKey({ curve: 'secp256k1', bytes: secp256k1.getPublicKey(secret, false).slice(1) })
  const compact = secp256k1.sign(hash, secret, { prehash: false })
  const signature = (bytes: Uint8Array, recovery: number) =>
    formatSignature({ curve: 'secp256k1', bytes: Uint8Array.of(...bytes, recovery) })
  expect(isSignedBy(hash, signature(compact, 0), publicKey)).toBe(true)
  expect(isSignedBy(hash, signature(compact, 3), publicKey)).toBe(true)
  expect(isSignedBy(hash, signature(compact, 4), publicKey)).toBe(false)
  const { r, s } = secp256k1.Signature.fromBytes(compact, 'compact')
  const high = new secp256k1.Signature(r, secp256k1.Point.Fn.ORDER - s).toBytes('compact')
  expect(isSignedBy(hash, signature(high, 0), publicKey)).toBe(false)
  expect(isSignedBy(hash, signature(compact, 0), keyPair('alice').publicKey)).toBe(false)
})
