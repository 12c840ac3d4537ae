// Calls between contracts: who runs when, who gets which result, and where gas and tokens go.
import type { Action } from '@dcml/light-client'
import { utf8 } from '@dcml/protocol'
import { beforeEach, expect, test } from 'vitest'
import { paramsFor } from '../params/index.ts'
import { getData } from '../state/index.ts'
import { contract } from './test/contracts.ts'
import { failures, NEAR, TGAS, World } from './test/world.ts'

// memory: 0 "b.near", 16 "work", 32 "callback", 48 zero deposit, 64 scratch
const caller = contract(`
  (data (i32.const 0) "b.near") (data (i32.const 16) "work") (data (i32.const 32) "callback") (data (i32.const 80) "a.near")
  (func $call (result i64)
    (call $promise_create (i64.const 6) (i64.const 0) (i64.const 4) (i64.const 16) (i64.const 0) (i64.const 0) (i64.const 48) (i64.const 10000000000000)))
  (func $then (result i64)
    (call $promise_then (call $call) (i64.const 6) (i64.const 80) (i64.const 8) (i64.const 32) (i64.const 0) (i64.const 0) (i64.const 48) (i64.const 10000000000000)))
  (func (export "forward") (call $promise_return (call $call)))
  (func (export "detach") (drop (call $call)))
  (func (export "chain") (call $promise_return (call $then)))
  (func (export "chain_and_forget") (drop (call $then)) (call $value_return (i64.const 4) (i64.const 16)))
  (func (export "panic_after_call") (drop (call $call)) (call $panic (i64.const 4) (i64.const 16)))
  (func (export "pay")
    (i64.store (i32.const 64) (i64.const 1000)) (i64.store (i32.const 72) (i64.const 0))
    (call $batch_transfer (call $batch (i64.const 6) (i64.const 0)) (i64.const 64)))
  (func (export "callback")
    (i64.store8 (i32.const 64) (call $promise_result (i64.const 0) (i64.const 1)))
    (call $value_return (i64.const 1) (i64.const 64)))`)
const worker = contract(`
  (data (i32.const 0) "done")
  (func (export "work") (call $log (i64.const 4) (i64.const 0)) (call $value_return (i64.const 4) (i64.const 0)))`)
const lazy = contract(`
  (data (i32.const 0) "no")
  (func (export "work") (drop (call $storage_write (i64.const 1) (i64.const 0) (i64.const 1) (i64.const 0) (i64.const 0)))
    (call $panic (i64.const 2) (i64.const 0)))`)

const call = (methodName: string, change: { gas?: bigint; deposit?: bigint } = {}): Action => ({
  type: 'FunctionCall',
  methodName,
  args: new Uint8Array(),
  gas: 100n * TGAS,
  deposit: 0n,
  ...change,
})

let world: World
let supply: bigint
beforeEach(() => {
  world = new World({ 'a.near': 100n * NEAR, 'b.near': 100n * NEAR, 'user.near': 100n * NEAR })
  world.run('a.near', 'a.near', [{ type: 'DeployContract', code: caller }])
  world.run('b.near', 'b.near', [{ type: 'DeployContract', code: worker }])
  supply = world.supply()
  world.results.length = 0
})
const conserved = () => expect(supply - world.supply()).toBe(world.burnt())
const ask = (method: string, change?: { gas?: bigint; deposit?: bigint }) =>
  world.run('user.near', 'a.near', [call(method, change)]).filter(({ tokensBurnt }) => tokensBurnt > 0n)
const value = (text: string) => ({ type: 'SuccessValue', value: utf8(text) })

test('a returned promise answers in the place of the call', () => {
  const [converted, called, worked] = ask('forward')
  expect(converted!.status).toEqual({ type: 'SuccessReceiptId', receiptId: called!.id })
  expect(called!.status).toEqual({ type: 'SuccessReceiptId', receiptId: worked!.id })
  expect(worked).toMatchObject({ executorId: 'b.near', logs: ['done'], status: value('done') })
  conserved()
})

test('receipts of a contract can say who is refunded, those of a transaction cannot', () => {
  const [converted] = world.block([world.transaction('user.near', 'a.near', [call('detach')])]).outgoing
  expect(converted!.body).not.toHaveProperty('refundTo')
  const [made] = world.block().outgoing
  expect(made).toMatchObject({ predecessorId: 'a.near', receiverId: 'b.near', body: { refundTo: null } })
})

