import { createHash, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import { concatBytes, fromHex, toHex } from '@dcml/protocol'
import { ed25519 } from '@noble/curves/ed25519.js'
import { p256 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { expect, test } from 'vitest'
import { Logic, type Slice } from '../../../test/logic.ts'

const message = new TextEncoder().encode('kajdlfkjalkfjaklfjdkladjfkljadsk')
const secret = new Uint8Array(32).fill(11)

const verify = (name: string, signature: Uint8Array, text: Uint8Array, key: Uint8Array, logic = new Logic()) =>
  logic.run(name, ...logic.write(signature), ...logic.write(text), ...logic.write(key))

const flipped = (bytes: Uint8Array, at: number): Uint8Array => bytes.with(at, bytes[at]! ^ 1)

test('ed25519: the platform judges what noble signed, and each flipped bit', () => {
  const key = ed25519.getPublicKey(secret)
  const signature = ed25519.sign(message, secret)
  expect(verify('ed25519_verify', signature, message, key)).toBe(1n)
  for (const at of [0, 31, 32, 50]) expect(verify('ed25519_verify', flipped(signature, at), message, key)).toBe(0n)
  expect(verify('ed25519_verify', signature, flipped(message, 3), key)).toBe(0n)
  expect(verify('ed25519_verify', signature, message, flipped(key, 3))).toBe(0n)
})

test('ed25519: a scalar beyond the order is refused, with high bits before the message is read', () => {
  const signature = ed25519.sign(message, secret)
  const order = ed25519.Point.Fn.ORDER
  const s = signature.subarray(32).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
  const malleable = Uint8Array.from(signature)
  for (let at = 0, rest = s + order; at < 32; at++, rest >>= 8n) malleable[32 + at] = Number(rest & 0xffn)
  expect(verify('ed25519_verify', malleable, message, ed25519.getPublicKey(secret))).toBe(0n)
  const logic = new Logic()
  expect(verify('ed25519_verify', signature.with(63, 0xe1), message, ed25519.getPublicKey(secret), logic)).toBe(0n)
  expect(logic.costs()).toEqual({ ed25519_verify_base: 1, read_memory_base: 1, read_memory_byte: 64 })
})

const lowOrder = [1n, -1n, 0n].map((y) => ed25519.Point.Fp.toBytes(ed25519.Point.Fp.create(y)))

test('ed25519: keys of low order verify as they do in ed25519-dalek', () => {
  // With A and R the neutral element and s = 0, sB = R + kA holds for every message.
  const neutral = lowOrder[0]!
  expect(verify('ed25519_verify', concatBytes(neutral, new Uint8Array(32)), message, neutral)).toBe(1n)
  // y = p + 1 names the neutral element too, and hashes to another k, which does not matter.
  const unreduced = Uint8Array.of(0xee, ...new Uint8Array(30).fill(0xff), 0x7f)
  expect(verify('ed25519_verify', concatBytes(neutral, new Uint8Array(32)), message, unreduced)).toBe(1n)
  expect(verify('ed25519_verify', concatBytes(unreduced, new Uint8Array(32)), message, neutral)).toBe(0n)
})

test('ed25519: a key with a part of low order verifies when the equation holds without cofactor', () => {
  const { Point } = ed25519
  const torsion = Point.fromBytes(lowOrder[1]!)
  const { scalar } = ed25519.utils.getExtendedPublicKey(secret)
  const key = Point.BASE.multiply(scalar).add(torsion).toBytes()
  const outcomes = Array.from({ length: 8 }, (_, at) => {
    const text = Uint8Array.of(at)
    const r = Point.BASE.multiply(BigInt(at + 5)).toBytes()
    const digest = createHash('sha512')
      .update(concatBytes(r, key, text))
      .digest()
    const k = Point.Fn.create(BigInt(`0x${toHex(Uint8Array.from(digest).toReversed())}`))
    const s = Point.Fn.create(BigInt(at + 5) + k * scalar)
    const accepted = verify('ed25519_verify', concatBytes(r, Point.Fn.toBytes(s)), text, key)
    expect(accepted).toBe(k % 2n === 0n ? 1n : 0n)
    return accepted
  })
  expect(new Set(outcomes).size).toBe(2)
})

test('ed25519: costs are those nearcore asserts', () => {
  const logic = new Logic()
  verify('ed25519_verify', ed25519.sign(message, secret), message, ed25519.getPublicKey(secret), logic)
  expect(logic.costs()).toEqual({
    ed25519_verify_base: 1,
    ed25519_verify_byte: 32,
    read_memory_base: 3,
    read_memory_byte: 128,
  })
})

test.each([
  ['ed25519_verify', 'Ed25519VerifyInvalidInput', 32],
  ['p256_verify', 'P256VerifyInvalidInput', 33],
])('%s refuses other lengths', (name, error, keyLength) => {
  const logic = new Logic()
  const valid = logic.register(1n, name === 'p256_verify' ? p256.sign(message, secret) : new Uint8Array(64))
  const none: Slice = [0n, 0n]
  expect(logic.refusal(name, 63, 0, ...none, keyLength, 0)).toBe(`${error} { msg: "invalid signature length" }`)
  expect(logic.refusal(name, ...valid, ...none, keyLength + 1, 0)).toBe(`${error} { msg: "invalid public key length" }`)
})

const prehash = new Uint8Array(createHash('sha256').update(message).digest())

test('p256: verifies what the platform signed, over its hash', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signature = new Uint8Array(sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }))
  const { x, y } = publicKey.export({ format: 'jwk' })
  const odd = Buffer.from(y!, 'base64url').at(-1)! & 1
  const key = concatBytes(Uint8Array.of(2 + odd), Buffer.from(x!, 'base64url'))
  expect(verify('p256_verify', signature, prehash, key)).toBe(1n)
  expect(verify('p256_verify', signature, flipped(prehash, 0), key)).toBe(0n)
  expect(verify('p256_verify', signature, prehash, key.with(0, 5 - key[0]!))).toBe(0n)
  expect(verify('p256_verify', signature, message, key)).toBe(0n)
})

