// Where money goes when it is not used, and where it comes from.
import type { Action } from '@dcml/light-client'
import { expect, test } from 'vitest'
import { paramsFor } from '../params/index.ts'
import { setAccount } from '../state/index.ts'
import type { Receipt } from '../wire/types.ts'
import { contract } from './test/contracts.ts'
import { failures, keyPair, NEAR, someHash, TGAS, World } from './test/world.ts'

const transfer = (deposit: bigint): Action => ({ type: 'Transfer', deposit })
const GAS = 223_182_562_500n
const accounts = { 'alice.near': 10n * NEAR, 'bob.near': 10n * NEAR, 'carol.near': 10n * NEAR }
const conserved = (world: World, supply: bigint) => expect(supply - world.supply()).toBe(world.burnt())

const receipt = (change: Partial<Extract<Receipt['body'], { type: 'Action' }>>): Receipt => ({
  predecessorId: 'alice.near',
  receiverId: 'nobody.near',
  receiptId: someHash('receipt'),
  body: {
    type: 'Action',
    signerId: 'alice.near',
    signerPublicKey: keyPair('alice.near').publicKey,
    gasPrice: 10n ** 9n,
    outputDataReceivers: [],
    inputDataIds: [],
    actions: [transfer(NEAR)],
    ...change,
  },
})

test('a failed deposit goes to whom the receipt names, its gas to the signer', () => {
  const world = new World(accounts)
  world.incoming = [receipt({ refundTo: 'carol.near' })]
  const supply = world.supply()
  const { outgoing } = world.block()
  expect(outgoing.map(({ receiverId, predecessorId }) => [predecessorId, receiverId])).toEqual([
    ['system', 'carol.near'],
    ['system', 'alice.near'],
  ])
  world.settle()
  expect(world.account('carol.near')!.amount).toBe(11n * NEAR)
  expect(world.account('alice.near')!.amount).toBe(10n * NEAR + GAS * (10n ** 9n - 10n ** 8n))
  conserved(world, supply)
})

test('gas is burnt at the cheaper of two prices: when it was bought, and when it is used', () => {
  for (const [bought, now] of [
    [5n, 3n],
    [3n, 5n],
  ] as const) {
    const world = new World(accounts, { gasPrice: now * 10n ** 9n })
    world.incoming = [{ ...receipt({ gasPrice: bought * 10n ** 9n }), receiverId: 'bob.near' }]
    const supply = world.supply()
    const [outcome] = world.settle()
    expect(outcome!.tokensBurnt).toBe(GAS * 3n * 10n ** 9n)
    expect(world.account('alice.near')!.amount).toBe(10n * NEAR + GAS * (bought - 3n) * 10n ** 9n)
    conserved(world, supply)
  }
})

test('without a price difference and without spare gas there is no refund', () => {
  const world = new World(accounts, { gasPrice: 10n ** 9n })
  expect(world.run('alice.near', 'bob.near', [transfer(1n)])).toHaveLength(2)
})

test('a penalty on unused gas is burnt, where parameters have one', () => {
  const params = paramsFor(86)
  const economics = { ...params.economics, gasRefundPenalty: [5n, 100n] as const, minGasRefundPenalty: TGAS }
  const world = new World(accounts, { params: { ...params, economics } })
  world.run('bob.near', 'bob.near', [{ type: 'DeployContract', code: contract('(func (export "idle"))') }])
  const supply = world.supply()
  world.results.length = 0
  const idle: Action = {
    type: 'FunctionCall',
    methodName: 'idle',
    args: new Uint8Array(),
    gas: 100n * TGAS,
    deposit: 0n,
  }
  const [, called] = world.run('alice.near', 'bob.near', [idle])
  const unused = 100n * TGAS - (called!.gasBurnt - 108_059_500_000n - 780_000_000_000n - 4n * 2_235_934n)
  expect(called!.tokensBurnt).toBe((called!.gasBurnt + (unused * 5n) / 100n) * 10n ** 8n)
  conserved(world, supply)
})

test('a contract without balance may attach one yocto, which is new money', () => {
  const world = new World(accounts)
  const code = contract(`
    (data (i32.const 0) "carol.near") (data (i32.const 16) "work")
    (func (export "ask") (i64.store (i32.const 48) (i64.const 1)) (drop (call $promise_create
      (i64.const 10) (i64.const 0) (i64.const 4) (i64.const 16) (i64.const 0) (i64.const 0) (i64.const 48) (i64.const 5000000000000))))
    (func (export "work"))`)
  for (const id of ['bob.near', 'carol.near']) world.run(id, id, [{ type: 'DeployContract', code }])
  world.edit((state) =>
    setAccount(state, 'bob.near', { ...world.account('bob.near')!, amount: 0n, storageUsage: 700n }),
  )
  const supply = world.supply()
  world.results.length = 0
  const ask: Action = { type: 'FunctionCall', methodName: 'ask', args: new Uint8Array(), gas: 50n * TGAS, deposit: 0n }
  const carol = world.account('carol.near')!.amount
  expect(failures(world.run('alice.near', 'bob.near', [ask]))).toEqual([])
  expect(world.results.reduce((sum, { balanceMinted }) => sum + balanceMinted, 0n)).toBe(1n)
  expect((world.account('carol.near')!.amount - carol) % 10n).toBe(1n)
  conserved(world, supply)
})
