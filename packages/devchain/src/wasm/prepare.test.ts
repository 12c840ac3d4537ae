import { expect, test } from 'vitest'
import { wasmParams } from '../../test/wasm/params.ts'
import { memoryImport, prepared, run } from '../../test/wasm/run.ts'
import { wat } from '../../test/wasm/wat.ts'
import { type WasmGlobal, type WasmMemory, type WasmTable, webAssembly } from './host.ts'
import { parseModule } from './parse.ts'
import { CALLEE_EXPORT, METHOD_PREFIX, Stop, TABLE_EXPORT } from './types.ts'

const OP = BigInt(wasmParams.regularOpCost)

test('says what can be called and what is imported', () => {
  const code = prepared(
    wat(`(module
      (import "env" "log" (func (param i64 i64)))
      (import "env" "used_gas" (func (result i64)))
      (memory (export "memory") 1)
      (global (export "gas") i32 (i32.const 1))
      (func (export "run")) (func (export "stack")) (func (export "sum") (param i32) (result i32) local.get 0))`),
  )
  expect(code).toMatchObject({
    ok: true,
    methods: new Set(['run', 'stack']),
    mistypedMethods: new Set(['sum']),
    imports: [
      { name: 'log', params: ['i64', 'i64'], result: null },
      { name: 'used_gas', params: [], result: 'i64' },
    ],
    startExport: null,
  })
})

test('a contract cannot export the host’s own names', () => {
  const code = prepared(
    wat('(module (global $g (mut i64) (i64.const 7)) (export "gas" (global $g)) (func (export "stop")))'),
  )
  const { exports } = run(code, 'stop').instance
  expect((exports.gas as WasmGlobal<bigint>).value).toBe(10n ** 15n - 8n * OP)
  expect(exports.stop).not.toBeInstanceOf(Function)
  expect(exports[`${METHOD_PREFIX}stop`]).toBeInstanceOf(Function)
})

test('memory is NEAR’s, whatever was declared, and is there when nothing was', () => {
  for (const declared of ['(memory 1)', '(memory 3 5)', '(memory 2000)', '']) {
    const { exports } = run(prepared(wat(`(module ${declared} (func (export "main")))`))).instance
    const memory = exports.memory as WasmMemory
    expect(memory.buffer.byteLength).toBe(1024 * 65_536)
    expect(memory.grow(1024)).toBe(1024)
    expect(() => memory.grow(1)).toThrow(RangeError)
  }
})

test('memory grown beyond its limit says no, and is paid for by the page', () => {
  const code = prepared(
    wat(`(module (memory 1) (func (export "main")
      (if (i32.ne (memory.grow (i32.const 1025)) (i32.const -1)) (then (unreachable)))))`),
  )
  // Entry 8, two constants, ne and if; growing costs 32 operators and one a page.
  expect(run(code)).toMatchObject({ trap: undefined, burnt: (8n + 4n + 32n + 1025n) * OP })
})

test('tables grow no further than NEAR lets them', () => {
  const grow = (count: number) =>
    run(
      prepared(
        wat(`(module (table 1 funcref) (func (export "main")
          (if (i32.eq (table.grow 0 (ref.null func) (i32.const ${count})) (i32.const -1)) (then (unreachable)))))`),
      ),
    )
  expect((grow(9999).instance.exports[TABLE_EXPORT] as WasmTable).length).toBe(10_000)
  expect(grow(10_000).trap).toBeInstanceOf(webAssembly.RuntimeError)
})

test('NaNs come out canonical, and only where arithmetic made them', () => {
  const bits = (operator: string, type: 'f32' | 'f64') => {
    const integer = type === 'f32' ? 'i32' : 'i64'
    const code = wat(`(module (memory 1) (func (export "main")
      (${integer}.store (i32.const 0) (${integer}.reinterpret_${type} ${operator}))))`)
    const memory = run(prepared(code)).instance.exports.memory as WasmMemory
    const view = new DataView(memory.buffer)
    return type === 'f32' ? view.getUint32(0, true) : view.getBigUint64(0, true)
  }
  const odd = (type: string) => `(${type}.neg (${type}.const nan:0x12345))`
  for (const operator of ['add', 'sub', 'mul', 'div', 'min', 'max']) {
    expect(bits(`(f32.${operator} ${odd('f32')} (f32.const 1))`, 'f32')).toBe(0x7fc0_0000)
    expect(bits(`(f64.${operator} (f64.const 1) ${odd('f64')})`, 'f64')).toBe(0x7ff8_0000_0000_0000n)
  }
  for (const operator of ['sqrt', 'ceil', 'floor', 'trunc', 'nearest']) {
    expect(bits(`(f32.${operator} ${odd('f32')})`, 'f32')).toBe(0x7fc0_0000)
    expect(bits(`(f64.${operator} ${odd('f64')})`, 'f64')).toBe(0x7ff8_0000_0000_0000n)
  }
  expect(bits(`(f32.demote_f64 ${odd('f64')})`, 'f32')).toBe(0x7fc0_0000)
  expect(bits(`(f64.promote_f32 ${odd('f32')})`, 'f64')).toBe(0x7ff8_0000_0000_0000n)
  expect(bits('(f64.sub (f64.const inf) (f64.const inf))', 'f64')).toBe(0x7ff8_0000_0000_0000n)
  expect(bits(odd('f32'), 'f32')).toBe(0xff81_2345)
  expect(bits('(f64.copysign (f64.const nan:0x12345) (f64.const -1))', 'f64')).toBe(0xfff0_0000_0001_2345n)
  expect(bits('(f32.add (f32.const 1.5) (f32.const 2))', 'f32')).toBe(0x4060_0000)
})

