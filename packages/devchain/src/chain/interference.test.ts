import type { Action } from '@dcml/light-client'
import { expect, test } from 'vitest'
import { createDevchain, type DevchainOptions } from '../devchain.ts'
import { applyChunk } from '../runtime/index.ts'
import { busy } from '../runtime/test/traffic.ts'
import type { ApplyChunk } from '../runtime/types.ts'
import { DevAccount } from '../testing/account.ts'
import { Chain } from './chain.ts'

const NEAR = 10n ** 24n
const accounts = ['a.near', 'b.near'].map((accountId) => ({ accountId, balance: 100n * NEAR }))
const start = (options: DevchainOptions = {}) => createDevchain({ accounts, ...options })
const code = (code: string) => expect.objectContaining({ code })
const pay = (deposit: bigint): Action[] => [{ type: 'Transfer', deposit }]

test('state is patched with the next block, and a bad record patches nothing', () => {
  const chain = start()
  const account = { amount: '5', locked: '0', code_hash: '1'.repeat(32), storage_usage: 0 }
  chain.patchState([{ Account: { account_id: 'b.near', account, stray: true } }])
  expect(chain.account('b.near').balance).toBe(5n)
  const good = { Data: { account_id: 'b.near', data_key: 'YQ==', value: 'Yg==' } }
  const { trie } = chain.head.result
  for (const bad of [
    { Data: { account_id: 'b.near', data_key: '!', value: '' } },
    { PostponedReceipt: {} },
    null,
    { Account: 1 },
  ])
    expect(() => chain.patchState([good, bad])).toThrow(code('devchain_record_invalid'))
  chain.mine()
  expect(chain.head.result.trie.root).toBe(trie.root)
})

test('a patch does not take the stake from a validator: the chain lives on', () => {
  const chain = start({ epochLength: 10 })
  const locked = chain.root.state.locked
  chain.patchState([
    { Account: { account_id: 'test.near', account: { amount: '7', locked: '0', storage_usage: 182 } } },
  ])
  expect(chain.root.state).toMatchObject({ amount: 7n, locked })
  chain.advanceEpochs(4)
  expect(chain.root.state.locked).toBeGreaterThanOrEqual(locked)
})

test('a transaction that breaks the runtime is not tried again with every block', () => {
  let broken = true
  const apply: ApplyChunk = (input, context) => {
    if (broken && input.transactions.length > 0) throw new Error('bug')
    return applyChunk(input, context)
  }
  const chain = new Chain({ accounts }, apply)
  const transaction = new DevAccount(chain, 'a.near', chain.keyOf('a.near')).sign('b.near', pay(1n))
  expect(() => chain.submit(transaction)).toThrow('bug')
  expect(chain.mine().header.height).toBe(1)
  broken = false
  expect(chain.submit(transaction).error).toBeNull()
  expect(chain.outcome(transaction.hash)).toBeDefined()
})

test('a patched contract runs without an account record beside it', () => {
  const chain = start()
  chain.patchState([{ Contract: { account_id: 'a.near', code: Buffer.from(busy).toString('base64') } }])
  expect(chain.root.call('a.near', 'write', Uint8Array.of(7)).error).toBeNull()
})

test('impersonated accounts need no key, until they are left alone', () => {
  const chain = start()
  const stranger = chain.account('near', chain.keyOf('nobody'))
  expect(() => stranger.transfer('a.near', NEAR)).toThrow(code('devchain_transaction_refused'))
  chain.impersonate('near')
  stranger.transfer('a.near', NEAR)
  expect(chain.account('a.near').balance).toBe(101n * NEAR)
  chain.stopImpersonating('near')
  expect(() => stranger.transfer('a.near', NEAR)).toThrow(code('devchain_transaction_refused'))
})

test('receipts are delayed, dropped and failed on demand', () => {
  const chain = start({ gasPrice: 10n ** 9n })
  const a = chain.account('a.near')
  const delay = chain.faults.delay({ receiverId: 'b.near' }, { blocks: 3 })
  a.transfer('b.near', 1n)
  expect(chain.head.header.height).toBe(2 + 3)
  expect(delay.hits).toBe(1)
  expect(chain.account('b.near').balance).toBe(100n * NEAR + 1n)

  chain.faults.drop({ receiverId: 'b.near' })
  const { hash } = a.transfer('b.near', 10n)
  expect(chain.account('b.near').balance).toBe(100n * NEAR + 1n)
  expect(chain.trace(hash).root.children[0]?.outcome).toBeNull()

  chain.faults.fail({ methodName: 'write', receiverId: 'a.near' })
  a.deploy(busy)
  const before = a.balance
  const failed = a.call('a.near', 'write', Uint8Array.of(1), { deposit: NEAR, mayFail: true })
  expect(failed.error).toContain('Fault injected')
  expect(before - a.balance).toBeLessThan(NEAR / 100n)
  expect(a.call('a.near', 'write', Uint8Array.of(1)).error).toBeNull()

  const cancelled = chain.faults.drop({})
  cancelled.cancel()
  a.transfer('b.near', 100n)
  expect(chain.account('b.near').balance).toBe(100n * NEAR + 101n)
})

test('a callback learns that what it waited for failed', () => {
  const chain = start()
  for (const id of ['a.near', 'b.near']) chain.account(id).deploy(busy)
  chain.faults.fail({ receiverId: 'b.near', methodName: 'write' })
  const result = chain.root.call('a.near', 'chain', Uint8Array.of(1), { mayFail: true })
  const [call] = result.trace.root.children
  const methods = call?.children.flatMap(({ actions }) =>
    actions.map((a) => (a.type === 'FunctionCall' ? a.methodName : a.type)),
  )
  expect(methods?.slice(0, 2)).toEqual(['write', 'callback'])
  expect(call?.children[0]?.error).toContain('Fault injected')
  expect(call?.children[1]?.error).toBeNull()
})

test('a yield waits without keeping the chain busy, and runs out after 200 blocks', () => {
  const chain = start()
  chain.account('a.near').deploy(busy)
  const result = chain.root.call('a.near', 'wait', Uint8Array.of(1))
  const { height } = chain.head.header
  expect(height).toBeLessThan(20)
  expect(result.trace.root.children[0]?.children.some(({ outcome }) => outcome === null)).toBe(true)
  chain.fastForward(210)
  chain.mine()
  expect(result.trace.root.children[0]?.children.every(({ outcome }) => outcome !== null)).toBe(true)
})
