import { ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { verifyEd25519Portable } from '../portable-signature.ts'
import { ed25519Verifier as portable } from '../signature.ts'
import { ed25519Verifier } from './signature.ts'

const secret = new Uint8Array(32).fill(7)
const key = ed25519.getPublicKey(secret)
const message = new TextEncoder().encode('a voucher')
const signature = ed25519.sign(message, secret)
/** The order of the base point: adding it to S gives the other number that a lax check takes (RFC 8032 §5.1.7). */
const ORDER = (1n << 252n) + 27742317777372353535851937790883648493n

const everywhere = async (publicKey: Uint8Array, text: Uint8Array, signed: Uint8Array) => [
  ed25519Verifier(publicKey)(text, signed),
  await portable(publicKey)(text, signed),
  verifyEd25519Portable(publicKey, text, signed),
]

test('takes what was signed, for as long as the key signs', () => {
  const check = ed25519Verifier(key)
  expect([check(message, signature), check(message, signature)]).toEqual([true, true])
})

test('says of everything altered what WebCrypto and noble say: no', async () => {
  const bytes = fc.integer({ min: 0, max: 95 })
  await fc.assert(
    fc.asyncProperty(bytes, fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const [badKey, badSignature] = [key.slice(), signature.slice()]
      if (at < 32) badKey[at]! ^= flip
      else badSignature[at - 32]! ^= flip
      expect(await everywhere(badKey, message, badSignature)).toEqual([false, false, false])
    }),
  )
  expect(await everywhere(key, message.slice(1), signature)).toEqual([false, false, false])
})

test('a signature has one spelling, and keys and signatures one length', async () => {
  const view = new DataView(signature.slice().buffer)
  let scalar = ORDER
  for (let at = 0; at < 4; at++) scalar += view.getBigUint64(32 + at * 8, true) << BigInt(64 * at)
  for (let at = 0; at < 4; at++) view.setBigUint64(32 + at * 8, scalar >> BigInt(64 * at), true)
  expect(await everywhere(key, message, new Uint8Array(view.buffer))).toEqual([false, false, false])
  for (const length of [0, 31, 33]) {
    expect(await everywhere(new Uint8Array(length), message, signature)).toEqual([false, false, false])
    expect(await everywhere(key, message, signature.slice(0, length))).toEqual([false, false, false])
  }
})
