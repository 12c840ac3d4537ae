import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { program } from '../../test/wasm/generate.ts'
import { wasmParams } from '../../test/wasm/params.ts'
import { refusal } from '../../test/wasm/run.ts'
import { wat } from '../../test/wasm/wat.ts'
import { webAssembly } from './host.ts'
import { prepareContract } from './prepare.ts'

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]
const binary = (...bytes: number[]) => Uint8Array.from([...HEADER, ...bytes])
/** A module of one function `() -> ()` with these operators. */
const body = (...operators: number[]) =>
  binary(1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, operators.length + 5, 1, operators.length + 3, 0, ...operators, 0x0b)

describe('what V8 runs and NEAR does not', () => {
  test.each([
    ['several results', '(func (result i32 i64) i32.const 1 i64.const 2)'],
    ['a block with parameters', '(func i32.const 1 (block (param i32) drop))'],
    ['SIMD', '(func (drop (i32x4.splat (i32.const 1))))'],
    ['atomics', '(memory 1) (func (drop (i32.atomic.load8_u (i32.const 0))))'],
    ['shared memory', '(memory 1 1 shared)'],
    ['tail calls', '(func $f (return_call $f))'],
    ['64-bit memory', '(memory i64 1)'],
    ['exceptions', '(tag $e) (func (throw $e))'],
    ['extended constants', '(global i32 (i32.add (i32.const 1) (i32.const 2)))'],
    ['external references', '(table 2 externref)'],
    ['external references in a signature', '(func (param externref))'],
  ])('%s', (_, content) => {
    const code = wat(`(module ${content})`)
    expect(webAssembly.validate(code)).toBe(true)
    expect(refusal(code)).toBe('Deserialization')
  })

  test.each([
    ['several memories', binary(5, 5, 2, 0, 1, 0, 1)],
    ['a type index for a block, even if it is () -> ()', body(0x02, 0x00, 0x0b)],
    ['ref.eq', body(0xd0, 0x70, 0x1a, 0xd3)],
    ['a constant global in a constant', binary(6, 11, 2, 0x7f, 0, 0x41, 0, 0x0b, 0x7f, 0, 0x23, 0, 0x0b)],
  ])('%s', (_, code) => {
    expect(refusal(code)).toBe('Deserialization')
  })
})

test.each([
  ['nothing', new Uint8Array(0)],
  ['a short header', Uint8Array.from(HEADER.slice(0, 7))],
  ['another magic', Uint8Array.from([1, ...HEADER.slice(1)])],
  ['a component', Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00])],
  ['sections out of order', binary(3, 1, 0, 1, 1, 0)],
  ['a section twice', binary(1, 1, 0, 1, 1, 0)],
  ['an unknown section', binary(14, 0)],
  ['a section of tags', binary(13, 1, 0)],
  ['a section past the end', binary(1, 9, 0)],
  ['bytes left in a section', binary(1, 2, 0, 0)],
  ['an integer in six bytes', binary(1, 6, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00)],
  ['an integer over 32 bits', binary(1, 5, 0xff, 0xff, 0xff, 0xff, 0x10)],
  ['a constant over 32 bits', body(0x41, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x1a)],
  ['a constant over 64 bits', body(0x42, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x1a)],
  ['a custom section without a name', binary(0, 1, 5)],
  ['a custom section whose name is not UTF-8', binary(0, 2, 1, 0xff)],
  ['an export whose name is not UTF-8', binary(5, 3, 1, 0, 1, 7, 5, 1, 1, 0xff, 2, 0)],
  ['an export twice', binary(5, 3, 1, 0, 1, 7, 9, 2, 1, 0x61, 2, 0, 1, 0x61, 2, 0)],
  ['a function without a body', binary(1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0)],
  ['a body without a function', binary(10, 4, 1, 2, 0, 0x0b)],
  ['a body without an end', binary(1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 4, 1, 2, 0, 0x01)],
  ['operators after the end', body(0x0b, 0x01)],
  ['data without its count being right', binary(5, 3, 1, 0, 1, 12, 1, 2, 11, 3, 1, 1, 0)],
  ['a count of data that never comes', binary(12, 1, 1)],
  ['a load without a memory', body(0x41, 0, 0x28, 0, 0, 0x1a)],
  [
    'a load aligned beyond its size',
    binary(...wat('(module (memory 1) (func (drop (i32.load (i32.const 0)))))').slice(8)).with(-4, 3),
  ],
  ['a local that is not there', body(0x20, 0, 0x1a)],
  ['the gas counter, one beyond the globals', body(0x23, 0, 0x1a)],
  ['the label beyond the function’s own', body(0x0c, 1)],
  ['operands of the wrong type', body(0x41, 0, 0x42, 0, 0x6a, 0x1a)],
  ['operands left at the end', body(0x41, 0)],
  ['an else without an if', body(0x05)],
  ['a function reference nobody declared', body(0xd2, 0, 0x1a)],
  ['memory.init without a data count', body(0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 8, 0, 0)],
])('malformed: %s', (_, code) => {
  expect(refusal(code)).toBe('Deserialization')
})

