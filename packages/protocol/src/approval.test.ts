import { generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import vectors from '../vectors/approval.json' with { type: 'json' }
import { encodeApproval, formatApproval, parseApproval, signApproval, verifyApproval } from './approval.ts'
import { fromBase64url, fromHex, toBase64url, toHex } from './bytes.ts'
import type { Chain } from './domain.ts'
import { sharesOf } from './prices.ts'

const chain: Chain = { networkId: 'testnet', contract: 'model.testnet' }
const enclave = (() => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const raw = Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32))
  return { publicKey: raw, sign: (message: Uint8Array) => Uint8Array.from(sign(null, message, privateKey)) }
})()

type Written = (typeof vectors.valid)[number]['channel']
const read = ({ chain, channelId, challenge, sessionKey, prices }: Written) => ({
  chain,
  channelId: BigInt(channelId),
  challenge: fromHex(challenge, 32),
  sessionKey: fromHex(sessionKey, 32),
  prices: {
    ownerInput: BigInt(prices.ownerInput),
    ownerOutput: BigInt(prices.ownerOutput),
    hostInput: BigInt(prices.hostInput),
    hostOutput: BigInt(prices.hostOutput),
  },
})

const price = fc.bigInt({ min: 0n, max: 10n ** 24n })
const count = fc.bigInt({ min: 0n, max: 10n ** 9n })
const prices = fc.record({ ownerInput: price, ownerOutput: price, hostInput: price, hostOutput: price })
const tokens = fc.record({ promptTokens: count, completionTokens: count })

test('travels as text and verifies where tokens and amount agree to the yocto', async () => {
  const challenge = new Uint8Array(32).fill(1)
  await fc.assert(
    fc.asyncProperty(prices, tokens, async (prices, counts) => {
      const { owner, host, spent } = sharesOf(prices, counts)
      expect(owner + host).toBe(spent)
      const fields = { channelId: 1n, challenge, ...counts, spent, counter: 0n }
      const signed = parseApproval(formatApproval(await signApproval(chain, fields, enclave)))
      expect(signed.approval).toMatchObject(fields)
      const channel = { chain, channelId: 1n, challenge, sessionKey: enclave.publicKey, prices }
      await verifyApproval(signed, channel)
      const off = await signApproval(chain, { ...fields, spent: spent + 1n }, enclave)
      await expect(verifyApproval(off, channel)).rejects.toMatchObject({ code: 'approval_wrong_sum' })
    }),
    { numRuns: 20 },
  )
})

test('any flipped bit is refused by name', async () => {
  const [{ channel, text } = expect.unreachable()] = vectors.valid
  const bytes = fromBase64url(text)
  for (let i = 0; i < bytes.length; i++) {
    const bad = Uint8Array.from(bytes)
    bad[i]! ^= 1 << (i % 8)
    const verdict = (async () => verifyApproval(parseApproval(toBase64url(bad)), read(channel)))()
    await expect(verdict, `byte ${i}`).rejects.toMatchObject({
      code: expect.stringMatching(/^approval_(malformed|foreign|wrong_sum|forged)$/),
    })
  }
})

test.each(vectors.valid)('vector: $name', async ({ channel, shares, approval, text, ...fields }) => {
  const signed = parseApproval(text)
  expect(toHex(encodeApproval(signed.approval))).toBe(approval)
  expect(formatApproval(signed)).toBe(text)
  await verifyApproval(signed, read(channel))
  const { owner, host, spent } = sharesOf(read(channel).prices, signed.approval)
  expect([owner, host, spent, signed.approval.counter]).toEqual(
    [shares.owner, shares.host, fields.spent, fields.counter].map(BigInt),
  )
})

test.each(vectors.refused)('vector: $name is refused', async ({ channel, code, text }) => {
  await expect(verifyApproval(parseApproval(text), read(channel))).rejects.toMatchObject({ code })
})

test.each(vectors.malformed)('vector: $name is not read', ({ text }) => {
  expect(() => parseApproval(text)).toThrow(expect.objectContaining({ code: 'approval_malformed' }))
})
