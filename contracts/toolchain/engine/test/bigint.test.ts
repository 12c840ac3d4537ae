import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CORRECTIONS, corrected } from '../src/build/corrections.ts'
import { prepare, start } from './machine.ts'

/** Every operation of two bigints, and comparisons with a number; text for text what V8 gives. */
const operations = `(left, right, other) => {
  const x = BigInt(left), y = BigInt(right), bits = Number(BigInt.asUintN(9, y)), number = Number(other)
  const attempt = (operation) => { try { return String(operation()) } catch (error) { return error.name } }
  return [
    () => x + y, () => x - y, () => x * y, () => x / y, () => x % y, () => x ** (y & 7n), () => -x, () => ~x,
    () => x & y, () => x | y, () => x ^ y, () => x >> (y & 255n), () => x << (y & 255n),
    () => BigInt.asUintN(bits, x), () => BigInt.asIntN(bits, x), () => BigInt.asUintN(128, x), () => BigInt.asUintN(64, x),
    () => [x < y, x <= y, x > y, x >= y, x === y, x == y], () => [x < number, x <= number, x > number, x >= number, x == number],
    () => [2, 3, 8, 10, 16, 32, 36].map((radix) => x.toString(radix)),
  ].map(attempt).join()
}`

const edge = fc
  .tuple(fc.nat(300), fc.integer({ min: -2, max: 2 }))
  .map(([bits, off]) => 2n ** BigInt(bits) + BigInt(off))
const size = fc.oneof(edge, fc.bigInt({ min: 0n, max: 2n ** 128n }), fc.bigInt({ min: 0n, max: 2n ** 300n }))
const integer = fc.tuple(size, fc.boolean()).map(([value, negative]) => `${negative ? -value : value}`)
const number = fc.oneof(fc.double(), fc.maxSafeInteger()).map(String)

test('bigints compute, compare and print as in V8', () => {
  const contract = start(
    prepare(`const operations = ${operations}
    export function run() {
      env.input(0)
      env.value_return(operations(...JSON.parse(env.uint8array_to_utf8_string(env.read_register(0)))))
    }`),
  )
  // biome-ignore lint/security/noGlobalEval: the same text runs on both sides
  const expected = globalThis.eval(operations) as (...of: string[]) => string
  fc.assert(
    fc.property(integer, integer, number, (left, right, other) => {
      expect(contract.text('run', JSON.stringify([left, right, other]))).toBe(expected(left, right, other))
    }),
    { numRuns: 2000 },
  )
})

test('a correction that does not fit the source stops the build', () => {
  const source = CORRECTIONS.map(({ wrong }) => wrong).join('\n')
  expect(corrected(source)).toBe(CORRECTIONS.map(({ right }) => right).join('\n'))
  expect(() => corrected(source.slice(1))).toThrow('0 places')
  expect(() => corrected(source + source)).toThrow('2 places')
})
