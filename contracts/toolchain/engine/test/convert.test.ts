import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createHost, evaluate, type Host, prepare, start } from './machine.ts'

/** What a host function was given for a JavaScript expression, or the exception. */
function wordFor(expression: string): bigint | string {
  let word: bigint | undefined
  const host = createHost({
    promise_return: (given) => {
      word = BigInt.asUintN(64, given!)
      return undefined
    },
  })
  const outcome = evaluate(`env.promise_return(${expression})`, host)
  return word ?? outcome
}

function amountFor(expression: string): bigint | string {
  let amount: bigint | undefined
  const host = createHost({
    promise_batch_action_transfer: (_, pointer) => {
      amount = u128At(host, pointer!)
      return undefined
    },
  })
  const outcome = evaluate(`env.promise_batch_action_transfer(0, ${expression})`, host)
  return amount ?? outcome
}

function u128At(host: Host, pointer: bigint): bigint {
  const view = new DataView(host.memory().buffer, Number(pointer), 16)
  return view.getBigUint64(0, true) + (view.getBigUint64(8, true) << 64n)
}

const outOfRange = (bits: number): string =>
  `RangeError: expected an integer from 0 to 2^${bits}-1 (numbers above 2^53 as bigint)`

describe('integers', () => {
  test.each([
    ['0', 0n],
    ['0n', 0n],
    ['-0', 0n],
    ['2 ** 31', 2n ** 31n],
    ['2 ** 53 - 1', 2n ** 53n - 1n],
    ['2n ** 31n', 2n ** 31n],
    ['2n ** 32n - 1n', 2n ** 32n - 1n],
    ['2n ** 63n', 2n ** 63n],
    ['2n ** 64n - 1n', 2n ** 64n - 1n],
  ])('%s arrives', (expression, value) => {
    expect(wordFor(expression)).toBe(value)
  })

  test.each(['-1', '-1n', '1.5', 'NaN', 'Infinity', '2 ** 53', '2n ** 64n', '2n ** 96n', '-(2n ** 64n)', '2n ** 200n'])(
    '%s is refused',
    (expression) => {
      expect(wordFor(expression)).toBe(outOfRange(64))
    },
  )

  test.each(['"5"', 'null', 'undefined', 'true', '{}', '[1]', 'Symbol()', '({ valueOf: () => 1 })'])(
    '%s is no integer, and is not turned into one',
    (expression) => {
      expect(wordFor(expression)).toBe('TypeError: expected a bigint or an integer')
    },
  )
})

describe('amounts', () => {
  test.each(['-1n', '-1', '2n ** 128n', '2n ** 160n', '-(2n ** 127n)', '0.5', '1e24'])(
    '%s is refused',
    (expression) => {
      expect(amountFor(expression)).toBe(outOfRange(128))
    },
  )

  test('a decimal string is no amount', () => {
    expect(amountFor('"1000000000000000000000000"')).toBe('TypeError: expected a bigint or an integer')
  })

  test('every u128 arrives, and comes back', () => {
    let sent = 0n
    const host = createHost({
      promise_batch_action_transfer: (_, pointer) => {
        sent = u128At(host, pointer!)
        return undefined
      },
      attached_deposit: (pointer) => {
        const view = new DataView(host.memory().buffer)
        view.setBigUint64(Number(pointer), sent & (2n ** 64n - 1n), true)
        view.setBigUint64(Number(pointer) + 8, sent >> 64n, true)
        return undefined
      },
    })
    const contract = start(
      prepare(`export function echo() {
        env.input(0)
        env.promise_batch_action_transfer(0, BigInt(env.uint8array_to_latin1_string(env.read_register(0))))
        env.value_return(env.attached_deposit().toString())
      }`),
      host,
    )
    const amount = fc.oneof(
      fc.bigInt(0n, 2n ** 128n - 1n),
      fc.constantFrom(0n, 1n, 2n ** 31n, 2n ** 32n, 2n ** 63n, 2n ** 64n, 2n ** 96n, 2n ** 127n, 2n ** 128n - 1n),
    )
    fc.assert(
      fc.property(amount, (value) => {
        expect(contract.text('echo', String(value))).toBe(String(value))
        expect(sent).toBe(value)
      }),
      { numRuns: 300 },
    )
  })
})

describe('bytes and text', () => {
  test.each([
    ['"grüezi 🦀"', 'grüezi 🦀'],
    ['new Uint8Array([104, 105])', 'hi'],
    ['new Uint8Array([1, 104, 105, 1]).subarray(1, 3)', 'hi'],
    ['new Uint8ClampedArray([104])', 'h'],
    ['""', ''],
    ['new Uint8Array()', ''],
    ['"ab".repeat(3) + "c"', 'abababc'],
    ['["x", "y"].join("ü").slice(1)', 'üy'],
  ])('%s arrives', (expression, text) => {
    const contract = start(prepare(`export function run() { env.value_return(${expression}) }`))
    expect(contract.text('run')).toBe(text)
  })

  test.each([
    '5',
    'null',
    'undefined',
    '[1, 2]',
    'new Uint16Array(2)',
    'new ArrayBuffer(2)',
    'new DataView(new ArrayBuffer(2))',
  ])('%s is neither', (expression) => {
    expect(evaluate(`env.value_return(${expression})`)).toBe('TypeError: expected a Uint8Array or a string')
  })

  test('a lone surrogate never reaches the host', () => {
    for (const text of ['"\\ud800"', '"a\\udfff"', '"\\udc00\\ud800"', '("\\ud83e".concat("x"))'])
      expect(evaluate(`env.value_return(${text})`)).toBe('TypeError: text with a lone surrogate has no UTF-8 form')
    expect(evaluate('"\\ud83e\\udd80"')).toBe('🦀')
  })
})

describe('registers', () => {
  const host = createHost()
  host.registers.set(7n, Uint8Array.of(1, 2, 3))
  host.registers.set(2n ** 64n - 2n, new Uint8Array())

  test.each([
    ['env.read_register(7)', '1,2,3'],
    ['env.read_register(2n ** 64n - 2n).length', '0'],
    ['env.read_register(8)', 'undefined'],
    ['env.register_len(7n)', '3'],
    ['env.register_len(8n)', String(2n ** 64n - 1n)],
    ['(env.write_register(9, "ab"), env.read_register(9))', '97,98'],
    ['(env.write_register(9, new Uint8Array()), env.read_register(9).length)', '0'],
  ])('%s is %s', (expression, value) => {
    expect(evaluate(expression, host)).toBe(value)
  })

  test('a register longer than memory is an exception of JavaScript', () => {
    const huge = createHost({ register_len: () => 2n ** 40n })
    expect(evaluate('env.read_register(0)', huge)).toBe('InternalError: out of memory')
  })

  test('what was read is the contract’s own copy', () => {
    const own = 'var a = env.read_register(7); a[0] = 9;'
    expect(evaluate(`(() => { ${own} return env.read_register(7) })()`, host)).toBe('1,2,3')
  })
})
