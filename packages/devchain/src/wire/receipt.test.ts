import { decode, encode } from '@dcml/protocol'
import fc from 'fast-check'
import * as v from 'valibot'
import { expect, test } from 'vitest'
import { receipt as anyReceipt, u64 } from '../../test/arbitraries.ts'
import { receiptJson, receipt as schema } from './json/receipt.ts'
import { decodeReceipt, encodeReceipt, storedReceiptLayout } from './receipt.ts'
import type { Receipt } from './types.ts'

test('every receipt survives its bytes, alone and stored in a queue', () => {
  fc.assert(
    fc.property(anyReceipt, u64, u64, (receipt, congestionGas, congestionSize) => {
      expect(decodeReceipt(encodeReceipt(receipt))).toEqual(receipt)
      const stored = { receipt, congestionGas, congestionSize }
      expect(decode(storedReceiptLayout, encode(storedReceiptLayout, stored))).toEqual(stored)
    }),
  )
})

test('every receipt survives its JSON', () => {
  fc.assert(
    fc.property(anyReceipt, (receipt) => {
      expect(v.parse(schema, JSON.parse(JSON.stringify(receiptJson(receipt))))).toEqual(receipt)
    }),
  )
})

test('a receipt that was stored before queues had figures is read as well', () => {
  fc.assert(
    fc.property(anyReceipt, (receipt) => {
      expect(decode(storedReceiptLayout, encodeReceipt(receipt)).receipt).toEqual(receipt)
    }),
    { numRuns: 20 },
  )
})

test('a refund of the system is the bytes nearcore writes', () => {
  const refund = encodeReceipt({
    predecessorId: 'system',
    receiverId: 'a.near',
    receiptId: '1'.repeat(32),
    body: {
      type: 'Action',
      signerId: 'system',
      signerPublicKey: `ed25519:${'1'.repeat(32)}`,
      gasPrice: 0n,
      outputDataReceivers: [],
      inputDataIds: [],
      actions: [{ type: 'Transfer', deposit: 258n }],
    },
  })
  const zeros = (count: number) => '00'.repeat(count)
  const system = `06000000${Buffer.from('system').toString('hex')}`
  const receiver = `06000000${Buffer.from('a.near').toString('hex')}`
  const action = `00${system}00${zeros(32)}${zeros(16)}${zeros(4)}${zeros(4)}0100000003${`0201${zeros(14)}`}`
  expect(Buffer.from(refund).toString('hex')).toBe(`${system}${receiver}${zeros(32)}${action}`)
})

test('what a contract makes is version 2, whether or not it says who is refunded', () => {
  const made = {
    type: 'Action' as const,
    signerId: 'a.near',
    signerPublicKey: `ed25519:${'1'.repeat(32)}`,
    gasPrice: 0n,
    outputDataReceivers: [],
    inputDataIds: [],
    actions: [],
  }
  const tagOf = (body: Receipt['body']) =>
    encodeReceipt({ predecessorId: 'a1', receiverId: 'b1', receiptId: '1'.repeat(32), body })[6 + 6 + 32]
  expect(tagOf(made)).toBe(0)
  expect(tagOf({ ...made, refundTo: null })).toBe(5)
  expect(tagOf({ ...made, type: 'PromiseYield', refundTo: null })).toBe(6)
})

test('only whole receipts are read', () => {
  fc.assert(
    fc.property(anyReceipt, fc.nat(), (receipt, cut) => {
      const bytes = encodeReceipt(receipt)
      expect(() => decodeReceipt(bytes.subarray(0, cut % bytes.length))).toThrow()
      expect(() => decodeReceipt(Uint8Array.of(...bytes, 0))).toThrow()
    }),
    { numRuns: 50 },
  )
})
