// A call that outgrows the memory it is tried on starts over, within a receipt that has done things before.
import type { Action } from '@dcml/light-client'
import { expect, test, vi } from 'vitest'
import { paramsFor } from '../params/index.ts'
import { Memories } from '../vm/memories.ts'
import { webAssembly } from '../wasm/index.ts'
import { contract } from './test/contracts.ts'
import { failures, NEAR, TGAS, World } from './test/world.ts'

// memory: 0 "key", 16 "resumed", 64 data id
const code = contract(`
  (data (i32.const 0) "key") (data (i32.const 16) "resumed")
  (func $write (drop (call $storage_write (i64.const 3) (i64.const 0) (i64.const 32) (i64.const 64) (i64.const 1))))
  (func $wait (drop (call $yield (i64.const 7) (i64.const 16) (i64.const 0) (i64.const 0) (i64.const 20000000000000)
      (i64.const 0) (i64.const 0)))
    (call $read_register (i64.const 0) (i64.const 64)))
  (func (export "resumed"))
  (func (export "write") (call $write))
  (func (export "wait") (call $wait) (call $write) (i32.store8 (i32.const 60000000) (i32.const 1)))
  (func (export "count") (drop (call $storage_read (i64.const 3) (i64.const 0) (i64.const 1)))
    (call $read_register (i64.const 1) (i64.const 60000000)) (call $value_return (i64.const 32) (i64.const 60000000))
    (call $write))`)

const call = (methodName: string): Action => ({
  type: 'FunctionCall',
  methodName,
  args: new Uint8Array(),
  gas: 60n * TGAS,
  deposit: 0n,
})

/** A receipt whose first action writes, and whose others write, yield and outgrow. */
function scene() {
  const world = new World({ 'a.near': 100n * NEAR, 'user.near': 100n * NEAR }, { params: { ...paramsFor(86) } })
  world.run('a.near', 'a.near', [{ type: 'DeployContract', code }])
  const outcomes = world.run('user.near', 'a.near', [call('write'), call('wait'), call('count')])
  return { root: world.trie.root, outcomes }
}

test('state, ids, gas and outcomes are those of a call that had all its memory from the start', () => {
  const started = vi.spyOn(Memories.prototype, 'for')
  const tried = scene()
  expect(failures(tried.outcomes)).toEqual([])
  const missing = started.mock.results.map(({ value }) => value.missing > 0)
  expect(missing.slice(0, 4)).toEqual([true, true, false, false])
  started.mockImplementation(() => ({
    memory: new webAssembly.Memory({ initial: 1024, maximum: 2048 }),
    missing: 0,
  }))
  expect(scene()).toEqual(tried)
  started.mockRestore()
})