test('a callback runs when its data is there, with the result', () => {
  const outcomes = ask('chain')
  expect(outcomes.map(({ executorId }) => executorId)).toEqual(['user.near', 'a.near', 'b.near', 'a.near'])
  expect(outcomes[1]!.status).toEqual({ type: 'SuccessReceiptId', receiptId: outcomes[3]!.id })
  expect(outcomes[1]!.receiptIds.slice(0, 2)).toEqual([outcomes[2]!.id, outcomes[3]!.id])
  expect(outcomes[3]!.status).toEqual({ type: 'SuccessValue', value: Uint8Array.of(1) })
  conserved()
})

test('a callback runs after a failure too, and hears of it', () => {
  world.run('b.near', 'b.near', [{ type: 'DeployContract', code: lazy }])
  const outcomes = ask('chain')
  expect(failures(outcomes)).toEqual([{ FunctionCallError: { ExecutionError: 'Smart contract panicked: no' } }])
  expect(outcomes[3]!.status).toEqual({ type: 'SuccessValue', value: Uint8Array.of(2) })
  expect(getData(world.trie, 'b.near', utf8('n'))).toBeUndefined()
  conserved()
})

test('a call that fails takes its promises back', () => {
  const outcomes = ask('panic_after_call')
  expect(outcomes).toHaveLength(2)
  expect(failures(outcomes)).toEqual([{ FunctionCallError: { ExecutionError: 'Smart contract panicked: work' } }])
  conserved()
})

test('a failed call gives the deposit back, keeps its logs and pays the contract its share', () => {
  const before = world.account('a.near')!.amount
  const user = world.account('user.near')!.amount
  const [, called] = ask('panic_after_call', { deposit: NEAR })
  const executed = called!.gasBurnt - 108_059_500_000n - 780_000_000_000n - 16n * 2_235_934n
  expect(world.account('a.near')!.amount - before).toBe(((executed * 3n) / 10n) * 10n ** 8n)
  expect(user - world.account('user.near')!.amount).toBeLessThan(NEAR / 100n)
  expect(called!.tokensBurnt).toBe(called!.gasBurnt * 10n ** 8n)
  conserved()
})

test('from 87 on contracts get no share', () => {
  const next = new World({ 'b.near': 10n * NEAR, 'user.near': 10n * NEAR }, { params: paramsFor(87) })
  next.run('b.near', 'b.near', [{ type: 'DeployContract', code: worker }])
  const before = next.account('b.near')!.amount
  next.run('user.near', 'b.near', [call('work')])
  expect(next.account('b.near')!.amount).toBe(before)
})

test('what a contract promises leaves its balance and comes back if nobody takes it', () => {
  const amount = () => world.account('b.near')!.amount
  const before = amount()
  ask('pay')
  expect(amount() - before).toBe(1000n)
  world.run('b.near', 'b.near', [{ type: 'DeleteAccount', beneficiaryId: 'user.near' }])
  const contractBefore = world.account('a.near')!.amount
  ask('pay')
  expect(world.account('a.near')!.amount).toBeGreaterThanOrEqual(contractBefore)
  conserved()
})

test('a call cannot promise more gas than it has', () => {
  const outcomes = ask('chain', { gas: 15n * TGAS })
  expect(failures(outcomes)).toEqual([{ FunctionCallError: { ExecutionError: 'Exceeded the prepaid gas.' } }])
  // nothing comes back of gas that ran out: all 15 Tgas are burnt
  expect(outcomes[1]!.gasBurnt).toBeLessThanOrEqual(15n * TGAS + 888_059_500_000n + 5n * 2_235_934n)
  conserved()
})

test('an account without contract cannot be called', () => {
  expect(failures(world.run('a.near', 'user.near', [call('work')]))).toEqual([
    { FunctionCallError: { CompilationError: { CodeDoesNotExist: { account_id: 'user.near' } } } },
  ])
  conserved()
})

test('the last of several calls answers for all', () => {
  const [, outcome] = world.run('user.near', 'b.near', [call('work'), call('work'), { type: 'Transfer', deposit: 1n }])
  expect(outcome).toMatchObject({ logs: ['done', 'done'], status: value('') })
  conserved()
})
