import { describe, expect, test } from 'vitest'
import { createHost, evaluate, prepare } from './machine.ts'

const at = (nanoseconds: bigint) => createHost({ block_timestamp: () => nanoseconds })

describe('dates', () => {
  test('now is the block’s time, in UTC', () => {
    expect(evaluate('Date.now()')).toBe('1700000000123')
    expect(evaluate('new Date().toISOString()')).toBe('2023-11-14T22:13:20.123Z')
    expect(evaluate('new Date().toString()')).toBe('Tue Nov 14 2023 22:13:20 GMT+0000')
    expect(evaluate('new Date().getTimezoneOffset()')).toBe('0')
    expect(evaluate('new Date(2024, 1, 29, 12).toISOString()')).toBe('2024-02-29T12:00:00.000Z')
  })

  test('times far away', () => {
    expect(evaluate('Date.now()', at(0n))).toBe('0')
    expect(evaluate('new Date().toISOString()', at(4_102_444_800_000_999_999n))).toBe('2100-01-01T00:00:00.000Z')
    expect(evaluate('new Date(-62198755200000).toISOString()')).toBe('-000001-01-01T00:00:00.000Z')
    expect(evaluate('new Date(8.64e15).toISOString()')).toBe('+275760-09-13T00:00:00.000Z')
    expect(evaluate('new Date(NaN)')).toBe('Invalid Date')
  })

  test('there is no time while the module loads', () => {
    expect(() => prepare('if (Date.now() !== 0) throw Error("a time")')).not.toThrow()
  })
})

describe('messages with values in them', () => {
  test.each([
    ['null.property', "TypeError: cannot read property 'property' of null"],
    ['missing', "ReferenceError: 'missing' is not defined"],
    ['new Array(-1)', 'RangeError: invalid array length'],
    ['(5).toFixed(101)', 'RangeError: invalid number of digits'],
    ['JSON.parse("{\\"a\\": x}")', /^SyntaxError: unexpected character 'x'|^SyntaxError: unexpected token: 'x'/],
    ['decodeURIComponent("%E0%A4")', /^URIError: /],
    ['"a".repeat(-1)', 'RangeError: invalid repeat count'],
    ['2n ** 2000000n', 'RangeError: BigInt is too large'],
  ])('%s', (expression, message) => {
    const text = evaluate(expression)
    if (typeof message === 'string') expect(text).toBe(message)
    else expect(text).toMatch(message)
  })

  test('an integer as property name, an escape in JSON, all through snprintf', () => {
    expect(evaluate('Object.keys({ 4294967294: 1 })[0]')).toBe('4294967294')
    expect(evaluate('JSON.stringify("\\u0001\\ud800")')).toBe('"\\u0001\\ud800"')
    expect(evaluate('new Date(Date.UTC(0, 0)).toISOString()')).toBe('1900-01-01T00:00:00.000Z')
    expect(evaluate('Object.getOwnPropertyDescriptor({ get x() { return 1 } }, "x").get.name')).toBe('get x')
  })
})

describe('no randomness', () => {
  test('Math.random throws, at build time too', () => {
    expect(evaluate('Math.random()')).toMatch(/^TypeError: Math.random would give the same numbers in every call/)
    expect(() => prepare('Math.random()')).toThrow('Math.random')
  })
})

describe('numbers and dates as text', () => {
  test.each([
    'new Date("0042-03-04T05:06:07.008Z").toUTCString()',
    'new Date(-1).toISOString()',
    '0.1 + 0.2',
    '1e21',
    '1 / 3',
    '5e-324',
    '1.7976931348623157e308',
    '(25).toString(36)',
    '(0.5).toString(2)',
    '123.456.toFixed(1)',
    '(1e21).toExponential(3)',
    '(-1.5).toPrecision(5)',
    'parseFloat("1e-7")',
    'Number("0x1f")',
    '2n ** 200n',
    '(-(2n ** 65n)).toString(16)',
    'BigInt("123456789012345678901234567890")',
    'Math.hypot(3, 4)',
    'Math.sin(1)',
    'Math.pow(2, 0.5)',
    'Math.exp(1)',
    'Math.log(10)',
    'Math.cbrt(2)',
  ])('%s is what V8 says', (expression) => {
    // biome-ignore lint/security/noGlobalEval: the oracle for the same expression
    expect(evaluate(expression)).toBe(String(globalThis.eval(expression)))
  })
})
