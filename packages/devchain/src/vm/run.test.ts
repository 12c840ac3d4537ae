// Outcomes and gas that nearcore's own tests record: `runtime/near-vm-runner/src/tests/runtime_errors.rs`, its newest
// figure per test. They were taken at 216,750 gas a byte for loading (now 1,089,295), and count the name section that
// nearcore's assembler writes.
import { expect, test } from 'vitest'
import { loadingGas, run } from '../../test/vm.ts'
import { wat } from '../../test/wasm/wat.ts'

const recordedLoading = (code: Uint8Array, source: string): bigint =>
  35_445_963n + 216_750n * BigInt(code.length + nameSection(source))

/** Bytes of the section that names functions and types: id, size and title, then per kind id, size and count. */
function nameSection(source: string): number {
  const names = (pattern: RegExp) => [...new Set([...source.matchAll(pattern)].map(([, name]) => name!))]
  const kinds = [names(/\(func \$(\w+)/g), names(/\(type \$(\w+) \(func/g)].filter((kind) => kind.length > 0)
  const body = kinds.flatMap((kind) => [3, ...kind.map((name) => 2 + name.length)])
  return kinds.length === 0 ? 0 : 7 + body.reduce((sum, size) => sum + size, 0)
}

const trap = (text: string) => ({ ExecutionError: `WebAssembly trap: ${text}` })

test.each<[name: string, source: string, recorded: bigint, aborted: unknown]>([
  ['simple_contract', '(module (func (export "main")))', 49_397_511n, null],
  [
    'trap_contract',
    '(module (func (export "main") (unreachable)))',
    50_437_017n,
    trap('An `unreachable` opcode was executed.'),
  ],
  [
    'trap_initializer',
    '(module (func $f (export "main") (unreachable)) (start $f))',
    53_905_017n,
    trap('An `unreachable` opcode was executed.'),
  ],
  [
    'div_by_zero_contract',
    '(module (func (export "main") i32.const 1 i32.const 0 i32.div_s return))',
    53_166_279n,
    trap('An arithmetic exception, e.g. divided by zero.'),
  ],
  ...['i32.trunc_f64_s', 'i32.trunc_f64_u', 'i64.trunc_f64_s', 'i64.trunc_f64_u'].map(
    (operator): [string, string, bigint, unknown] => [
      `float_to_int_contract ${operator}`,
      `(module (func (export "main") f64.const 0x1p+1023 ${operator} return))`,
      53_427_273n,
      trap('An arithmetic exception, e.g. divided by zero.'),
    ],
  ),
  [
    'indirect_call_to_null_contract',
    '(module (type $ty (func)) (table 1 funcref) (func (export "main") i32.const 0 call_indirect (type $ty) return))',
    56_678_523n,
    trap('Indirect call to null.'),
  ],
  [
    'indirect_call_to_wrong_signature_contract',
    `(module (type $ty (func (result i32))) (func $f) (table 1 funcref) (elem (i32.const 0) $f)
       (func (export "main") i32.const 0 call_indirect (type $ty) return))`,
    61_663_773n,
    trap('Call indirect incorrect signature trap.'),
  ],
  [
    'guest_panic',
    '(module (import "env" "panic" (func $panic)) (func (export "main") (call $panic)))',
    322_357_878n,
    { ExecutionError: 'Smart contract panicked: explicit guest panic' },
  ],
  [
    'panic_re_export',
    '(module (import "env" "panic" (func $panic)) (export "main" (func $panic)))',
    312_352_074n,
    { ExecutionError: 'Smart contract panicked: explicit guest panic' },
  ],
  [
    'stack_overflow',
    '(module (func $f (export "main") (call $f)))',
    30_376_143_897n,
    { ExecutionError: 'Accessed memory outside the bounds.' },
  ],
  [
    'external_call_ok',
    '(module (import "env" "prepaid_gas" (func $prepaid_gas (result i64))) (func (export "main") (drop (call $prepaid_gas))))',
    326_865_384n,
    null,
  ],
  [
    'external_call_indirect',
    `(module (import "env" "prepaid_gas" (func $prepaid_gas (result i64))) (type $prepaid_gas_t (func (result i64)))
       (table 1 funcref) (elem (i32.const 0) $prepaid_gas)
       (func (export "main") (call_indirect (type $prepaid_gas_t) (i32.const 0)) drop))`,
    335_491_140n,
    null,
  ],
  [
    'address_overflow',
    `(module (memory 1)
       (func (export "main") i32.const 1 i64.load32_u offset=4294967295 align=1 drop))`,
    54_294_273n,
    trap('Memory out of bounds trap.'),
  ],
  [
    'nan_sign',
    `(module (func (export "main")
       (i32.div_u (i32.const 0)
         (f32.gt (f32.copysign (f32.const 1.0) (f32.sqrt (f32.const -1.0))) (f32.const 0)))
       drop))`,
    61_570_815n,
    null,
  ],
])('burns what nearcore recorded: test_%s', (_, source, recorded, aborted) => {
  const code = wat(source)
  const outcome = run(code)
  expect(outcome.burntGas - loadingGas(code)).toBe(recorded - recordedLoading(code, source))
  expect(outcome.usedGas).toBe(outcome.burntGas)
  expect(outcome.aborted).toEqual(aborted)
})
