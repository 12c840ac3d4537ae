import type { Action } from '@dcml/light-client'
import { beforeEach, expect, test } from 'vitest'
import { setAccount, setGasKeyNonce } from '../../state/index.ts'
import { failure, keyPair, NEAR, someHash, TGAS, type TransactionChange, World } from '../test/world.ts'
import { verifyTransaction } from './transaction.ts'

const transfer = (deposit: bigint): Action => ({ type: 'Transfer', deposit })
const call = (change: Partial<Extract<Action, { type: 'FunctionCall' }>> = {}): Action => ({
  type: 'FunctionCall',
  methodName: 'buy',
  args: new Uint8Array(),
  gas: TGAS,
  deposit: 0n,
  ...change,
})

let world: World
beforeEach(() => {
  world = new World({ 'alice.near': 10n * NEAR, 'shop.near': NEAR })
})

const send = (actions: readonly Action[], change?: TransactionChange, receiver = 'shop.near') =>
  world.transaction('alice.near', receiver, actions, change)
const judge = (transaction = send([transfer(1n)])) => verifyTransaction(world.trie, transaction, world.blockContext())

test('a good transaction passes', () => {
  expect(judge()).toBeNull()
})

test('a transaction is taken once: its nonce is used up', () => {
  const transaction = send([transfer(1n)])
  world.block([transaction])
  const { nonce } = transaction.transaction
  expect(judge(transaction)).toEqual({ InvalidNonce: { tx_nonce: Number(nonce), ak_nonce: Number(nonce) } })
  const [outcome] = world.block([transaction]).outcomes
  expect(failure(outcome)).toEqual({ InvalidNonce: { tx_nonce: Number(nonce), ak_nonce: Number(nonce) } })
})

test('a repetition within one chunk is skipped without a trace', () => {
  const transaction = send([transfer(1n)])
  expect(world.block([transaction, transaction]).outcomes).toHaveLength(1)
})

test('a nonce from the future is refused', () => {
  expect(judge(send([transfer(1n)], { nonce: 10_000_000n }))).toEqual({
    NonceTooLarge: { tx_nonce: 10_000_000, upper_bound: 10_000_000 },
  })
})

test('strict mode takes the very next nonce only', () => {
  const strict = (nonce: bigint) => judge(send([transfer(1n)], { version: 1, nonceMode: 'Strict', nonce }))
  expect(strict(1n)).toBeNull()
  expect(strict(2n)).toEqual({ InvalidNonce: { tx_nonce: 2, ak_nonce: 0 } })
})

test('an old or unknown block expires', () => {
  expect(judge(send([transfer(1n)], { blockHash: someHash('elsewhere') }))).toBe('Expired')
})

test('a signature by another key is refused', () => {
  expect(judge({ ...send([transfer(1n)]), signature: send([transfer(2n)]).signature })).toBe('InvalidSignature')
})

test('a key the account does not have is refused', () => {
  const key = keyPair('mallory')
  expect(judge(send([transfer(1n)], { key }))).toEqual({
    InvalidAccessKeyError: { AccessKeyNotFound: { account_id: 'alice.near', public_key: key.publicKey } },
  })
})

test('an unknown signer has one name in RPC and another in a chunk', () => {
  const transaction = world.transaction('nobody.near', 'shop.near', [transfer(1n)])
  expect(judge(transaction)).toEqual({ SignerDoesNotExist: { signer_id: 'nobody.near' } })
  expect(failure(world.block([transaction]).outcomes[0])).toEqual({ InvalidSignerId: { signer_id: 'nobody.near' } })
})

test('a signer cannot spend more than it has', () => {
  expect(judge(send([transfer(10n * NEAR)]))).toEqual({
    NotEnoughBalance: {
      signer_id: 'alice.near',
      balance: '10000000000000000000000000',
      cost: '10000245500818750000000000',
    },
  })
})

test('a cost beyond 128 bits overflows', () => {
  expect(judge(send([transfer(2n ** 128n - 1n)]))).toBe('CostOverflow')
})

test('an account keeps what its storage needs', () => {
  const account = world.account('alice.near')!
  world.edit((state) => setAccount(state, 'alice.near', { ...account, storageUsage: 1_000_000n }))
  expect(judge(send([transfer(1n)]))).toEqual({
    LackBalanceForState: { signer_id: 'alice.near', amount: '245500818750000000001' },
  })
})

test('a transaction larger than the limit is refused', () => {
  const deploy: Action = { type: 'DeployContract', code: new Uint8Array(1_572_864) }
  const transaction = send([deploy])
  expect(judge(transaction)).toEqual({
    TransactionSizeExceeded: { size: transaction.size + 65, limit: 1_572_864 },
  })
})

const functionCallKey = keyPair('function call key')
const withKey = (allowance: bigint | null, methodNames: string[] = []) =>
  world.addKey('alice.near', functionCallKey.publicKey, {
    type: 'FunctionCall',
    allowance,
    receiverId: 'shop.near',
    methodNames,
  })
const byKey = (actions: readonly Action[], receiver?: string) =>
  judge(send(actions, { key: functionCallKey }, receiver))