test('every way out of a function gives its stack back', () => {
  const code = prepared(
    wat(`(module
      (func $return (param i32) (result i32) (if (local.get 0) (then (return (i32.const 1)))) i32.const 2)
      (func $branch (param i32) (result i32) (br_if 0 (i32.const 1) (local.get 0)) drop (br 0 (i32.const 2)))
      (func $table (param i32) (block (loop (br_table 0 1 2 (local.get 0)))))
      (func (export "main")
        (drop (call $return (i32.const 0))) (drop (call $return (i32.const 1)))
        (drop (call $branch (i32.const 0))) (drop (call $branch (i32.const 1)))
        (call $table (i32.const 1)) (call $table (i32.const 2)) (call $table (i32.const 7))))`),
  )
  expect(run(code)).toMatchObject({ trap: undefined, stackLeft: 262_144n })
})

test('the start function runs when asked, with the gas given', () => {
  const code = prepared(
    wat(
      '(module (global $g (mut i32) (i32.const 0)) (func $s (global.set $g (i32.const 1))) (func (export "main")) (start $s))',
    ),
  )
  expect(code.startExport).toBe('start')
  const { exports } = new webAssembly.Instance(code.module, memoryImport())
  // Without gas it stops at once: instantiation has not run it.
  expect(() => (exports.start as () => void)()).toThrow(webAssembly.RuntimeError)
  expect((exports.stop as WasmGlobal<number>).value).toBe(Stop.gas)
  expect(run(code).burnt).toBe((8n + 2n + 8n) * OP)
})

test('stack is exhausted where NEAR says, for slim and for wide frames', () => {
  const recursion = (locals: number, operands: number) =>
    prepared(
      wat(`(module (memory 1)
        (func $f (export "main") (local ${'i32 '.repeat(locals)})
          (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
          ${'i32.const 1 '.repeat(operands)} (call $f) ${'drop '.repeat(operands)}))`),
    )
  for (const [locals, operands] of [
    [0, 3],
    [1, 8],
    [100, 100],
    [1000, 2000],
    [20_000, 3],
  ] as const) {
    const { instance, stop, stackLeft } = run(recursion(locals, operands))
    const frame = 64 + 4 * locals + 4 * Math.max(operands, 3)
    const depth = new DataView((instance.exports.memory as WasmMemory).buffer).getUint32(0, true)
    expect({ stop, depth }).toEqual({ stop: Stop.stack, depth: Math.floor(262_144 / frame) })
    expect(stackLeft).toBeLessThan(0n)
  }
})

test('an indirect call leaves its index on the simulated stack, as finite-wasm has it', () => {
  // Each call adds four bytes to the height, though the typed stack is empty in between.
  const calls = (count: number) =>
    prepared(
      wat(`(module (type $t (func)) (table 1 funcref) (func $f) (elem (i32.const 0) $f) (func (export "main")
        (global.set $on (i32.const 1)) ${'(call_indirect (type $t) (i32.const 0)) '.repeat(count)})
        (global $on (mut i32) (i32.const 0)))`),
    )
  const heightOf = (count: number) => {
    const code = calls(count)
    const { exports } = new webAssembly.Instance(code.module, memoryImport())
    // The smallest stack main itself fits into, though not its callee.
    for (let stack = 64n; ; stack += 4n) {
      ;(exports.gas as WasmGlobal<bigint>).value = 10n ** 12n
      ;(exports.stop as WasmGlobal<number>).value = 0
      ;(exports.stack as WasmGlobal<bigint>).value = stack
      const before = (exports.gas as WasmGlobal<bigint>).value
      try {
        ;(exports[`${METHOD_PREFIX}main`] as () => void)()
      } catch {
        if ((exports.gas as WasmGlobal<bigint>).value === before) continue
      }
      return stack
    }
  }
  expect([1, 2, 10].map(heightOf)).toEqual([68n, 72n, 104n])
})

test('an indirect call that traps leaves its index, which tells a null entry from one of another type', () => {
  const called = (index: number) => {
    const code =
      wat(`(module (type $t (func)) (table 3 funcref) (func $f (result i32) i32.const 1) (elem (i32.const 0) $f)
      (func (export "main") (call_indirect (type $t) (i32.const ${index}))))`)
    const { trap, instance } = run(prepared(code))
    expect(String(trap)).toContain('null function or function signature mismatch')
    const callee = instance.exports[CALLEE_EXPORT] as WasmGlobal<number>
    return { callee: callee.value, entry: (instance.exports[TABLE_EXPORT] as WasmTable).get(callee.value) }
  }
  expect(called(0)).toEqual({ callee: 0, entry: expect.any(Function) })
  expect(called(1)).toEqual({ callee: 1, entry: null })
})

test('what is parsed is all there is: sections put together again are the module', () => {
  const code = wat(`(module
    (type (func (param i32) (result i32))) (import "env" "log" (func (param i64)))
    (table 2 3 funcref) (memory 1) (global (mut f64) (f64.const 1.5)) (export "f" (func $f)) (start $s)
    (elem (i32.const 0) $f) (data $d "abc") (data (i32.const 8) "xyz")
    (func $f (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))) (func $s (data.drop $d)))`)
  const { module } = parseModule(code, wasmParams)
  const sections = [...module.sections].flatMap(([id, [start, end]]) => [id, end - start, ...code.subarray(start, end)])
  expect(Uint8Array.from([...code.subarray(0, 8), ...sections])).toEqual(code)
})

test('custom sections are dropped, but their bytes are paid for', () => {
  const code = wat('(module (func (export "main")))')
  const custom = Uint8Array.from([...code, 0, 6, 1, 0x78, 1, 2, 3, 4])
  expect(prepared(custom).codeLength).toBe(code.length + 8)
  expect(run(prepared(custom)).burnt).toBe(run(prepared(code)).burnt)
})
