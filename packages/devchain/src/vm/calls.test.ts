import { hashOf } from '@dcml/light-client'
import { expect, test } from 'vitest'
import { script } from '../../test/script.ts'
import { context, loadingGas, run, TestExternal } from '../../test/vm.ts'
import { wat } from '../../test/wasm/wat.ts'
import { paramsFor } from '../params/index.ts'
import { runContract } from './run.ts'

const empty = wat('(module (func (export "main")) (func (export "takes") (param i32)))')
const free = { burntGas: 0n, usedGas: 0n, receipts: [], logs: [] }

test('an account without code', () => {
  const outcome = runContract(null, context(), new TestExternal(), paramsFor(86))
  expect(outcome).toMatchObject({
    ...free,
    aborted: { CompilationError: { CodeDoesNotExist: { account_id: 'alice.near' } } },
    abortedDebug: 'CompilationError(CodeDoesNotExist { account_id: "alice.near" })',
  })
})

test.each<[method: string, kind: string]>([
  ['', 'MethodEmptyName'],
  ['other', 'MethodNotFound'],
  ['memory', 'MethodNotFound'],
  ['gas', 'MethodNotFound'],
  ['takes', 'MethodInvalidSignature'],
])('calling "%s" costs nothing: %s', (method, kind) => {
  expect(run(empty, { method })).toMatchObject({
    ...free,
    aborted: { MethodResolveError: kind },
    abortedDebug: `MethodResolveError(${kind})`,
  })
})

test.each([new Uint8Array(), new TextEncoder().encode('not wasm'), empty.slice(0, -1)])(
  'bad code costs nothing, each time: %#',
  (code) => {
    for (let i = 0; i < 2; i++)
      expect(run(code)).toMatchObject({
        ...free,
        aborted: { CompilationError: { PrepareError: 'Deserialization' } },
        abortedDebug: 'CompilationError(PrepareError(Deserialization))',
      })
    expect(run(code, { method: '' }).aborted).toEqual({ MethodResolveError: 'MethodEmptyName' })
  },
)

test('an unknown import fails the call, which pays for loading', () => {
  const code = wat('(module (import "env" "nope" (func)) (func (export "main")))')
  const outcome = run(code, { method: 'other' })
  expect(outcome.burntGas).toBe(loadingGas(code))
  expect(outcome).toMatchObject({
    aborted: { ExecutionError: 'Link Error: unknown or invalid import' },
    abortedDebug: 'LinkError { msg: "unknown or invalid import" }',
  })
})

test('an import of another type fails like an unknown one', () => {
  const code = wat('(module (import "env" "log_utf8" (func (param i32 i32))) (func (export "main")))')
  expect(run(code).aborted?.ExecutionError).toMatch(/^Link Error: types incompatible: expected type .*i32 i32.*i64 i64/)
})

test('an import of a later version is unknown before', () => {
  const code = wat('(module (import "env" "sha3_256" (func (param i64 i64 i64))) (func (export "main")))')
  expect(run(code).aborted).toEqual({ ExecutionError: 'Link Error: unknown or invalid import' })
  expect(run(code, { params: paramsFor(87) }).aborted).toBe(null)
})

test('too little gas for loading comes before everything that is wrong with the method', () => {
  const outcome = run(empty, { method: 'other', prepaidGas: 1n })
  expect(outcome).toMatchObject({ burntGas: 1n, usedGas: 1n, abortedDebug: 'HostError(GasExceeded)' })
})

test('the start function runs first, with gas, and can call the host', () => {
  const code = wat(`(module (import "env" "log_utf8" (func $log (param i64 i64))) (memory 1)
    (data (i32.const 0) "startmain")
    (func $start (call $log (i64.const 5) (i64.const 0))) (start $start)
    (func (export "main") (call $log (i64.const 4) (i64.const 5))))`)
  expect(run(code).logs).toEqual(['start', 'main'])
  expect(run(code, { prepaidGas: 1n }).aborted).toEqual({ ExecutionError: 'Exceeded the prepaid gas.' })
})

test('a segment out of bounds traps when the call starts, after loading was paid', () => {
  const code = wat('(module (memory 1) (data (i32.const 67108863) "xx") (func (export "main")))')
  const outcome = run(code)
  expect(outcome.burntGas).toBe(loadingGas(code))
  expect(outcome.abortedDebug).toBe('WasmTrap(MemoryOutOfBounds)')
})

