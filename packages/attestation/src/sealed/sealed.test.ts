import { x25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { roomIn } from './padding.ts'
import { MAX_SEALED_ANSWER, MAX_SEALED_QUESTION, openQuestion, sealQuestion } from './sealed.ts'

const pair = () => {
  const privateKey = x25519.utils.randomSecretKey()
  return { privateKey, publicKey: x25519.getPublicKey(privateKey) }
}
const enclave = pair()
const bytes = (length: number, fill = 7): Uint8Array => new Uint8Array(length).fill(fill)
const unreadable = expect.objectContaining({ code: 'sealed_unreadable' })
const flip = (sealed: Uint8Array, at: number): Uint8Array => sealed.with(at, sealed[at]! ^ 1)

test('a question and its answer arrive as they were, in sizes that say a class', async () => {
  const sizes = fc.record({ asked: fc.nat(4000), answered: fc.nat(9000) })
  await fc.assert(
    fc.asyncProperty(sizes, async ({ asked, answered }) => {
      const { payload, openAnswer } = await sealQuestion(enclave.publicKey, bytes(asked))
      const opened = await openQuestion(enclave.privateKey, payload)
      expect(opened.message).toEqual(bytes(asked))
      const sealed = await opened.sealAnswer(bytes(answered, 8), MAX_SEALED_ANSWER)
      expect(await openAnswer(sealed)).toEqual(bytes(answered, 8))
      for (const { length } of [payload, sealed]) expect(Math.log2(length / 1024) % 1).toBe(0)
    }),
    { numRuns: 25 },
  )
})

test('messages of one class look alike', async () => {
  const lengths = [0, 1, 500, roomIn(1024)].map(async (length) => {
    return (await sealQuestion(enclave.publicKey, bytes(length))).payload.length
  })
  expect(await Promise.all(lengths)).toEqual([1024, 1024, 1024, 1024])
  expect((await sealQuestion(enclave.publicKey, bytes(roomIn(1024) + 1))).payload).toHaveLength(2048)
})

test('the largest fit, and nothing larger', async () => {
  const { payload, openAnswer } = await sealQuestion(enclave.publicKey, bytes(roomIn(MAX_SEALED_QUESTION)))
  expect(payload).toHaveLength(MAX_SEALED_QUESTION)
  const opened = await openQuestion(enclave.privateKey, payload)
  const answer = bytes(roomIn(MAX_SEALED_ANSWER))
  const sealed = await opened.sealAnswer(answer, MAX_SEALED_ANSWER)
  expect(sealed).toHaveLength(MAX_SEALED_ANSWER)
  expect((await openAnswer(sealed)).length).toBe(answer.length)

  const tooLarge = expect.objectContaining({ code: 'sealed_too_large' })
  await expect(sealQuestion(enclave.publicKey, bytes(roomIn(MAX_SEALED_QUESTION) + 1))).rejects.toThrow(tooLarge)
  await expect(opened.sealAnswer(bytes(roomIn(2048) + 1), 2048)).rejects.toThrow(tooLarge)
  await expect(opened.sealAnswer(bytes(answer.length + 1), 4 * MAX_SEALED_ANSWER)).rejects.toThrow(tooLarge)
  await expect(openQuestion(enclave.privateKey, bytes(MAX_SEALED_QUESTION + 1))).rejects.toThrow(unreadable)
  await expect(openAnswer(bytes(MAX_SEALED_ANSWER + 1))).rejects.toThrow(unreadable)
})

test('whoever changes a byte on the way gets nothing read', async () => {
  const { payload, openAnswer } = await sealQuestion(enclave.publicKey, bytes(10))
  const sealed = await (await openQuestion(enclave.privateKey, payload)).sealAnswer(bytes(10), 1024)
  await fc.assert(
    fc.asyncProperty(fc.nat(1023), async (at) => {
      await expect(openQuestion(enclave.privateKey, flip(payload, at))).rejects.toThrow(unreadable)
      await expect(openAnswer(flip(sealed, at))).rejects.toThrow(unreadable)
    }),
    { numRuns: 40 },
  )
  for (const cut of [0, 31, 32, 47, 1023]) {
    await expect(openQuestion(enclave.privateKey, payload.subarray(0, cut))).rejects.toThrow(unreadable)
    await expect(openAnswer(sealed.subarray(0, cut))).rejects.toThrow(unreadable)
  }
})

test('another enclave opens nothing, and nobody else answers', async () => {
  const { payload, openAnswer } = await sealQuestion(enclave.publicKey, bytes(10))
  const other = pair()
  await expect(openQuestion(other.privateKey, payload)).rejects.toThrow(unreadable)
  const mine = await sealQuestion(enclave.publicKey, bytes(10))
  const toMine = await (await openQuestion(enclave.privateKey, mine.payload)).sealAnswer(bytes(10), 1024)
  await expect(openAnswer(toMine)).rejects.toThrow(unreadable)
  await expect(openAnswer(payload)).rejects.toThrow(unreadable)
})

test('the same answer twice never looks the same', async () => {
  const { payload, openAnswer } = await sealQuestion(enclave.publicKey, bytes(10))
  const opened = await openQuestion(enclave.privateKey, payload)
  const [first, second] = [await opened.sealAnswer(bytes(5), 1024), await opened.sealAnswer(bytes(5), 1024)]
  expect(first).not.toEqual(second)
  expect(await openAnswer(first)).toEqual(await openAnswer(second))
})

test.each([
  ['none', new Uint8Array()],
  ['a short one', bytes(31)],
  ['the point of order one', bytes(32, 0)],
])('nothing is sealed to %s for a key', async (_, key) => {
  await expect(sealQuestion(key, bytes(1))).rejects.toThrow(expect.objectContaining({ code: 'sealed_key_malformed' }))
})
