import { expect, test } from 'vitest'
import { encode, fixed } from './borsh.ts'
import { NO_CHAIN } from './domain.ts'
import { decodeKeyGrant, encodeKeyGrant } from './grant.ts'
import { encodeReceipt, NO_CHANNEL, signReceipt } from './receipt.ts'

const modelH = new Uint8Array(32).fill(7)
const fields = { sk: new Uint8Array(32).fill(9), keyEpoch: 3, ownerContract: 'model.near', provenance: null }

test('reads back what it wrote', () => {
  const grant = decodeKeyGrant(encodeKeyGrant(NO_CHAIN, modelH, fields))
  expect(grant).toMatchObject(fields)
  expect(grant.domain).toMatchObject({ subject: modelH, networkId: 'none' })
})

test('another kind of object is no grant, and the refusal does not repeat key bytes', async () => {
  const zero = new Uint8Array(32)
  const { receipt } = await signReceipt(
    NO_CHAIN,
    {
      modelH,
      imageH: zero,
      requestH: zero,
      responseH: zero,
      promptTokens: 0,
      completionTokens: 0,
      channelId: NO_CHANNEL,
      spent: 0n,
      sequence: 1n,
      time: 0n,
    },
    { publicKey: zero, sign: () => new Uint8Array(64) },
  )
  expect(() => decodeKeyGrant(encodeReceipt(receipt))).toThrow(expect.objectContaining({ code: 'grant_malformed' }))
  const damaged = encode(fixed(64), new Uint8Array(64).fill(9))
  try {
    decodeKeyGrant(damaged)
    expect.unreachable()
  } catch (error) {
    expect(JSON.stringify(error)).not.toContain('09')
  }
})
