import { expect, test } from 'vitest'
import { checkRules, MOST_CLOSE_FEE } from './terms.ts'

test('rules under which a channel could not end, or griefing would pay, are refused', () => {
  expect(checkRules(1n, 2n, 0n)).toEqual({ challengePeriod: 1_000_000n, expiry: 2_000_000n, closeFee: 0n })
  expect(() => checkRules(0n, 2n, 0n)).toThrow('longer than nothing')
  expect(() => checkRules(2n, 2n, 0n)).toThrow('longer than the challenge period')
  expect(() => checkRules(1n, 2n ** 63n, 0n)).toThrow('146 years')
  expect(() => checkRules(1n, 2n, MOST_CLOSE_FEE + 1n)).toThrow('at most')
})
