import { describe, expect, test } from 'vitest'
import { evaluate, Panic, prepare, start } from './machine.ts'

const panicOf = (source: string): string => {
  const contract = start(prepare(source))
  try {
    contract.call('run')
  } catch (error) {
    if (error instanceof Panic) return error.message
    throw error
  }
  return 'no panic'
}

describe('a call that fails', () => {
  test('panics with message and stack, as near-sdk-js does', () => {
    expect(panicOf('export function run() { deeper() }\nfunction deeper() { throw Error("not yours") }')).toBe(
      'not yours\n    at deeper\n    at run\n',
    )
  })

  test.each([
    ['throw new RangeError("r")', 'RangeError: r\n'],
    ['null.x', "TypeError: cannot read property 'x' of null\n"],
    ['throw "text"', 'text'],
    ['throw undefined', 'undefined'],
    ['throw { toString() { throw 1 } }', 'a value without a text form was thrown'],
    ['throw Symbol("s")', 'a value without a text form was thrown'],
    ['throw Object.assign(Error("m"), { stack: 5, name: 6 })', 'm\n'],
  ])('%s', (statement, start) => {
    expect(panicOf(`export function run() { ${statement} }`)).toMatch(new RegExp(`^${start.replace(/[()]/g, '\\$&')}`))
  })

  test('a rejection nobody handles fails the call', () => {
    expect(panicOf('export async function run() { await 1; throw RangeError("late") }')).toMatch(/^RangeError: late\n/)
    expect(panicOf('export function run() { Promise.reject(Error("left behind")) }')).toMatch(/^left behind\n/)
    expect(panicOf('export function run() { Promise.reject(Error("handled")).catch(() => {}) }')).toBe('no panic')
    expect(
      panicOf('export function run() { const p = Promise.reject(1); Promise.resolve().then(() => p.catch(() => {})) }'),
    ).toBe('no panic')
  })

  test('a promise that never settles fails the call', () => {
    expect(panicOf('export function run() { return new Promise(() => {}) }')).toBe("the method's promise never settled")
    expect(panicOf('export async function run() { await 1 }')).toBe('no panic')
  })

  test('recursion without end is a trap, not a wrong answer', () => {
    expect(() => panicOf('export function run() { run() }')).toThrow(/out of bounds|call stack/)
  })
})

describe('no parser at run time', () => {
  test.each(['eval("1 + 1")', '(0, eval)("1")', 'new Function("return 1")()', '(async () => {}).constructor("1")()'])(
    '%s throws',
    (expression) => {
      expect(evaluate(expression)).toBe('TypeError: eval is not supported')
    },
  )

  test('eval works while the module loads', () => {
    const contract = start(
      prepare('const two = new Function("return 1 + 1")()\nexport function run() { env.value_return(String(two)) }'),
    )
    expect(contract.text('run')).toBe('2')
  })

  test('regular expressions made of text work; \\p{...} is refused, at build time where it stands in the source', () => {
    expect(evaluate('"a-b-c".replace(new RegExp("-", "g"), "+")')).toBe('a+b+c')
    expect(evaluate('/(?<year>\\d{4})/u.exec("in 2025").groups.year')).toBe('2025')
    expect(evaluate('new RegExp("\\\\p{L}", "u")')).toMatch(/^SyntaxError: invalid escape sequence/)
    expect(() => prepare('export const letters = /\\p{L}/u')).toThrow('SyntaxError: invalid escape sequence')
  })
})

describe('what a bundle becomes', () => {
  test('exported functions are methods; classes and values are not', () => {
    const { methods } = prepare(`
      export class Counter {}
      export const constructed = class {}
      export const figure = 5
      export const arrow = () => {}
      export function plain() {}
      export async function later() {}
      export default function () {}
      function hidden() {}`)
    expect(methods.sort()).toEqual(['arrow', 'default', 'later', 'plain'])
  })

  test('more methods than any fixed table', () => {
    const names = Array.from({ length: 600 }, (_, i) => `method${i}`)
    const prepared = prepare(
      names.map((name) => `export function ${name}() { env.value_return("${name}") }`).join('\n'),
    )
    expect(prepared.methods).toHaveLength(600)
    expect(start(prepared).text('method599')).toBe('method599')
  })

  test('the same bundle gives the same memory, byte for byte', () => {
    const source = 'const table = new Map([["a", 1n]]); export function run() { return table.get("a") }'
    expect(Buffer.from(prepare(source).memory).equals(prepare(source).memory)).toBe(true)
  })

  test('the source does not stay in memory, and nothing that was freed does', () => {
    const { memory } = prepare('/* a remark of the author */ export function run() { return "a".repeat(3) }')
    expect(Buffer.from(memory).includes('remark of the author')).toBe(false)
    expect(Buffer.from(memory).includes('function run')).toBe(false)
  })

  test('each call starts from the snapshot', () => {
    const prepared = prepare('let calls = 0; export function run() { env.value_return(String(++calls)) }')
    expect(start(prepared).text('run')).toBe('1')
    expect(start(prepared).text('run')).toBe('1')
  })

  test.each([
    ['export function run( {', /^SyntaxError: .*\n\s+at contract:1/],
    ['throw new Error("top level")', /^top level\n/],
    ['await new Promise(() => {})', /^the contract's module never finished loading$/],
    ['Promise.reject(Error("rejected"))', /^rejected\n/],
    ['import "elsewhere"', /^ReferenceError: could not load module 'elsewhere'/],
    ['export const a = 1 \0 export const b = 2', /^the bundle contains a NUL character$/],
  ])('%j fails the build, with its reason', (source, reason) => {
    expect(() => prepare(source)).toThrow(reason)
  })

  test('a method number out of range traps', () => {
    const contract = start(prepare('export function run() {}'))
    expect(() => contract.call('no such method')).toThrow(/unreachable/)
  })
})

test('JSON nested too deeply throws, and leaves the parser as it was', () => {
  const nested = (levels: number) => evaluate(`JSON.parse('['.repeat(${levels}) + 1 + ']'.repeat(${levels})).length`)
  expect(nested(500)).toBe('1')
  expect(nested(501)).toBe('SyntaxError: nested too deeply')
  expect(nested(1_000_000)).toBe('SyntaxError: nested too deeply')
  const again = `(() => {
    for (const bad of ['[', '{"a":', '[{"a":'])
      for (let turn = 0; turn < 9; turn++)
        try { JSON.parse(bad.repeat(600)) } catch {}
    return JSON.parse('{"a":'.repeat(500) + 1 + '}'.repeat(500)) !== undefined
  })()`
  expect(evaluate(again)).toBe('true')
})
