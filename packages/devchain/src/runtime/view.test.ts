import { beforeEach, expect, test } from 'vitest'
import { paramsFor } from '../params/index.ts'
import { contract } from './test/contracts.ts'
import { NEAR, World } from './test/world.ts'
import { callView } from './view.ts'

const code = contract(`
  (data (i32.const 0) "kv") (data (i32.const 16) "no \\"way\\"")
  (func (export "echo") (call $input (i64.const 0)) (call $value_return (i64.const -1) (i64.const 0)))
  (func (export "shout") (call $log (i64.const 2) (i64.const 0)))
  (func (export "write") (drop (call $storage_write (i64.const 1) (i64.const 0) (i64.const 1) (i64.const 1) (i64.const 0))))
  (func (export "panic") (call $panic (i64.const 8) (i64.const 16)))
  (func (export "spin") (loop (br 0)))`)

let world: World
beforeEach(() => {
  world = new World({ 'a.near': 10n * NEAR, 'empty.near': NEAR })
  world.run('a.near', 'a.near', [{ type: 'DeployContract', code }])
})
const view = (method: string, args = new Uint8Array(), accountId = 'a.near') =>
  callView(world.trie, { accountId, method, args }, world.blockContext())

test('a view returns what the method returns, with its logs, and changes nothing', () => {
  const { root } = world.trie
  expect(view('echo', Uint8Array.of(1, 2, 3))).toMatchObject({ result: Uint8Array.of(1, 2, 3), error: null })
  expect(view('shout')).toMatchObject({ result: new Uint8Array(), logs: ['kv'] })
  expect(view('shout').gasBurnt).toBeGreaterThan(0n)
  expect(world.trie.root).toBe(root)
})

// Texts as near-api-js 5 matches them.
test('what a view may not do, or does not know, has the words of NEAR', () => {
  expect(view('write').error!.message).toBe(
    'wasm execution failed with error: HostError(ProhibitedInView { method_name: "storage_write" })',
  )
  expect(view('nothing').error).toEqual({
    vmError: { MethodResolveError: 'MethodNotFound' },
    message: 'wasm execution failed with error: MethodResolveError(MethodNotFound)',
  })
  expect(view('panic').error).toEqual({
    vmError: { ExecutionError: 'Smart contract panicked: no "way"' },
    message: 'wasm execution failed with error: HostError(GuestPanic { panic_msg: "no \\"way\\"" })',
  })
  expect(view('echo', undefined, 'empty.near').error!.message).toBe(
    'wasm execution failed with error: CompilationError(CodeDoesNotExist { account_id: "empty.near" })',
  )
})

test('an endless view ends when its gas does', () => {
  const params = paramsFor(86)
  const short = { ...params, limits: { ...params.limits, max_gas_burnt_view: 10 ** 13 } }
  const spin = { accountId: 'a.near', method: 'spin', args: new Uint8Array() }
  expect(callView(world.trie, spin, { ...world.blockContext(), params: short }).error!.message).toBe(
    'wasm execution failed with error: HostError(GasLimitExceeded)',
  )
})

test('an unknown account is for the caller to have checked', () => {
  expect(() => view('echo', undefined, 'nobody.near')).toThrow(
    expect.objectContaining({ code: 'devchain_account_unknown' }),
  )
})
