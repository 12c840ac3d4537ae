import { createCipheriv, createDecipheriv } from 'node:crypto'
import { concatBytes, utf8 } from '@dcml/protocol'
import { x25519 } from '@noble/curves/ed25519.js'
import { expand, extract } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
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

const gcm = (key: Uint8Array, nonce: Uint8Array) => ({
  encrypt(message: Uint8Array): Uint8Array {
    const cipher = createCipheriv('aes-256-gcm', key, nonce)
    return Uint8Array.from(Buffer.concat([cipher.update(message), cipher.final(), cipher.getAuthTag()]))
  },
  decrypt(sealed: Uint8Array): Uint8Array {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAuthTag(sealed.subarray(-16))
    return Uint8Array.from(Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]))
  },
})

/** RFC 9180 in the letters of §4.1 and §5.1, and RFC 9458 §4.4, over primitives of another library. */
function derive(privateKey: Uint8Array, enc: Uint8Array) {
  const [kemId, suite] = [utf8('KEM\x00\x20'), utf8('HPKE\x00\x20\x00\x01\x00\x02')]
  const extracted = (id: Uint8Array, salt: Uint8Array, label: string, ikm: Uint8Array) =>
    extract(sha256, concatBytes(utf8('HPKE-v1'), id, utf8(label), ikm), salt)
  const expanded = (id: Uint8Array, prk: Uint8Array, label: string, info: Uint8Array, length: number) =>
    expand(sha256, prk, concatBytes(Uint8Array.of(0, length), utf8('HPKE-v1'), id, utf8(label), info), length)
  const none = new Uint8Array()
  const dh = x25519.getSharedSecret(privateKey, enc)
  const kemContext = concatBytes(enc, x25519.getPublicKey(privateKey))
  const shared = expanded(kemId, extracted(kemId, none, 'eae_prk', dh), 'shared_secret', kemContext, 32)
  const hashes = [
    extracted(suite, none, 'psk_id_hash', none),
    extracted(suite, none, 'info_hash', utf8('dcml/sealed/1')),
  ]
  const context = concatBytes(Uint8Array.of(0), ...hashes)
  const secret = extracted(suite, shared, 'secret', none)
  const exporter = expanded(suite, secret, 'exp', context, 32)
  return {
    key: expanded(suite, secret, 'key', context, 32),
    nonce: expanded(suite, secret, 'base_nonce', context, 12),
    answers: expanded(suite, exporter, 'sec', utf8('dcml/sealed/1 answer'), 32),
  }
}

test('question and answer are what the RFCs say, by another implementation', async () => {
  const { payload, openAnswer } = await sealQuestion(enclave.publicKey, bytes(10))
  const enc = payload.subarray(0, 32)
  const { key, nonce, answers } = derive(enclave.privateKey, enc)
  const message = (text: string) => concatBytes(Uint8Array.of(text.length, 0, 0, 0), utf8(text))
  const padded = (start: Uint8Array) => concatBytes(start, new Uint8Array(1024 - 48 - start.length))
  expect(gcm(key, nonce).decrypt(payload.subarray(32))).toEqual(padded(Uint8Array.of(10, 0, 0, 0, ...bytes(10))))

  const salt = bytes(32, 5)
  const prk = extract(sha256, answers, concatBytes(enc, salt))
  const sealed = gcm(expand(sha256, prk, utf8('key'), 32), expand(sha256, prk, utf8('nonce'), 12))
  const answer = await openAnswer(concatBytes(salt, sealed.encrypt(padded(message('hello')))))
  expect(answer).toEqual(utf8('hello'))
  // a message that claims to be longer than it is
  const lying = concatBytes(Uint8Array.of(0xff, 0xff, 0, 0), new Uint8Array(972))
  await expect(openAnswer(concatBytes(salt, sealed.encrypt(lying)))).rejects.toThrow(unreadable)
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
