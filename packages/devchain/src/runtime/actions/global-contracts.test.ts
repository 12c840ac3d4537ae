// Contracts for everybody (NEP-591) and accounts named after their code (NEP-616).
import type { Action, StateInit } from '@dcml/light-client'
import { beforeEach, expect, test } from 'vitest'
import { getData } from '../../state/index.ts'
import { hashOf } from '../../wire/hash.ts'
import { deterministicAccountId } from '../account-id.ts'
import { contract } from '../test/contracts.ts'
import { failures, NEAR, TGAS, World } from '../test/world.ts'

const code = contract('(func (export "answer") (call $value_return (i64.const 2) (i64.const 0)))')
const codeHash = hashOf(code)
const byHash = { type: 'CodeHash', codeHash } as const
const deploy = (mode: 'CodeHash' | 'AccountId', bytes = code): Action => ({
  type: 'DeployGlobalContract',
  code: bytes,
  mode,
})
const use = (id: StateInit['code']): Action => ({ type: 'UseGlobalContract', contract: id })
const call: Action = { type: 'FunctionCall', methodName: 'answer', args: new Uint8Array(), gas: TGAS, deposit: 0n }

let world: World
let supply: bigint
beforeEach(() => {
  world = new World({ 'alice.near': 10n * NEAR, 'bob.near': 10n * NEAR })
  supply = world.supply()
})
const conserved = () => expect(supply - world.supply()).toBe(world.burnt())

test('a global contract is paid for once and used by name', () => {
  const outcomes = world.run('alice.near', 'alice.near', [deploy('CodeHash')])
  expect(failures(outcomes)).toEqual([])
  expect(outcomes[1]!.tokensBurnt).toBe(outcomes[1]!.gasBurnt * 10n ** 8n + BigInt(code.length) * 10n ** 20n)
  expect(failures(world.run('bob.near', 'bob.near', [use(byHash)]))).toEqual([])
  expect(world.account('bob.near')).toMatchObject({ storageUsage: 182n + 32n, contract: { type: 'Global', codeHash } })
  expect(failures(world.run('alice.near', 'bob.near', [call]))).toEqual([])
  conserved()
})

test('it arrives with the next block, and unknown ones cannot be used', () => {
  const missing = [{ GlobalContractDoesNotExist: { identifier: { CodeHash: codeHash } } }]
  const both = world.settle([
    world.transaction('alice.near', 'alice.near', [deploy('CodeHash')]),
    world.transaction('bob.near', 'bob.near', [use(byHash)]),
  ])
  expect(failures(both)).toEqual(missing)
  expect(failures(world.run('bob.near', 'bob.near', [use(byHash)]))).toEqual([])
})

test('a contract known by its account is renewed for all who use it', () => {
  world.run('alice.near', 'alice.near', [deploy('AccountId')])
  world.run('bob.near', 'bob.near', [use({ type: 'AccountId', accountId: 'alice.near' })])
  expect(failures(world.run('alice.near', 'bob.near', [call]))).toEqual([])
  world.run('alice.near', 'alice.near', [deploy('AccountId', contract('(func (export "other"))'))])
  expect(failures(world.run('alice.near', 'bob.near', [call]))).toEqual([
    { FunctionCallError: { MethodResolveError: 'MethodNotFound' } },
  ])
  conserved()
})

test('own code takes the place of global code, and the other way round', () => {
  world.run('alice.near', 'alice.near', [deploy('CodeHash')])
  world.run('bob.near', 'bob.near', [{ type: 'DeployContract', code }])
  expect(world.account('bob.near')!.storageUsage).toBe(182n + BigInt(code.length))
  world.run('bob.near', 'bob.near', [use(byHash)])
  expect(world.account('bob.near')!.storageUsage).toBe(214n)
  world.run('bob.near', 'bob.near', [{ type: 'DeployContract', code }])
  expect(world.account('bob.near')!.storageUsage).toBe(182n + BigInt(code.length))
})

test('who cannot pay for the storage does not deploy', () => {
  world = new World({ 'alice.near': NEAR / 1000n + BigInt(code.length), 'bob.near': NEAR })
  expect(failures(world.run('alice.near', 'alice.near', [deploy('CodeHash')]))).toMatchObject([
    { LackBalanceForState: { amount: `${BigInt(code.length) * 10n ** 20n}` } },
  ])
})

const value = Uint8Array.of(4, 2)
const stateInit: StateInit = { code: byHash, data: [[Uint8Array.of(1), value]] }
const id = deterministicAccountId(stateInit)
const init = (deposit: bigint): Action => ({ type: 'DeterministicStateInit', stateInit, deposit })

test('an account named after its code and data is opened by anybody, once, and keeps what its storage needs', () => {
  world.run('alice.near', 'alice.near', [deploy('CodeHash')])
  expect(failures(world.run('bob.near', id, [init(NEAR)]))).toEqual([])
  // 100 for the account, 32 for the code's name, 43 for the entry: too little to need a balance
  expect(world.account(id)).toMatchObject({ amount: 0n, storageUsage: 175n, contract: { type: 'Global', codeHash } })
  expect(getData(world.trie, id, Uint8Array.of(1))).toEqual(value)
  expect(failures(world.run('bob.near', id, [init(NEAR), call]))).toEqual([])
  expect(world.account('bob.near')!.amount).toBeGreaterThan(9n * NEAR)
  conserved()
})

test('who opens such an account gets no power over it', () => {
  world.run('alice.near', 'alice.near', [deploy('CodeHash')])
  expect(failures(world.run('bob.near', id, [init(0n), { type: 'DeployContract', code }]))).toEqual([
    { ActorNoPermission: { account_id: id, actor_id: 'bob.near' } },
  ])
  expect(world.account(id)).toBeUndefined()
})

test('without its global contract it is not opened, and the deposit comes back', () => {
  expect(failures(world.run('bob.near', id, [init(NEAR)]))).toEqual([
    { GlobalContractDoesNotExist: { identifier: { CodeHash: codeHash } } },
  ])
  expect(world.account('bob.near')!.amount).toBeGreaterThan(9n * NEAR)
  conserved()
})
