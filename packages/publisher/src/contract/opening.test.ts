import { DcmlError } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkRules } from '../../../../contracts/model/src/terms.ts'
import { readTerms } from './opening.ts'

const terms = {
  owner: 'charlie.near',
  beneficiary: 'dao.near',
  modelH: new Uint8Array(32),
  prices: { input: 1n, output: 2n },
  imageHs: [],
}
const accepts = (act: () => unknown): boolean => {
  try {
    act()
    return true
  } catch (error) {
    if (DcmlError.isInstance(error)) expect(error.code).toBe('contract_terms_invalid')
    return false
  }
}

test('the rules are those of the contract: what it would refuse is refused before it costs anything', () => {
  const ms = fc.oneof(
    fc.integer({ min: 0, max: 5 }),
    fc.maxSafeInteger(),
    fc.integer({ min: 4_611_686_018_425, max: 4_611_686_018_429 }),
  )
  const fee = fc.oneof(fc.bigInt(-1n, 3n), fc.bigInt(2n * 10n ** 21n - 2n, 2n * 10n ** 21n + 2n))
  fc.assert(
    fc.property(ms, ms, fee, (challengePeriodMs, expiryMs, closeFee) => {
      fc.pre(challengePeriodMs >= 0 && expiryMs >= 0 && closeFee >= 0n)
      const taken = accepts(() => readTerms({ ...terms, challengePeriodMs, expiryMs, closeFee }))
      expect(taken).toBe(accepts(() => checkRules(BigInt(challengePeriodMs), BigInt(expiryMs), closeFee)))
    }),
    { numRuns: 2000 },
  )
})

test('whatever is given, it is the JSON of the contract or one error', () => {
  fc.assert(
    fc.property(
      fc.record({ owner: fc.anything(), modelH: fc.anything(), prices: fc.anything(), more: fc.anything() }),
      (junk) => {
        expect(accepts(() => readTerms({ ...terms, ...junk } as never))).toBe(false)
      },
    ),
  )
  expect(readTerms(terms)).toEqual({
    owner: 'charlie.near',
    beneficiary: 'dao.near',
    model_h: '00'.repeat(32),
    prices: { input: '1', output: '2' },
    image_hs: [],
    challenge_period_ms: '86400000',
    expiry_ms: '2592000000',
    close_fee: `${10n ** 21n}`,
  })
})