// nearcore `tests/compile_errors.rs`, `tests/runtime_errors.rs` and `prepare.rs`, by the names of the tests.
test.each([
  [
    'test_initializer_wrong_signature_contract',
    '(func $f (param i32)) (start 0) (func (export "main"))',
    'Deserialization',
  ],
  ['test_function_not_defined_contract', '(export "hello" (func 0))', 'Deserialization'],
  ['test_multiple_memories', '(memory 1 2) (memory 3 4)', 'Deserialization'],
  ['test_evil_function_index', '(func (export "main") call 4294967295)', 'Deserialization'],
  [
    'test_bad_import_1',
    '(import "no-such-module" "no-such-global" (global i32)) (func (export "main"))',
    'Instantiate',
  ],
  ['test_bad_import_2', '(import "no-such-module" "no-such-fn" (func $f)) (export "main" (func $f))', 'Instantiate'],
  ['test_bad_import_3', '(import "env" "no-such-global" (global i32)) (func (export "main"))', 'Instantiate'],
  [
    'test_bad_import_4: linking fails, not preparation',
    '(import "env" "no-such-fn" (func $f)) (export "main" (func $f))',
    'accepted',
  ],
  ['memory_imports', '(import "env" "memory" (memory 1 1))', 'Memory'],
  ['memory_imports, initial above maximum', '(import "env" "memory" (memory 17 1))', 'Deserialization'],
  ['memory_imports, no maximum', '(import "env" "memory" (memory 1))', 'Memory'],
  ['imports, a memory of another module', '(import "another_module" "memory" (memory 1 1))', 'Instantiate'],
  ['imports, of a table', '(import "env" "table" (table 1 funcref))', 'Instantiate'],
  ['internal_memory_declaration', '(memory 1 1)', 'accepted'],
])('%s', (_, content, error) => {
  expect(refusal(wat(`(module ${content})`))).toBe(error)
})

test('code cut off is counted before it is missed', () => {
  const functions = (count: number) => {
    const low = (count & 0x7f) | 0x80
    return binary(10, 0x7f, low, count >> 7, 0)
  }
  expect(refusal(functions(10_001))).toBe('TooManyFunctions')
  expect(refusal(functions(10_000))).toBe('Deserialization')
})

test('an export name that nearcore cannot rename', () => {
  const named = (length: number) => wat(`(module (func (export "${'x'.repeat(length)}")))`)
  expect(refusal(named(99_999))).toBe('accepted')
  expect(refusal(named(100_000))).toBe('Serialization')
  expect(refusal(named(100_001))).toBe('Deserialization')
})

test('random bytes are refused, whatever they are', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (bytes, header) => {
      const code = header ? binary(...bytes) : bytes
      const result = prepareContract(code, wasmParams)
      expect(result.ok || 'CompilationError' in result.error).toBe(true)
    }),
    { numRuns: 500 },
  )
})

test('of modules with a few bytes changed, those accepted are valid to V8 as they are', () => {
  const change = fc.tuple(
    fc.nat(),
    fc.constantFrom(0, 1, 2, 3, 4, 5, 0x0b, 0x0f, 0x10, 0x40, 0x70, 0x7f, 0x80, 0xfc, 0xff),
  )
  const choices = fc.uint8Array({ minLength: 100, maxLength: 500, size: 'max' })
  fc.assert(
    fc.property(choices, fc.array(change, { minLength: 1, maxLength: 3 }), (bytes, changes) => {
      const code = program(bytes).plain
      for (const [at, value] of changes) code[8 + (at % (code.length - 8))] = value
      const result = prepareContract(code, wasmParams)
      if (result.ok) expect(webAssembly.validate(code)).toBe(true)
      else expect(result.error.CompilationError).toHaveProperty('PrepareError')
    }),
    { numRuns: 500 },
  )
})
