import { encodeApproval, sharesOf } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { approvalBytes } from './approval.ts'
import { split } from './closing.ts'

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const u128 = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n })
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })
const account = fc.stringMatching(/^[a-z0-9]{2,30}\.(near|testnet)$/)

test('the bytes are those the enclave signs', () => {
  const facts = fc.record({ channelId: u64, promptTokens: u64, completionTokens: u64, spent: u128, counter: u64 })
  fc.assert(
    fc.property(account, bytes32, bytes32, facts, (contract, sessionKey, challenge, facts) => {
      const here = { networkId: 'mainnet', contract }
      const domain = { tag: 'dcml/approval', version: 1, ...here, subject: sessionKey }
      expect(approvalBytes(here, sessionKey, challenge, facts)).toEqual(encodeApproval({ domain, challenge, ...facts }))
    }),
  )
})

test('the shares are those the enclave and the payer compute', () => {
  const prices = fc.record({ ownerInput: u128, ownerOutput: u128, hostInput: u128, hostOutput: u128 })
  const counts = fc.record({ promptTokens: u64, completionTokens: u64 })
  fc.assert(
    fc.property(prices, counts, (prices, counts) => {
      const { owner, host } = sharesOf(prices, counts)
      expect(split(prices, counts)).toEqual({ owner, host })
    }),
  )
})