test('a function-call key calls its methods of its contract, without deposit, and nothing else', () => {
  withKey(null, ['buy', 'sell'])
  const refused = (error: unknown) => ({ InvalidAccessKeyError: error })
  expect(byKey([call()])).toBeNull()
  expect(byKey([transfer(1n)])).toEqual(refused('RequiresFullAccess'))
  expect(byKey([call(), call()])).toEqual(refused('RequiresFullAccess'))
  expect(byKey([call({ deposit: 1n })])).toEqual(refused('DepositWithFunctionCall'))
  expect(byKey([call()], 'thief.near')).toEqual(
    refused({ ReceiverMismatch: { tx_receiver: 'thief.near', ak_receiver: 'shop.near' } }),
  )
  expect(byKey([call({ methodName: 'drain' })])).toEqual(refused({ MethodNameMismatch: { method_name: 'drain' } }))
})

test('an allowance bounds what a key spends, and gets unused gas back', () => {
  withKey(NEAR / 100n)
  expect(byKey([call({ gas: 100n * TGAS })])).toEqual({
    InvalidAccessKeyError: {
      NotEnoughAllowance: {
        account_id: 'alice.near',
        public_key: functionCallKey.publicKey,
        allowance: '10000000000000000000000',
        cost: '100918886462916500000000',
      },
    },
  })
  world.settle([send([call()], { key: functionCallKey })])
  const permission = world.accessKey('alice.near', functionCallKey)!.permission
  const spent = 10n * NEAR - world.account('alice.near')!.amount
  expect(permission).toMatchObject({ allowance: NEAR / 100n - spent })
})

const gasKey = keyPair('gas key')
const withGasKey = (balance: bigint) => {
  world.addKey('alice.near', gasKey.publicKey, { type: 'GasKeyFullAccess', gasKey: { balance, numNonces: 2 } })
  world.edit((state) => {
    for (const index of [0, 1]) setGasKeyNonce(state, 'alice.near', gasKey.publicKey, index, 0n)
  })
}
const byGasKey = (change: TransactionChange = {}, deposit = 1n) =>
  send([transfer(deposit)], { key: gasKey, version: 1, nonceIndex: 1, ...change })

test('a gas key pays for gas, the account for the deposit, and each nonce counts by itself', () => {
  withGasKey(NEAR)
  const transaction = byGasKey({ nonce: 5n })
  const supply = world.supply()
  world.settle([transaction])
  expect(world.account('alice.near')!.amount).toBe(10n * NEAR - 1n)
  expect(world.accessKey('alice.near', gasKey)!.permission).toMatchObject({
    gasKey: { balance: NEAR - 2n * 22_318_256_250_000_000_000n },
  })
  expect(supply - world.supply()).toBe(world.burnt())
  expect(judge(byGasKey({ nonce: 5n }))).toEqual({ InvalidNonce: { tx_nonce: 5, ak_nonce: 5 } })
  expect(judge(byGasKey({ nonce: 5n, nonceIndex: 0 }))).toBeNull()
})

test('gas keys need an index they have, other keys none', () => {
  withGasKey(NEAR)
  expect(judge(byGasKey({ nonceIndex: 2 }))).toEqual({ InvalidNonceIndex: { tx_nonce_index: 2, num_nonces: 2 } })
  expect(judge(send([transfer(1n)], { key: gasKey }))).toEqual({
    InvalidNonceIndex: { tx_nonce_index: null, num_nonces: 2 },
  })
  expect(judge(send([transfer(1n)], { version: 1, nonceIndex: 0 }))).toMatchObject({
    InvalidAccessKeyError: { AccessKeyNotFound: { account_id: 'alice.near' } },
  })
})

test('a gas key must cover the gas', () => {
  withGasKey(5n)
  expect(judge(byGasKey())).toEqual({
    NotEnoughGasKeyBalance: { signer_id: 'alice.near', balance: '5', cost: '245500818750000000000' },
  })
})

test('a deposit the account cannot cover costs the gas key its gas, and the nonce', () => {
  withGasKey(NEAR)
  const transaction = byGasKey({ nonce: 7n }, 11n * NEAR)
  const error = {
    NotEnoughBalanceForDeposit: {
      signer_id: 'alice.near',
      balance: '10000000000000000000000000',
      cost: '11000000000000000000000000',
      reason: 'NotEnoughBalance',
    },
  }
  expect(judge(transaction)).toEqual(error)
  const supply = world.supply()
  const { outcomes, outgoing } = world.block([transaction])
  expect(failure(outcomes[0])).toEqual(error)
  expect(outcomes[0]).toMatchObject({ gasBurnt: 223_182_562_500n, tokensBurnt: 22_318_256_250_000_000_000n })
  expect(outgoing).toEqual([])
  expect(world.account('alice.near')!.amount).toBe(10n * NEAR)
  expect(supply - world.supply()).toBe(world.burnt())
  expect(judge(byGasKey({ nonce: 7n }))).toMatchObject({ InvalidNonce: {} })
})

test('an impersonated account needs neither key nor signature, and pays like everybody', () => {
  world = new World({ 'alice.near': 10n * NEAR, 'shop.near': NEAR }, { impersonated: new Set(['alice.near']) })
  const transaction = {
    ...send([transfer(NEAR)], { key: keyPair('nobody') }),
    signature: keyPair('x').sign(new Uint8Array(32)),
  }
  expect(judge(transaction)).toBeNull()
  world.settle([transaction])
  expect(world.account('shop.near')!.amount).toBe(2n * NEAR)
  expect(world.accessKey('alice.near')!.nonce).toBe(0n)
  expect(judge({ ...transaction, transaction: { ...transaction.transaction, signerId: 'shop.near' } })).toBe(
    'InvalidSignature',
  )
})
