import { DcmlError, toHex } from '@dcml/protocol'
import { sha256 } from '@noble/hashes/sha2.js'
import { base58 } from '@scure/base'
import fc from 'fast-check'
import { encodeDelegateAction, encodeTransaction as nearEncode } from 'near-api-js'
import { serializeDelegateActionV2 } from 'near-kit'
import { expect, test } from 'vitest'
import { anySigned, oldAction, signature, transactionOf } from '../../test/arbitrary.ts'
import { nearAction, nearKey, nearSignature, nearTransaction } from '../../test/near-api.ts'
import {
  type Action,
  type DelegateAction,
  decodeSignedTransaction,
  delegateActionBytes,
  delegateActionHash,
  delegateActionV2Bytes,
  delegateActionV2Hash,
  encodeSignedTransaction,
  encodeTransaction,
  transactionHash,
} from '../index.ts'

const codeOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return DcmlError.isInstance(error) ? error.code : `not a DcmlError: ${error}`
  }
  return 'accepted'
}

test('writes the bytes near-api-js writes', () => {
  fc.assert(
    fc.property(transactionOf(oldAction), signature, (transaction, signature) => {
      const theirs = nearTransaction(transaction)
      const unsigned = nearEncode(theirs as never)
      expect(toHex(encodeTransaction(transaction))).toBe(toHex(unsigned))
      expect(transactionHash(transaction)).toBe(base58.encode(sha256(unsigned)))
      const signed = { transaction: theirs, signature: nearSignature(signature) }
      expect(toHex(encodeSignedTransaction({ transaction, signature }))).toBe(toHex(nearEncode(signed as never)))
    }),
    { numRuns: 100 },
  )
})

test('reads back everything it writes, with hash and size of the unsigned bytes', () => {
  fc.assert(
    fc.property(anySigned, (signed) => {
      const decoded = decodeSignedTransaction(encodeSignedTransaction(signed))
      const unsigned = encodeTransaction(signed.transaction)
      expect(decoded).toEqual({ ...signed, hash: base58.encode(sha256(unsigned)), size: unsigned.length })
    }),
    { numRuns: 200 },
  )
})

test('reads only what it would write: changed bytes are refused or mean another transaction', () => {
  fc.assert(
    fc.property(anySigned, fc.nat(), fc.integer({ min: 1, max: 255 }), (signed, at, flip) => {
      const bytes = encodeSignedTransaction(signed)
      bytes[at % bytes.length]! ^= flip
      let decoded: ReturnType<typeof decodeSignedTransaction>
      try {
        decoded = decodeSignedTransaction(bytes)
      } catch (error) {
        expect(DcmlError.isInstance(error) && error.code).toBe('borsh_invalid')
        return
      }
      expect(toHex(encodeSignedTransaction(decoded))).toBe(toHex(bytes))
    }),
    { numRuns: 300 },
  )
})

test('random bytes, cut and padded transactions are refused as borsh_invalid', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(codeOf(() => decodeSignedTransaction(bytes))).toBe('borsh_invalid')
    }),
    { numRuns: 500 },
  )
  fc.assert(
    fc.property(anySigned, fc.nat(), (signed, cut) => {
      const bytes = encodeSignedTransaction(signed)
      expect(codeOf(() => decodeSignedTransaction(bytes.subarray(0, cut % bytes.length)))).toBe('borsh_invalid')
      expect(codeOf(() => decodeSignedTransaction(new Uint8Array([...bytes, 0])))).toBe('borsh_invalid')
    }),
    { numRuns: 100 },
  )
})

const transfer: Action = { type: 'Transfer', deposit: 1000n }
const delegateAction: DelegateAction = {
  senderId: 'alice.near',
  receiverId: 'bob.near',
  actions: [transfer],
  nonce: 5n,
  maxBlockHeight: 1000n,
  publicKey: `ed25519:${base58.encode(new Uint8Array(32).fill(8))}`,
}

test('delegate actions are signed with the prefix of NEP-366, and of NEP-611 with a gas key', () => {
  const theirs = {
    ...delegateAction,
    actions: [nearAction(transfer)],
    publicKey: nearKey(delegateAction.publicKey),
  }
  const bytes = delegateActionBytes(delegateAction)
  expect(toHex(bytes)).toBe(toHex(encodeDelegateAction(theirs as never)))
  expect(delegateActionHash(delegateAction)).toBe(base58.encode(sha256(bytes)))

  for (const nonceIndex of [undefined, 2]) {
    const nonce = nonceIndex === undefined ? { nonce: { nonce: 5n } } : { gasKeyNonce: { nonce: 5n, nonceIndex } }
    const key = { ed25519Key: { data: Array(32).fill(8) } }
    const kit = serializeDelegateActionV2({ ...theirs, nonce, publicKey: key } as never)
    const action = { ...delegateAction, ...(nonceIndex !== undefined && { nonceIndex }) }
    expect(toHex(delegateActionV2Bytes(action))).toBe(toHex(kit))
    expect(delegateActionV2Hash(action)).toBe(base58.encode(sha256(kit)))
  }
})

test('a delegate inside a delegate is neither written nor read', () => {
  const signature = `ed25519:${base58.encode(new Uint8Array(64))}`
  const nested: Action = { type: 'Delegate', delegateAction, signature }
  const outer: Action = { type: 'Delegate', delegateAction: { ...delegateAction, actions: [nested] }, signature }
  const transaction = {
    version: 0 as const,
    signerId: 'relay.near',
    publicKey: delegateAction.publicKey,
    nonce: 1n,
    receiverId: 'alice.near',
    blockHash: '1'.repeat(32),
  }
  expect(codeOf(() => encodeTransaction({ ...transaction, actions: [outer] }))).toBe('borsh_invalid')

  const bytes = encodeSignedTransaction({ transaction: { ...transaction, actions: [nested] }, signature })
  const transferTag = bytes.length - 65 - 65 - 33 - 16 - 17
  expect(bytes[transferTag]).toBe(3)
  bytes[transferTag] = 8
  expect(codeOf(() => decodeSignedTransaction(bytes))).toBe('borsh_invalid')
})

test.each([
  ['version 0 with a nonce mode', { nonceMode: 'Strict' }],
  ['version 0 with a gas key', { nonceIndex: 1 }],
  ['version 2', { version: 2 }],
  ['an account in capitals', { signerId: 'Alice.near' }],
  ['an account with two dots', { receiverId: 'a..near' }],
  ['a nonce beyond u64', { nonce: 2n ** 64n }],
  ['an action nobody knows', { actions: [{ type: 'Mint' }] }],
])('%s cannot be written', (_, change) => {
  const transaction = {
    version: 0,
    signerId: 'alice.near',
    publicKey: delegateAction.publicKey,
    nonce: 1n,
    receiverId: 'bob.near',
    blockHash: '1'.repeat(32),
    actions: [],
    ...change,
  }
  expect(codeOf(() => encodeTransaction(transaction as never))).toBe('borsh_invalid')
})
