import { generateKeyPairSync, sign } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import vectors from '../vectors/voucher.json' with { type: 'json' }
import { fromBase64url, fromHex, toBase64url, toHex } from './bytes.ts'
import type { Chain } from './domain.ts'
import { verifyEd25519Portable } from './portable-signature.ts'
import { verifyEd25519 } from './signature.ts'
import { encodeVoucher, formatVoucher, parseVoucher, signVoucher, verifyVoucher } from './voucher.ts'

const chain: Chain = { networkId: 'testnet', contract: 'model.testnet' }
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
    fc.asyncProperty(id, id, fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }), async (channelId, other, authorised) => {
      const signed = parseVoucher(formatVoucher(await signVoucher(chain, { channelId, authorised }, payer)))
      expect(signed.voucher).toMatchObject({ channelId, authorised })
      const channel = { chain, channelId, payerKey: payer.publicKey }
      await verifyVoucher(signed, channel)
      if (other !== channelId)
        await expect(verifyVoucher(signed, { ...channel, channelId: other })).rejects.toMatchObject({
          code: 'voucher_foreign',
        })
    }),
    { numRuns: 20 },
  )
})

test('any flipped bit is refused by name', async () => {
  const channel = { chain, channelId: 3n, payerKey: payer.publicKey }
  const bytes = fromBase64url(formatVoucher(await signVoucher(chain, { channelId: 3n, authorised: 5n }, payer)))
  for (let i = 0; i < bytes.length; i++) {
    const bad = Uint8Array.from(bytes)
    bad[i]! ^= 1 << (i % 8)
    const verdict = (async () => verifyVoucher(parseVoucher(toBase64url(bad)), channel))()
    await expect(verdict, `byte ${i}`).rejects.toMatchObject({
      code: expect.stringMatching(/^voucher_(malformed|foreign|forged)$/),
    })
  }
})

test.each(vectors.valid)('vector: $name', async ({ channel, authorised, voucher, text }) => {
  const signed = parseVoucher(text)
  expect(signed.voucher.authorised).toBe(BigInt(authorised))
  expect(toHex(encodeVoucher(signed.voucher))).toBe(voucher)
  expect(formatVoucher(signed)).toBe(text)
  await verifyVoucher(signed, read(channel))
})

test.each(vectors.refused)('vector: $name is refused', async ({ channel, code, text }) => {
  for (const verify of [
    verifyEd25519,
    async (...args: Parameters<typeof verifyEd25519>) => verifyEd25519Portable(...args),
  ])
    await expect(verifyVoucher(parseVoucher(text), read(channel), verify)).rejects.toMatchObject({ code })
})

test.each(vectors.malformed)('vector: $name is not read', ({ text }) => {
  expect(() => parseVoucher(text)).toThrow(expect.objectContaining({ code: 'voucher_malformed' }))
})