test('p256: the upper half of s is as good; a prehash is cut to 32 bytes and needs 16', () => {
  const key = p256.getPublicKey(secret, true)
  const signature = p256.Signature.fromBytes(p256.sign(prehash, secret, { prehash: false }), 'compact')
  const high = new p256.Signature(signature.r, p256.Point.Fn.ORDER - signature.s).toBytes('compact')
  expect(verify('p256_verify', high, prehash, key)).toBe(1n)
  expect(verify('p256_verify', signature.toBytes('compact'), concatBytes(prehash, prehash), key)).toBe(1n)
  const short = prehash.subarray(0, 15)
  expect(verify('p256_verify', p256.sign(short, secret, { prehash: false }), short, key)).toBe(0n)
})

test('p256: an impossible signature is refused before the message is read', () => {
  const logic = new Logic()
  expect(verify('p256_verify', new Uint8Array(64), prehash, p256.getPublicKey(secret, true), logic)).toBe(0n)
  expect(logic.costs()).toEqual({ p256_verify_base: 1, read_memory_base: 1, read_memory_byte: 64 })
})

test('p256: what is no point is no key', () => {
  const signature = p256.sign(prehash, secret, { prehash: false })
  expect(verify('p256_verify', signature, prehash, new Uint8Array(33))).toBe(0n)
  expect(verify('p256_verify', signature, prehash, new Uint8Array(33).fill(0xff).with(0, 2))).toBe(0n)
})

function recover(signature: Uint8Array, v: number, flag: number, hash = prehash) {
  const logic = new Logic()
  const result = logic.run('ecrecover', ...logic.write(hash), ...logic.write(signature), v, flag, 0)
  return { result, key: logic.read(0n), costs: logic.costs() }
}

const recoverable = secp256k1.sign(prehash, secret, { prehash: false, format: 'recovered' })
const compact = recoverable.subarray(1)
const v = recoverable[0]!

test('ecrecover finds the key that signed, without its tag', () => {
  const { result, key, costs } = recover(compact, v, 0)
  expect(result).toBe(1n)
  expect(key).toEqual(secp256k1.getPublicKey(secret, false).slice(1))
  expect(costs).toEqual({
    ecrecover_base: 1,
    read_memory_base: 2,
    read_memory_byte: 96,
    write_register_base: 1,
    write_register_byte: 64,
  })
})

test('ecrecover with the other recovery byte finds another key, or none', () => {
  const { key } = recover(compact, v ^ 1, 0)
  expect(key).not.toEqual(secp256k1.getPublicKey(secret, false).slice(1))
  expect(recover(compact, 2 | v, 0)).toMatchObject({ result: 0n, key: undefined })
})

test('ecrecover refuses the upper half of s on demand', () => {
  const { r, s } = secp256k1.Signature.fromBytes(compact, 'compact')
  const high = new secp256k1.Signature(r, secp256k1.Point.Fn.ORDER - s).toBytes('compact')
  expect(recover(high, v ^ 1, 0).key).toEqual(secp256k1.getPublicKey(secret, false).slice(1))
  expect(recover(high, v ^ 1, 1).result).toBe(0n)
  expect(recover(compact, v, 1).result).toBe(1n)
})

test.each([
  ['zero', new Uint8Array(64)],
  ['too large', new Uint8Array(64).fill(0xff)],
])('ecrecover finds nothing for an r and s that are %s', (_, signature) => {
  expect(recover(signature, 0, 0)).toMatchObject({ result: 0n, key: undefined })
})

test('ecrecover refuses other lengths and flags', () => {
  const logic = new Logic()
  const refusal = (...args: number[]) => logic.refusal('ecrecover', ...args, 0)
  expect(refusal(32, 0, 63, 0, 0, 0)).toContain('The length of the signature: 63, exceeds the limit of 64 bytes')
  expect(refusal(32, 0, 64, 0, 4, 0)).toContain('V recovery byte 0 through 3 are valid but was provided 4')
  expect(refusal(31, 0, 64, 0, 0, 0)).toContain('The length of the hash: 31, exceeds the limit of 32 bytes')
  expect(refusal(32, 0, 64, 0, 0, 2)).toContain('Malleability flag needs to be 0 or 1, but is instead 2')
})

test('a signature of the platform is one of noble', () => {
  const der = concatBytes(fromHex('302e020100300506032b657004220420'), secret)
  const key = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' })
  expect(new Uint8Array(sign(null, message, key))).toEqual(ed25519.sign(message, secret))
})
