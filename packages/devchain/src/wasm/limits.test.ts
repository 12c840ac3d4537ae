import { expect, test } from 'vitest'
import { limited, wasmParams } from '../../test/wasm/params.ts'
import { refusal } from '../../test/wasm/run.ts'
import { wat } from '../../test/wasm/wat.ts'
import { paramsFor } from '../params/index.ts'
import { meterContract } from './prepare.ts'

const many = (count: number, item: string | ((index: number) => string)) =>
  Array.from({ length: count }, (_, i) => (typeof item === 'string' ? item : item(i))).join(' ')

const module = (content: string) => wat(`(module ${content})`)
const { limits } = wasmParams

/** A whole family of modules of one size, with the error of those beyond the limit. */
interface Edge {
  readonly limit: number
  readonly error: string
  readonly sized: (size: number) => Uint8Array
}

const edges: Record<string, Edge> = {
  types: {
    limit: limits.max_types_per_contract,
    error: 'TooManyTypes',
    sized: (size) => module(many(size, '(type (func))')),
  },
  'defined functions': {
    limit: limits.max_functions_number_per_contract,
    error: 'TooManyFunctions',
    sized: (size) => module(many(size, '(func)')),
  },
  'imported and defined functions': {
    limit: limits.max_functions_number_per_contract,
    error: 'TooManyFunctions',
    sized: (size) => module(`${many(size - 1, (i) => `(import "env" "f${i}" (func))`)} (func)`),
  },
  'locals of all functions': {
    limit: limits.max_locals_per_contract,
    error: 'TooManyLocals',
    sized: (size) =>
      module(`${many(20, `(func (local ${many(49_998, 'i32')}))`)} (func (local ${many(size - 999_960, 'i32')}))`),
  },
  'parameters of a function': {
    limit: limits.max_params_per_function,
    error: 'TooManyParamsPerFunction',
    sized: (size) => module(`(func (param ${many(size, 'i32')}))`),
  },
  'parameters of all functions': {
    limit: limits.max_params_per_contract,
    error: 'TooManyParamsPerContract',
    sized: (size) => module(many(size / 50, `(func (param ${many(50, 'i32')}))`)),
  },
  tables: {
    limit: limits.max_tables_per_contract,
    error: 'TooManyTables',
    sized: (size) => module(many(size, '(table 0 funcref)')),
  },
  'table elements': {
    limit: limits.max_elements_per_contract_table,
    error: 'TooManyTableElements',
    sized: (size) => module(`(table ${size} funcref)`),
  },
  'bytes of a function body': {
    limit: limits.max_function_body_size,
    error: 'FunctionBodyTooLarge',
    sized: (size) => module(`(func ${many(size - 2, 'nop')})`),
  },
  'blocks of a function': {
    limit: limits.max_blocks_per_function,
    error: 'TooManyBlocksPerFunction',
    sized: (size) => module(`(func ${many(size, 'block end')})`),
  },
  'blocks of all functions': {
    limit: limits.max_blocks_per_contract,
    error: 'TooManyBlocksPerContract',
    sized: (size) => module(many(size / 100, `(func ${many(100, 'loop end')})`)),
  },
  'operand bytes of a function': {
    limit: limits.max_operand_stack_bytes_per_function,
    error: 'OperandStackTooLarge',
    sized: (size) => module(`(func ${many(size / 8, '(i64.const 0)')} ${many(size / 8, 'drop')})`),
  },
}

const step: Record<string, number> = {
  'parameters of all functions': 50,
  'blocks of all functions': 100,
  'operand bytes of a function': 8,
}

test.each(Object.entries(edges))('%s: accepted at the limit, refused beyond it', (name, { limit, error, sized }) => {
  expect(refusal(sized(limit))).toBe('accepted')
  expect(refusal(sized(limit + (step[name] ?? 1)))).toBe(error)
})

test('params of many functions are refused at the first function beyond, functions before params', () => {
  // nearcore `prepare.rs`, test `too_many_function_params`.
  const functions = (count: number, params: number) => module(many(count, `(func (param ${many(params, 'i32')}))`))
  expect(refusal(functions(782, 65))).toBe('TooManyParamsPerFunction')
  expect(refusal(functions(10_001, 65))).toBe('TooManyFunctions')
  expect(refusal(functions(10_000, 6))).toBe('TooManyParamsPerContract')
})

test('blocks are counted while a module is instrumented, after its types have been checked', () => {
  expect(refusal(module(`(func ${many(5001, 'block end')}) (func)`))).toBe('TooManyBlocksPerFunction')
  const broken = module(`(func ${many(5001, 'block end')}) (func (result i32) i32.const 7)`)
  broken[broken.length - 2] = 0xff
  expect(refusal(broken)).toBe('Deserialization')
})

test('from version 87 a contract needs two bytes of code for each local', () => {
  const next = paramsFor(87).wasm
  const sized = (locals: number) => module(`(func (local ${many(locals, 'i32')}))`)
  // 26 bytes with up to 127 locals.
  expect(sized(13).length).toBe(26)
  expect(refusal(sized(13), next)).toBe('accepted')
  expect(refusal(sized(14), next)).toBe('TooManyLocals')
  expect(refusal(sized(14), wasmParams)).toBe('accepted')
})

test('the size of the instrumented module is nearcore’s, not ours', () => {
  const code = module('(func (export "main") (nop))')
  // By hand from nearcore's sequences (`instrument_v3.rs`): header 8, types 13, imports 106, functions 4, memory 8,
  // globals 15, exports 36, code 113.
  const size = 303
  expect(refusal(code, limited({ max_instrumented_code_size: size }))).toBe('accepted')
  expect(refusal(code, limited({ max_instrumented_code_size: size - 1 }))).toBe('InstrumentedCodeTooLarge')
  expect(meterContract(code, wasmParams).bytes.length).not.toBe(size)
})

test('a function whose locals fill Wasmtime’s limit prepares, but does not compile', () => {
  const sized = (locals: number) => module(`(func (local ${many(locals, 'i32')}))`)
  expect(refusal(sized(49_998))).toBe('accepted')
  const uncompilable = { WasmtimeCompileError: { msg: 'failed to compile: wasm[0]::function[3]' } }
  expect(refusal(sized(49_999))).toEqual(uncompilable)
  expect(refusal(sized(50_000))).toEqual(uncompilable)
  expect(refusal(sized(50_001))).toBe('Deserialization')
})
