// Burnt gas that nearcore's own tests record, at their second preparation (finite-wasm), in
// `runtime/near-vm-runner/src/tests/{runtime_errors,compile_errors}.rs` of near/nearcore: texts rewritten from their
// description there, figures cited. Their test configuration prices loading at 216,750 gas a byte.
import { expect, test } from 'vitest'
import { prepared, run } from '../../test/wasm/run.ts'
import { wat } from '../../test/wasm/wat.ts'
import { webAssembly } from './host.ts'
import { Stop } from './types.ts'

const LOADING_BASE = 35_445_963n
const LOADING_BYTE = 216_750n
const HOST_BASE = 264_768_111n

/** Bytes of the name section the Rust assembler writes for the `$names` of a text: functions (1) and types (4). */
function nameSection(...maps: [id: 1 | 4, ...names: [index: number, name: string][]][]): bigint {
  const subsections = maps.map(([, ...names]) => 2 + 1 + names.reduce((sum, [, name]) => sum + 2 + name.length, 0))
  return subsections.length === 0 ? 0n : BigInt(2 + 5 + subsections.reduce((a, b) => a + b))
}

interface Recorded {
  readonly test: string
  readonly text: string
  readonly method?: string
  readonly names?: bigint
  readonly recorded: bigint
  /** What host functions cost in it. */
  readonly host?: bigint
  readonly trap?: string
}

const arithmetic = (operators: string) => `(module (func (export "main") ${operators} return))`
const recursions = `(module
  (func $f1 (export "f1") (local i32) (call $f1))
  (func $f2 (export "f2") (local i32 i32 i32 i32) (call $f2)))`

const vectors: Recorded[] = [
  { test: 'test_simple_contract', text: '(module (func (export "main")))', recorded: 49_397_511n },
  {
    test: 'test_trap_contract',
    text: '(module (func (export "main") (unreachable)))',
    recorded: 50_437_017n,
    trap: 'unreachable',
  },
  {
    test: 'test_trap_initializer',
    text: '(module (func $f (export "main") (unreachable)) (start $f))',
    names: nameSection([1, [0, 'f']]),
    recorded: 53_905_017n,
    trap: 'unreachable',
  },
  {
    test: 'test_div_by_zero_contract',
    text: arithmetic('i32.const 1 i32.const 0 i32.div_s'),
    recorded: 53_166_279n,
    trap: 'divide by zero',
  },
  ...['i32.trunc_f64_s', 'i32.trunc_f64_u', 'i64.trunc_f64_s', 'i64.trunc_f64_u'].map((operator) => ({
    test: `test_float_to_int_contract ${operator}`,
    text: arithmetic(`f64.const 0x1p+1023 ${operator}`),
    recorded: 53_427_273n,
    trap: 'float unrepresentable',
  })),
  {
    test: 'test_indirect_call_to_null_contract',
    text: `(module (type $ty (func)) (table 1 funcref)
      (func (export "main") i32.const 0 call_indirect (type $ty) return))`,
    names: nameSection([4, [0, 'ty']]),
    recorded: 56_678_523n,
    trap: 'null function or function signature mismatch',
  },
  {
    test: 'test_indirect_call_to_wrong_signature_contract',
    text: `(module (type $ty (func (result i32))) (func $f) (table 1 funcref) (elem (i32.const 0) $f)
      (func (export "main") i32.const 0 call_indirect (type $ty) return))`,
    names: nameSection([1, [0, 'f']], [4, [0, 'ty']]),
    recorded: 61_663_773n,
    trap: 'null function or function signature mismatch',
  },
  {
    test: 'test_guest_panic',
    text: '(module (import "env" "panic" (func $panic)) (func (export "main") (call $panic)))',
    names: nameSection([1, [0, 'panic']]),
    host: HOST_BASE,
    recorded: 322_357_878n,
  },
  {
    test: 'test_panic_re_export',
    text: '(module (import "env" "panic" (func $panic)) (export "main" (func $panic)))',
    names: nameSection([1, [0, 'panic']]),
    host: HOST_BASE,
    recorded: 312_352_074n,
  },
  {
    test: 'test_external_call_ok',
    text: `(module (import "env" "prepaid_gas" (func $prepaid_gas (result i64)))
      (func (export "main") (drop (call $prepaid_gas))))`,
    names: nameSection([1, [0, 'prepaid_gas']]),
    host: HOST_BASE,
    recorded: 326_865_384n,
  },
  {
    test: 'test_external_call_indirect',
    text: `(module (import "env" "prepaid_gas" (func $prepaid_gas (result i64)))
      (type $prepaid_gas_t (func (result i64))) (table 1 funcref) (elem (i32.const 0) $prepaid_gas)
      (func (export "main") (call_indirect (type $prepaid_gas_t) (i32.const 0)) drop))`,
    names: nameSection([1, [0, 'prepaid_gas']], [4, [0, 'prepaid_gas_t']]),
    host: HOST_BASE,
    recorded: 335_491_140n,
  },
  {
    test: 'test_address_overflow',
    text: `(module (memory 1)
      (func (export "main") i32.const 1 i64.load32_u offset=4294967295 align=1 drop))`,
    recorded: 54_294_273n,
    trap: 'memory access out of bounds',
  },
  {
    // Succeeds only if the root of a negative number is the positive NaN.
    test: 'test_nan_sign',
    text: `(module (func (export "main")
      (i32.div_u (i32.const 0)
        (f32.gt (f32.copysign (f32.const 1.0) (f32.sqrt (f32.const -1.0))) (f32.const 0))) drop))`,
    recorded: 61_570_815n,
  },
  {
    test: 'test_fn_loading_gas_protocol_upgrade',
    text: arithmetic('i32.const 1 i32.const 1 i32.div_s'),
    recorded: 53_989_035n,
  },
]

