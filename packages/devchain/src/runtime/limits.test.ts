// Blocks that are full, and receipts that tests hold back, drop or fail.
import type { Action } from '@dcml/light-client'
import { expect, test } from 'vitest'
import { delayedReceiptIndices } from '../state/index.ts'
import { contract } from './test/contracts.ts'
import { failures, NEAR, TGAS, World } from './test/world.ts'

const transfer = (deposit: bigint): Action => ({ type: 'Transfer', deposit })
const accounts = { 'alice.near': 100n * NEAR, 'bob.near': 100n * NEAR }

test('a full block leaves receipts for the next, in order', () => {
  // two transactions and one receipt a block
  const world = new World(accounts, { gasLimit: 223_182_562_501n })
  const supply = world.supply()
  const send = () => world.transaction('alice.near', 'bob.near', [transfer(1n)])
  world.block([send(), send(), send()])
  const sent = world.incoming.map(({ receiptId }) => receiptId)
  const ran: string[] = []
  const { outcomes } = world.block()
  ran.push(...outcomes.map(({ id }) => id))
  expect(delayedReceiptIndices(world.trie)).toEqual({ first: 0n, next: 1n })
  expect(supply - world.supply()).toBe(world.burnt())
  ran.push(...world.block().outcomes.map(({ id }) => id))
  expect(ran.slice(0, 3)).toEqual(sent)
  world.settle()
  expect(world.account('bob.near')!.amount).toBe(100n * NEAR + 3n)
  expect(supply - world.supply()).toBe(world.burnt())
})

test('a delayed receipt runs in the next block', () => {
  const held = new Set<string>()
  const world = new World(accounts, {
    fault: ({ receiptId, predecessorId }) => {
      if (predecessorId === 'system' || held.has(receiptId)) return 'run'
      held.add(receiptId)
      return 'delay'
    },
  })
  const supply = world.supply()
  world.block([world.transaction('alice.near', 'bob.near', [transfer(5n)])])
  expect(world.block().outcomes).toEqual([])
  expect(supply - world.supply()).toBe(world.burnt())
  expect(failures(world.block().outcomes)).toEqual([])
  expect(world.account('bob.near')!.amount).toBe(100n * NEAR + 5n)
})

test('a dropped receipt is gone, with what it carried', () => {
  const world = new World(accounts, { fault: () => 'drop' })
  const supply = world.supply()
  expect(world.run('alice.near', 'bob.near', [transfer(NEAR)])).toHaveLength(1)
  expect(world.account('bob.near')!.amount).toBe(100n * NEAR)
  expect(world.burnt()).toBeGreaterThan(NEAR)
  expect(supply - world.supply()).toBe(world.burnt())
})

const promising = contract(`
  (data (i32.const 0) "bob.near") (data (i32.const 16) "work") (data (i32.const 32) "callback") (data (i32.const 80) "alice.near")
  (func (export "chain") (call $promise_return (call $promise_then
    (call $promise_create (i64.const 8) (i64.const 0) (i64.const 4) (i64.const 16) (i64.const 0) (i64.const 0) (i64.const 48) (i64.const 5000000000000))
    (i64.const 10) (i64.const 80) (i64.const 8) (i64.const 32) (i64.const 0) (i64.const 0) (i64.const 48) (i64.const 5000000000000))))
  (func (export "work"))
  (func (export "callback") (i64.store8 (i32.const 64) (call $promise_result (i64.const 0) (i64.const 1)))
    (call $value_return (i64.const 1) (i64.const 64)))`)

test('a failed receipt fails as if its first action had, and callbacks hear of it', () => {
  const world = new World(accounts, {
    fault: ({ receiverId, predecessorId, body }) =>
      receiverId === 'bob.near' && predecessorId === 'alice.near' && body.type === 'Action' ? 'fail' : 'run',
  })
  const supply = world.supply()
  world.run('alice.near', 'alice.near', [{ type: 'DeployContract', code: promising }])
  const chain: Action = {
    type: 'FunctionCall',
    methodName: 'chain',
    args: new Uint8Array(),
    gas: 50n * TGAS,
    deposit: 0n,
  }
  const outcomes = world.run('bob.near', 'alice.near', [chain]).filter(({ tokensBurnt }) => tokensBurnt > 0n)
  expect(failures(outcomes)).toEqual([
    { FunctionCallError: { ExecutionError: 'Fault injected by the development chain' } },
  ])
  expect(outcomes.at(-1)!.status).toEqual({ type: 'SuccessValue', value: Uint8Array.of(2) })
  expect(supply - world.supply()).toBe(world.burnt())
})