test.each<[what: string, body: string, trap: string]>([
  ['a table index out of bounds', '(call_indirect (i32.const 5))', 'MemoryOutOfBounds'],
  ['a null entry', '(call_indirect (i32.const 1))', 'IndirectCallToNull'],
  ['another signature', '(call_indirect (param i32) (i32.const 0) (i32.const 0))', 'IncorrectCallIndirectSignature'],
  ['an overflowing division', '(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))', 'IllegalArithmetic'],
  ['a remainder by zero', '(drop (i64.rem_u (i64.const 1) (i64.const 0)))', 'IllegalArithmetic'],
  ['a copy out of bounds', '(memory.copy (i32.const -1) (i32.const 0) (i32.const 1))', 'MemoryOutOfBounds'],
])('%s traps', (_, body, trap) => {
  const code = wat(`(module (memory 1) (table 2 funcref) (elem (i32.const 0) $f)
    (func $f (export "main") ${body}))`)
  expect(run(code).abortedDebug).toBe(`WasmTrap(${trap})`)
})

test('memory that grew during a call is there for the host', () => {
  const code = wat(`(module (import "env" "value_return" (func $return (param i64 i64)))
    (import "env" "log_utf8" (func $log (param i64 i64))) (memory 1)
    (func (export "main")
      (call $log (i64.const 0) (i64.const 0))
      (drop (memory.grow (i32.const 1)))
      (i32.store8 (i32.const 67108864) (i32.const 7))
      (call $return (i64.const 1) (i64.const 67108864))))`)
  expect(run(code).returnData).toEqual({ type: 'Value', value: Uint8Array.of(7) })
})

test('instructions that exceed what promises left burn their whole charge, and used gas is full', () => {
  const code = wat(`(module (import "env" "storage_usage" (func $count (result i64)))
    (import "env" "promise_create" (func $create (param i64 i64 i64 i64 i64 i64 i64 i64) (result i64)))
    (memory 1) (data (i32.const 0) "bob.near")
    (func (export "main")
      (drop (call $create (i64.const 8) (i64.const 0) (i64.const 3) (i64.const 0) (i64.const 0) (i64.const 0)
        (i64.const 60000) (i64.const 290000000000000)))
      (memory.fill (i32.const 0) (i32.const 0) (i32.wrap_i64 (call $count)))))`)
  const fits = run(code, { storageUsage: 0n })
  const exceeds = run(code, { storageUsage: 30_000_000n })
  expect(fits.aborted).toBe(null)
  expect(exceeds.aborted).toEqual({ ExecutionError: 'Exceeded the prepaid gas.' })
  expect(exceeds.usedGas).toBe(300_000_000_000_000n)
  expect(exceeds.burntGas - fits.burntGas).toBe(30_000_000n * 822_756n)
})

test('a call gets its deposit and keeps what it did not promise away', () => {
  const code = script([['promise_batch_create', 'bob.near']])
  expect(run(code, { attachedDeposit: 5n }).balance).toBe(105n)
})

test('promises and yields of a failed call are dropped, its logs and gas stay', () => {
  const code = script([
    ['log_utf8', 'here'],
    ['promise_batch_create', 'bob.near'],
    ['promise_yield_create', 'go', '', 0n, 0n, 0n],
    ['panic_utf8', 'no'],
  ])
  const outcome = run(code)
  expect(outcome).toMatchObject({
    logs: ['here'],
    receipts: [],
    resumes: [],
    aborted: { ExecutionError: 'Smart contract panicked: no' },
    abortedDebug: 'HostError(GuestPanic { panic_msg: "no" })',
  })
  expect(outcome.burntGas).toBeGreaterThan(loadingGas(code))
})

test('gas left over goes to weighted calls of the receipts', () => {
  const code = script([
    ['promise_batch_create', 'bob.near'],
    ['promise_batch_action_function_call_weight', 0n, 'hi', '', 60_000n, 0n, 1n],
  ])
  const outcome = run(code)
  expect(outcome.usedGas).toBe(300_000_000_000_000n)
  const [action] = outcome.receipts[0]!.actions
  expect(action).toMatchObject({ type: 'FunctionCall', methodName: 'hi' })
  expect(action?.type === 'FunctionCall' && action.gas).toBeGreaterThan(290_000_000_000_000n)
})

test('a view has its own limit, and reports it', () => {
  const code = wat('(module (func (export "main") (loop (br 0))))')
  const outcome = run(code, { view: { maxGasBurnt: 10n ** 12n }, prepaidGas: 0n })
  expect(outcome).toMatchObject({
    burntGas: 10n ** 12n,
    aborted: { ExecutionError: 'Exceeded the maximum amount of gas allowed to burn per contract.' },
  })
})

test('what the account’s state throws passes through', () => {
  class Broken extends TestExternal {
    override storageGet(): never {
      throw new Error('disk on fire')
    }
  }
  expect(() => run(script([['storage_read', 'k', 0n]]), { external: new Broken() })).toThrow('disk on fire')
})

test('a contract is compiled once per code hash', () => {
  const code = wat('(module (func (export "main") nop nop nop))')
  const contract = { hash: hashOf(code), code }
  const first = runContract(contract, context(), new TestExternal(), paramsFor(86))
  const again = runContract(
    { hash: contract.hash, code: code.map(() => 0) },
    context(),
    new TestExternal(),
    paramsFor(86),
  )
  expect(again).toEqual(first)
})