/** Recursion until the stack limit, which NEAR reports as `MemoryAccessViolation`. */
const overflows: Recorded[] = [
  {
    test: 'test_stack_overflow',
    text: '(module (func $f (export "main") (call $f)))',
    names: nameSection([1, [0, 'f']]),
    recorded: 30_376_143_897n,
  },
  {
    test: 'test_stack_instrumentation_protocol_upgrade f1',
    text: recursions,
    method: 'f1',
    names: nameSection([1, [0, 'f1'], [1, 'f2']]),
    recorded: 31_767_212_013n,
  },
  {
    test: 'test_stack_instrumentation_protocol_upgrade f2',
    text: recursions,
    method: 'f2',
    names: nameSection([1, [0, 'f1'], [1, 'f2']]),
    recorded: 29_698_803_429n,
  },
]

function expected({ recorded, names = 0n, host = 0n }: Recorded, code: Uint8Array): bigint {
  return recorded - LOADING_BASE - LOADING_BYTE * (BigInt(code.length) + names) - host
}

test.each(vectors)('$test burns what nearcore records', (vector) => {
  const code = wat(vector.text)
  const { burnt, stop, trap } = run(prepared(code))
  expect({ burnt, stop, trap: trap === undefined ? undefined : String(trap) }).toEqual({
    burnt: expected(vector, code),
    stop: Stop.none,
    trap: vector.trap === undefined ? undefined : expect.stringContaining(vector.trap),
  })
})

test.each(overflows)('$test burns what nearcore records', (vector) => {
  const code = wat(vector.text)
  const { burnt, stop, trap } = run(prepared(code), vector.method)
  expect({ burnt, stop }).toEqual({ burnt: expected(vector, code), stop: Stop.stack })
  expect(trap).toBeInstanceOf(webAssembly.RuntimeError)
})

test('test_limit_locals_global: 15,625 locals are paid on entry', () => {
  const functions = Array.from({ length: 64 }, () => `(func (local ${'i64 '.repeat(15_625)}))`)
  const code = wat(`(module ${functions.join('')} (export "main" (func 63)))`)
  // The recorded module has 479 bytes; ours is put together otherwise, so only the instructions are compared.
  expect(run(prepared(code)).burnt).toBe(13_001_413_761n - LOADING_BASE - LOADING_BYTE * 479n)
})

test('test_limit_locals: a frame larger than the stack burns nothing', () => {
  const code = wat(`(module (func (export "main") (local ${'i64 '.repeat(49_998)})))`)
  expect(run(prepared(code))).toMatchObject({ burnt: 0n, stop: Stop.stack })
})

test.each([
  ['test_infinite_initializer', '(module (func $start (loop (br 0))) (func (export "main")) (start $start))'],
  ['test_memory_grow', '(module (memory 17 32) (func (export "main") (loop (memory.grow (i32.const 1)) drop br 0)))'],
])('%s burns its whole gas', (_, text) => {
  expect(run(prepared(wat(text)), 'main', 10n ** 10n)).toMatchObject({ burnt: 10n ** 10n, stop: Stop.gas })
})
