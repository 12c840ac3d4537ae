// Promises that wait to be resumed (NEP-519).
import type { Action } from '@dcml/light-client'
import { beforeEach, expect, test } from 'vitest'
import { column } from '../state/index.ts'
import { contract } from './test/contracts.ts'
import { failures, NEAR, TGAS, World } from './test/world.ts'

// memory: 0 "resumed", 16 "id" (storage key), 32 payload, 64 scratch: data id, then results
const code = contract(`
  (data (i32.const 0) "resumed") (data (i32.const 16) "id") (data (i32.const 32) "payload")
  (func $wait (result i64)
    (call $yield (i64.const 7) (i64.const 0) (i64.const 0) (i64.const 0) (i64.const 20000000000000) (i64.const 0) (i64.const 0)))
  (func $remember (call $read_register (i64.const 0) (i64.const 64))
    (drop (call $storage_write (i64.const 2) (i64.const 16) (i64.const 32) (i64.const 64) (i64.const 1))))
  (func $recall (drop (call $storage_read (i64.const 2) (i64.const 16) (i64.const 0)))
    (call $read_register (i64.const 0) (i64.const 64)))
  (func $wake (result i32) (call $resume (i64.const 32) (i64.const 64) (i64.const 7) (i64.const 32)))
  (func $answer (param i32) (i32.store8 (i32.const 128) (local.get 0)) (call $value_return (i64.const 1) (i64.const 128)))
  (func (export "wait") (local i64) (local.set 0 (call $wait)) (call $remember) (call $promise_return (local.get 0)))
  (func (export "wake") (call $recall) (call $answer (call $wake)))
  (func (export "wake_twice") (call $recall) (call $answer (i32.add (call $wake) (call $wake))))
  (func (export "wait_and_wake") (local i64)
    (local.set 0 (call $wait)) (call $remember) (drop (call $wake)) (call $promise_return (local.get 0)))
  (func (export "wait_and_panic") (drop (call $wait)) (call $remember) (call $panic (i64.const 2) (i64.const 16)))
  (func (export "resumed")
    (i64.store8 (i32.const 128) (call $promise_result (i64.const 0) (i64.const 1)))
    (if (i64.eq (call $register_len (i64.const 1)) (i64.const 7)) (then (call $read_register (i64.const 1) (i64.const 129))))
    (call $value_return (i64.const 8) (i64.const 128)))`)

const call = (methodName: string): Action => ({
  type: 'FunctionCall',
  methodName,
  args: new Uint8Array(),
  gas: 100n * TGAS,
  deposit: 0n,
})

let world: World
let supply: bigint
beforeEach(() => {
  world = new World({ 'a.near': 100n * NEAR, 'user.near': 100n * NEAR })
  world.run('a.near', 'a.near', [{ type: 'DeployContract', code }])
  supply = world.supply()
  world.results.length = 0
})
const ask = (method: string) =>
  world.run('user.near', 'a.near', [call(method)]).filter(({ tokensBurnt }) => tokensBurnt > 0n)
const returned = (...bytes: number[]) => ({ type: 'SuccessValue', value: Uint8Array.from(bytes) })
const payload = [1, ...new TextEncoder().encode('payload')]
const conserved = () => expect(supply - world.supply()).toBe(world.burnt())
/** Nothing of the yield is left in state, but perhaps its place in the queue of timeouts. */
const forgotten = () => {
  for (const col of [column.yieldReceipt, column.yieldStatus, column.receivedData, column.dataIdToYieldId])
    expect([...world.trie.entries(Uint8Array.of(col))]).toEqual([])
}

test('a yield waits in state, and its callback gets what it is resumed with', () => {
  const [, yielded] = ask('wait')
  expect(yielded!.status.type).toBe('SuccessReceiptId')
  conserved()
  const [, resumed, callback] = ask('wake')
  expect(resumed!.status).toEqual(returned(1))
  expect(callback).toMatchObject({ id: yielded!.receiptIds[0], executorId: 'a.near', status: returned(...payload) })
  expect(ask('wake')[1]!.status).toEqual(returned(0))
  forgotten()
  conserved()
})

test('two resumes in one call wake it once', () => {
  ask('wait')
  const outcomes = ask('wake_twice')
  expect(outcomes[1]!.status).toEqual(returned(2))
  expect(outcomes).toHaveLength(3)
  forgotten()
  conserved()
})

test('a call may resume what it just yielded', () => {
  const outcomes = ask('wait_and_wake')
  expect(outcomes[2]!.status).toEqual(returned(...payload))
  forgotten()
  conserved()
})

test('a yield of a failed call never was', () => {
  expect(failures(ask('wait_and_panic'))).toHaveLength(1)
  expect(failures(ask('wake'))).toHaveLength(1) // no id was remembered
  forgotten()
  conserved()
})

test('200 blocks later it is resumed with a failure, by the block itself', () => {
  const yieldHeight = world.height + 1
  const [, yielded] = ask('wait')
  while (world.height < yieldHeight + 200) expect(world.block().outgoing).toEqual([])
  const { outgoing } = world.block()
  expect(outgoing).toMatchObject([{ receiverId: 'a.near', body: { type: 'PromiseResume', data: null } }])
  expect(world.results.at(-1)!.processed).toMatchObject([{ parentId: null }])
  const { outcomes } = world.block()
  expect(outcomes).toMatchObject([{ id: yielded!.receiptIds[0], status: returned(2, 0, 0, 0, 0, 0, 0, 0) }])
  world.settle()
  forgotten()
  conserved()
})

test('a timeout after the resume finds nothing to do', () => {
  ask('wait')
  ask('wake')
  const until = world.height + 200
  while (world.height < until) expect(world.block().outcomes).toEqual([])
  conserved()
})
