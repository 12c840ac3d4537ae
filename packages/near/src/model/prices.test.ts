import { DcmlError } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatPrice, parsePrice } from './prices.ts'

test('prices are read as people say them', () => {
  expect(parsePrice('0.5 NEAR per million tokens')).toBe(5n * 10n ** 17n)
  expect(parsePrice('1000000 yocto per million tokens')).toBe(1n)
  expect(parsePrice('500 yocto per token')).toBe(500n)
  expect(parsePrice('0 NEAR per token')).toBe(0n)
  expect(formatPrice(5n * 10n ** 17n)).toBe('0.5 NEAR per million tokens')
})

test('every price is written so that it is read back', () => {
  fc.assert(fc.property(fc.bigInt(0n, 2n ** 128n - 1n), (yocto) => parsePrice(formatPrice(yocto)) === yocto))
})

const refused = (text: string): boolean => {
  try {
    return parsePrice(text) < 0n
  } catch (error) {
    return DcmlError.isInstance(error) && error.code === 'price_invalid'
  }
}

test('what would be rounded is refused, and so is what names no unit', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 999_999 }), (n) => refused(`${n} yocto per million tokens`)))
  for (const text of ['0.5', '0.5 NEAR', '-1 NEAR per token', '1 NEAR per 1000 tokens', '1  NEAR per token', ''])
    expect(refused(text), text).toBe(true)
  fc.assert(fc.property(fc.string(), refused))
})
