import { bytesOf, porVoucher, sign, type VerifyNow } from '@dcml/protocol/por'
import { expect, test } from 'vitest'
import type { Message } from '../wire/messages.ts'
import { Ahead } from './ahead.ts'
import { createVerify, createVerifyLater, nodeKeys } from './keys.ts'

const chain = { networkId: 'testnet', contract: 'por.testnet' }
const { signer } = nodeKeys(new Uint8Array(32).fill(1))
const voucher = sign(porVoucher, chain, { edgeId: 1n, seq: 1n, total: 5n }, signer)
const bytes = (total: bigint): Uint8Array => bytesOf(porVoucher, { ...voucher.body, total })
const pay = (signature: Uint8Array): Message => ({
  ...{ type: 'pay', edgeId: 1n, voucher: { body: voucher.body, signature } },
})

/** What is asked for only now. */
function counted(): { now: VerifyNow; count: () => number } {
  const verify = createVerify()
  let count = 0
  const now: VerifyNow = (...args) => {
    count += 1
    return verify(...args)
  }
  return { now, count: () => count }
}

test('a signature that was checked ahead is not checked again', async () => {
  const { now, count } = counted()
  const ahead = new Ahead(now, createVerifyLater())
  const forged = Uint8Array.from(voucher.signature).fill(0, 0, 8)
  await ahead.check([pay(voucher.signature), pay(forged)])
  expect(ahead.verify(signer.publicKey, bytes(5n), voucher.signature)).toBe(true)
  expect(ahead.verify(signer.publicKey, bytes(5n), forged)).toBe(false)
  expect(count()).toBe(0)
})

test('what was found counts for no other key, bytes or signature', async () => {
  const { now, count } = counted()
  const ahead = new Ahead(now, createVerifyLater())
  await ahead.check([pay(voucher.signature)])
  const other = nodeKeys(new Uint8Array(32).fill(2)).signer.publicKey
  expect(ahead.verify(other, bytes(5n), voucher.signature)).toBe(false)
  expect(ahead.verify(signer.publicKey, bytes(6n), voucher.signature)).toBe(false)
  expect(ahead.verify(signer.publicKey, bytes(5n), Uint8Array.from(voucher.signature))).toBe(true)
  expect(count()).toBe(3)
})

test('a message without signatures waits for nothing', () => {
  const ack: Message = { type: 'ack', requestHash: new Uint8Array(32), edgeId: 1n, window: 1 }
  expect(new Ahead(createVerify(), createVerifyLater()).check([ack])).toBeNull()
})
