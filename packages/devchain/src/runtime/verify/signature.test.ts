import { generateKeyPairSync, sign as signWith } from 'node:crypto'
import { formatPublicKey, formatSignature } from '@dcml/light-client'
import { utf8 } from '@dcml/protocol'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { expect, test } from 'vitest'
import { sha256 } from '../../wire/hash.ts'
import { FULL_ACCESS, keyPair, NEAR, World } from '../test/world.ts'
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

test.runIf(hasMlDsa())('ML-DSA-65: an account pays with such a key, and nobody else does', () => {
  const quantumKey = mlDsaKey()
  const world = new World({ 'alice.near': 10n * NEAR, 'bob.near': NEAR })
  world.addKey('alice.near', quantumKey.publicKey, FULL_ACCESS)
  const pay = { type: 'Transfer', deposit: NEAR } as const
  world.settle([world.transaction('alice.near', 'bob.near', [pay], { key: quantumKey })])
  expect(world.account('bob.near')!.amount).toBe(2n * NEAR)
  const stolen = { ...mlDsaKey(), publicKey: quantumKey.publicKey }
  world.settle([world.transaction('alice.near', 'bob.near', [pay], { key: stolen })])
  expect(world.account('bob.near')!.amount).toBe(2n * NEAR)
  const signature = quantumKey.sign(hash)
  expect(isSignedBy(hash, signature, quantumKey.publicKey)).toBe(true)
  expect(isSignedBy(sha256(hash), signature, quantumKey.publicKey)).toBe(false)
})

function mlDsaKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ml-dsa-65')
  const bytes = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-1952))
  return {
    publicKey: formatPublicKey({ curve: 'ml-dsa-65', bytes }),
    secretKey: '',
    sign: (message: Uint8Array) =>
      formatSignature({ curve: 'ml-dsa-65', bytes: new Uint8Array(signWith(null, message, privateKey)) }),
  }
}

/** From Node 24.7 on. */
function hasMlDsa(): boolean {
  try {
    return mlDsaKey() !== null
  } catch {
    return false
  }
}
