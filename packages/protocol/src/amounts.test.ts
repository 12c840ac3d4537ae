import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatAmount, parseAmount } from './amounts.ts'

test.each([
  ['1.5 NEAR', 1_500_000_000_000_000_000_000_000n],
  ['0 NEAR', 0n],
  ['0.000000000000000000000001 NEAR', 1n],
  ['100 yocto', 100n],
  ['340282366920938463463374607431768211455 yocto', (1n << 128n) - 1n],
])('reads %s', (input, yocto) => {
  expect(parseAmount(input)).toBe(yocto)
})

test.each([
  '1.5',
  '1',
  '',
  ' 1 NEAR',
  '1 NEAR ',
  '1  NEAR',
  '-1 NEAR',
  '+1 NEAR',
  '1e3 NEAR',
  '1.5 yocto',
  '01 NEAR',
  '.5 NEAR',
  '1. NEAR',
  '1,5 NEAR',
  '1 near',
  '١ NEAR',
  '0.0000000000000000000000001 NEAR',
  '340282366920938463463374607431768211456 yocto',
  '340282366920939 NEAR',
])('refuses "%s"', (input) => {
  expect(() => parseAmount(input)).toThrow(expect.objectContaining({ code: 'amount_invalid' }))
})

test('writes every amount so that it reads back to the yocto', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), (yocto) => {
      expect(parseAmount(formatAmount(yocto))).toBe(yocto)
    }),
  )
})

test('refuses to write what is no u128', () => {
  expect(() => formatAmount(-1n)).toThrow(expect.objectContaining({ code: 'amount_invalid' }))
  expect(() => formatAmount(1n << 128n)).toThrow(expect.objectContaining({ code: 'amount_invalid' }))
})
