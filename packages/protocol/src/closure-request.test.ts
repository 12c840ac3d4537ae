import { generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import vectors from '../vectors/closure-request.json' with { type: 'json' }
import { fromBase64url, fromHex, toBase64url, toHex } from './bytes.ts'
import {
  encodeClosureRequest,
  formatClosureRequest,
  parseClosureRequest,
  signClosureRequest,
  verifyClosureRequest,
} from './closure-request.ts'
import { verifyEd25519Portable } from './portable-signature.ts'
import { verifyEd25519 } from './signature.ts'
import { formatVoucher, signVoucher } from './voucher.ts'

const chain = { networkId: 'testnet', contract: 'model.testnet' }
const payer = (() => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const raw = Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' }).subarray(-32))
  return { publicKey: raw, sign: (message: Uint8Array) => Uint8Array.from(sign(null, message, privateKey)) }
})()

type Written = (typeof vectors.valid)[number]['channel']
const read = ({ chain, channelId, payerKey }: Written) => ({
  chain,
  channelId: BigInt(channelId),
  payerKey: fromHex(payerKey, 32),
})

test('travels as text and verifies for its channel alone', async () => {
  const id = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
  await fc.assert(
    fc.asyncProperty(id, id, async (channelId, other) => {
      const signed = parseClosureRequest(formatClosureRequest(await signClosureRequest(chain, { channelId }, payer)))
      const channel = { chain, channelId, payerKey: payer.publicKey }
      await verifyClosureRequest(signed, channel)
      if (other !== channelId)
        await expect(verifyClosureRequest(signed, { ...channel, channelId: other })).rejects.toMatchObject({
          code: 'closure_request_foreign',
        })
    }),
    { numRuns: 20 },
  )
})

test('any flipped bit is refused by name', async () => {
  const channel = { chain, channelId: 3n, payerKey: payer.publicKey }
  const bytes = fromBase64url(formatClosureRequest(await signClosureRequest(chain, { channelId: 3n }, payer)))
  for (let i = 0; i < bytes.length; i++) {
    const bad = Uint8Array.from(bytes)
    bad[i]! ^= 1 << (i % 8)
    const verdict = (async () => verifyClosureRequest(parseClosureRequest(toBase64url(bad)), channel))()
    await expect(verdict, `byte ${i}`).rejects.toMatchObject({
      code: expect.stringMatching(/^closure_request_(malformed|foreign|forged)$/),
    })
  }
})

test('a voucher of the same channel ends nothing', async () => {
  const voucher = formatVoucher(await signVoucher(chain, { channelId: 3n, authorised: 5n }, payer))
  expect(() => parseClosureRequest(voucher)).toThrow(expect.objectContaining({ code: 'closure_request_malformed' }))
})

test.each(vectors.valid)('vector: $name', async ({ channel, request, text }) => {
  const signed = parseClosureRequest(text)
  expect(toHex(encodeClosureRequest(signed.request))).toBe(request)
  expect(formatClosureRequest(signed)).toBe(text)
  await verifyClosureRequest(signed, read(channel))
})

test.each(vectors.refused)('vector: $name is refused', async ({ channel, code, text }) => {
  for (const verify of [
    verifyEd25519,
    async (...args: Parameters<typeof verifyEd25519>) => verifyEd25519Portable(...args),
  ])
    await expect(verifyClosureRequest(parseClosureRequest(text), read(channel), verify)).rejects.toMatchObject({ code })
})

test.each(vectors.malformed)('vector: $name is not read', ({ text }) => {
  expect(() => parseClosureRequest(text)).toThrow(expect.objectContaining({ code: 'closure_request_malformed' }))
})
