import { expect, test } from 'vitest'
import { craft, type Parts } from '../test/craft.ts'
import { checkLimits, enforceLimits } from './limits.ts'

declare const WebAssembly: { validate(bytes: Uint8Array): boolean }

const NOP = 0x01
const BLOCK = [0x02, 0x40, 0x0b]
const repeat = (count: number, code: readonly number[]) => Array(count).fill(code).flat() as number[]
const stack = (height: number) => [...repeat(height, [0x41, 0]), ...repeat(height, [0x1a])]
const functions = (count: number, of = {}) => Array(count).fill(of)

const cases: [limit: string, just: Parts, over: Parts][] = [
  ['bytes', { padding: 4_194_250 }, { padding: 4_194_300 }],
  ['functions', { functions: functions(10_000) }, { functions: functions(10_001) }],
  ['types', { extraTypes: 1_023 }, { extraTypes: 1_024 }],
  ['locals', { functions: functions(50, { locals: 20_000 }) }, { functions: functions(51, { locals: 20_000 }) }],
  ['params', { functions: functions(1_000, { params: 50 }) }, { functions: functions(1_001, { params: 50 }) }],
  ['params of one function', { functions: [{ params: 64 }] }, { functions: [{ params: 65 }] }],
  ['results of one function', { results: 1 }, { results: 2 }],
  ['tables', { tables: [1] }, { tables: [1, 1] }],
  ['table elements', { tables: [10_000] }, { tables: [10_001] }],
  [
    'bytes of one body',
    { functions: [{ code: repeat(196_606, [NOP]) }] },
    { functions: [{ code: repeat(196_607, [NOP]) }] },
  ],
  [
    'blocks of one function',
    { functions: [{ code: repeat(5_000, BLOCK) }] },
    { functions: [{ code: repeat(5_001, BLOCK) }] },
  ],
  [
    'blocks',
    { functions: functions(10, { code: repeat(5_000, BLOCK) }) },
    { functions: functions(11, { code: repeat(4_999, BLOCK) }) },
  ],
  ['operand bytes of one function', { functions: [{ code: stack(1_024) }] }, { functions: [{ code: stack(1_025) }] }],
  ['stack bytes of one call', { functions: [{ locals: 32_760 }] }, { functions: [{ locals: 32_761 }] }],
  ['pages of memory', { pages: 1_024 }, { pages: 1_025 }],
  ['start functions', { functions: [{}] }, { functions: [{}], start: true }],
  [
    'imports outside env',
    { imports: [['env', 'input']] },
    {
      imports: [
        ['env', 'input'],
        ['wasi_snapshot_preview1', 'fd_write'],
      ],
    },
  ],
]

test.each(cases)('%s: as many as NEAR allows pass, one more fails by that name alone', (limit, just, over) => {
  expect(failed(just)).toEqual([])
  expect(failed(over)).toEqual([limit])
  expect(() => enforceLimits(craft(over), Number.POSITIVE_INFINITY)).toThrow(
    expect.objectContaining({ code: 'contract_limit', details: expect.objectContaining({ limit }) }),
  )
})

test('the budget is a limit of its own', () => {
  expect(() => enforceLimits(craft({}), 10)).toThrow(
    expect.objectContaining({
      code: 'contract_limit',
      details: expect.objectContaining({ limit: 'bytes of the budget' }),
    }),
  )
})

test.each([
  ['SIMD', [0xfd, 0x0c, ...Array(16).fill(0), 0x1a]],
  ['threads', [0xfe, 0x03, 0x00]],
  ['a tail call', [0x12, 0x00]],
  ['an exception', [0x08, 0x00]],
  ['an unknown prefix', [0xfc, 0x12]],
])('%s is refused', (_, code) => {
  expect(() => checkLimits(craft({ functions: [{ code }] }))).toThrow('is not allowed on NEAR')
  expect(() => enforceLimits(craft({ functions: [{ code }] }), 1_000)).toThrow(
    expect.objectContaining({ code: 'contract_limit' }),
  )
})

test('the stack is followed through branches, calls and blocks', () => {
  // block (result i32) i32.const i32.const br 0 [i32.add of what is never there] end drop
  const code = [0x02, 0x7f, 0x41, 1, 0x41, 2, 0x0c, 0, 0x6a, 0x0b, 0x1a, 0x41, 3, 0x41, 4, 0x10, 1]
  const module = craft({ functions: [{ code }, { params: 2 }] })
  expect(WebAssembly.validate(module)).toBe(true)
  expect(found(module, 'operand bytes of one function')).toBe(16)
  // if without and with else, on a condition
  const both = [0x41, 1, 0x04, 0x7f, 0x41, 1, 0x05, 0x41, 2, 0x41, 3, 0x6a, 0x0b, 0x1a]
  expect(WebAssembly.validate(craft({ functions: [{ code: both }] }))).toBe(true)
  expect(found(craft({ functions: [{ code: both }] }), 'operand bytes of one function')).toBe(16)
})

const failed = (parts: Parts) => checkLimits(craft(parts)).flatMap(({ pass, limit }) => (pass ? [] : [limit]))
const found = (module: Uint8Array, limit: string) => checkLimits(module).find((check) => check.limit === limit)?.found
