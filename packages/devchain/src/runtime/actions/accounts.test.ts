// Accounts come, change and go.
import type { Action } from '@dcml/light-client'
import { beforeEach, expect, test } from 'vitest'
import { getGasKeyNonce, setAccessKey, setAccount, setData } from '../../state/index.ts'
import { FULL_ACCESS, failures, keyPair, NEAR, World } from '../test/world.ts'

const create: Action = { type: 'CreateAccount' }
const transfer = (deposit: bigint): Action => ({ type: 'Transfer', deposit })
const addKey = (
  seed: string,
  permission: Extract<Action, { type: 'AddKey' }>['accessKey']['permission'] = FULL_ACCESS,
): Action => ({
  type: 'AddKey',
  publicKey: keyPair(seed).publicKey,
  accessKey: { nonce: 77n, permission },
})
const deleteAccount = (beneficiaryId: string): Action => ({ type: 'DeleteAccount', beneficiaryId })

let world: World
let supply: bigint
beforeEach(() => {
  world = new World({ near: 100n * NEAR, 'alice.near': 10n * NEAR, registrar: NEAR })
  supply = world.supply()
})
const conserved = () => expect(supply - world.supply()).toBe(world.burnt())

test('a new account has what it was given, one key, 182 bytes, and costs 0.007 NEAR', () => {
  expect(failures(world.run('near', 'bob.near', [create, addKey('bob.near'), transfer(NEAR)]))).toEqual([])
  expect(world.account('bob.near')).toEqual({
    amount: NEAR,
    locked: 0n,
    storageUsage: 182n, // as near-sandbox's genesis counts an account with one full-access key
    contract: { type: 'None' },
  })
  // the height it was created at, not what the creator wrote
  expect(world.accessKey('bob.near')!.nonce).toBe(10_000_000n)
  conserved()
  const burnt = world.burnt()
  const gas = 10n ** 8n
  const { gasUsed } = world.results.reduce((sum, r) => ({ gasUsed: sum.gasUsed + r.gasUsed }), { gasUsed: 0n })
  const refundGas = 223_182_562_500n
  const createGas = 7_200_000_000_000n
  expect(burnt).toBe((gasUsed - refundGas) * gas + (7n * 10n ** 21n - createGas * gas))
})

test('names are given by their parents; short top-level ones by the registrar', () => {
  expect(failures(world.run('near', 'b.alice.near', [create]))).toEqual([
    { CreateAccountNotAllowed: { account_id: 'b.alice.near', predecessor_id: 'near' } },
  ])
  expect(failures(world.run('near', 'short', [create]))).toEqual([
    {
      CreateAccountOnlyByRegistrar: { account_id: 'short', registrar_account_id: 'registrar', predecessor_id: 'near' },
    },
  ])
  expect(failures(world.run('registrar', 'short', [create]))).toEqual([])
  expect(failures(world.run('near', 'alice.near', [create]))).toEqual([
    { AccountAlreadyExists: { account_id: 'alice.near' } },
  ])
  conserved()
})

const implicit = '9'.repeat(64)

test('a transfer alone brings an implicit account to life, with the key it is named after', () => {
  world.run('near', implicit, [transfer(NEAR)])
  expect(world.account(implicit)).toMatchObject({ amount: NEAR, storageUsage: 182n })
  expect(failures(world.run('near', 'a'.repeat(64), [create]))).toEqual([
    { OnlyImplicitAccountCreationAllowed: { account_id: 'a'.repeat(64) } },
  ])
  expect(failures(world.run('near', 'b'.repeat(64), [transfer(1n), transfer(1n)]))).toEqual([
    { AccountDoesNotExist: { account_id: 'b'.repeat(64) } },
  ])
  conserved()
})

test('an Ethereum address becomes an account of the wallet contract, without a key', () => {
  const id = `0x${'c'.repeat(40)}`
  world.run('near', id, [transfer(5n)])
  expect(world.account(id)).toMatchObject({ amount: 5n, storageUsage: 132n, contract: { type: 'Global' } })
  conserved()
})

test('tokens for nobody come back to who sent them', () => {
  const before = world.account('alice.near')!.amount
  expect(failures(world.run('alice.near', 'nobody.near', [transfer(NEAR)]))).toEqual([
    { AccountDoesNotExist: { account_id: 'nobody.near' } },
  ])
  expect(before - world.account('alice.near')!.amount).toBe(2n * 22_318_256_250_000_000_000n)
  conserved()
})

test('only the account itself changes its keys, code and stake', () => {
  const denied = { ActorNoPermission: { account_id: 'alice.near', actor_id: 'near' } }
  for (const action of [
    addKey('thief'),
    { type: 'DeleteKey', publicKey: keyPair('alice.near').publicKey },
    { type: 'DeployContract', code: Uint8Array.of(1) },
    { type: 'Stake', stake: 1n, publicKey: keyPair('near').publicKey },
    deleteAccount('near'),
  ] as const)
    expect(failures(world.run('near', 'alice.near', [action]))).toEqual([denied])
  conserved()
})

test('a failing action undoes those before it and names its place', () => {
  const [, outcome] = world.run('near', 'bob.near', [create, transfer(NEAR), create])
  expect(outcome!.status).toEqual({
    type: 'Failure',
    error: { ActionError: { index: 2, kind: { AccountAlreadyExists: { account_id: 'bob.near' } } } },
  })
  expect(world.account('bob.near')).toBeUndefined()
  conserved()
})

test('an account that cannot pay for its storage is not created', () => {
  const keys = Array.from({ length: 9 }, (_, i) => addKey(`key ${i}`))
  const [, outcome] = world.run('near', 'bob.near', [create, ...keys])
  expect(outcome!.status).toEqual({
    type: 'Failure',
    error: {
      ActionError: {
        index: null,
        kind: { LackBalanceForState: { account_id: 'bob.near', amount: `${(100n + 9n * 82n) * 10n ** 19n}` } },
      },
    },
  })
  conserved()
})

test('keys are added once and deleted once', () => {
  const { publicKey } = keyPair('second')
  expect(failures(world.run('alice.near', 'alice.near', [addKey('second')]))).toEqual([])
  expect(world.account('alice.near')!.storageUsage).toBe(264n)
  expect(failures(world.run('alice.near', 'alice.near', [addKey('second')]))).toEqual([
    { AddKeyAlreadyExists: { account_id: 'alice.near', public_key: publicKey } },
  ])
  const drop: Action = { type: 'DeleteKey', publicKey }
  expect(failures(world.run('alice.near', 'alice.near', [drop]))).toEqual([])
  expect(world.account('alice.near')!.storageUsage).toBe(182n)
  expect(failures(world.run('alice.near', 'alice.near', [drop]))).toEqual([
    { DeleteKeyDoesNotExist: { account_id: 'alice.near', public_key: publicKey } },
  ])
})

test('a key that comes back refuses what its predecessor signed', () => {
  const old = world.transaction('alice.near', 'near', [transfer(1n)])
  const key = keyPair('alice.near')
  world.block()
  world.run('alice.near', 'alice.near', [{ type: 'DeleteKey', publicKey: key.publicKey }, addKey('alice.near')])
  expect(failures(world.settle([old]))).toMatchObject([{ InvalidNonce: {} }])
})

test('a deleted account leaves its tokens to its beneficiary and its name to its parent', () => {
  // nobody is left to take the rest of the gas: it is burnt
  expect(failures(world.run('alice.near', 'alice.near', [deleteAccount('near')]))).toEqual([
    { AccountDoesNotExist: { account_id: 'alice.near' } },
  ])
  expect(world.account('alice.near')).toBeUndefined()
  expect(world.accessKey('alice.near')).toBeUndefined()
  expect(world.account('near')!.amount).toBeGreaterThan(109n * NEAR)
  expect(failures(world.run('near', 'alice.near', [create]))).toEqual([])
  conserved()
})

test('what a deleted account leaves to nobody is burnt, its last gas refund too', () => {
  const outcomes = world.run('alice.near', 'alice.near', [deleteAccount('nobody.near')])
  expect(failures(outcomes)).toEqual([
    { AccountDoesNotExist: { account_id: 'nobody.near' } },
    { AccountDoesNotExist: { account_id: 'alice.near' } },
  ])
  expect(world.burnt()).toBe(10n * NEAR)
  conserved()
})

test('an account with much data, a stake or a rich gas key stays', () => {
  world.edit((state) => {
    const account = world.account('alice.near')!
    setData(state, 'alice.near', new Uint8Array(1), new Uint8Array(10_000))
    setAccount(state, 'alice.near', { ...account, storageUsage: account.storageUsage + 10_041n })
  })
  expect(failures(world.run('alice.near', 'alice.near', [deleteAccount('near')]))).toEqual([
    { DeleteAccountWithLargeState: { account_id: 'alice.near' } },
  ])
  world.edit((state) =>
    setAccount(state, 'alice.near', { ...world.account('alice.near')!, storageUsage: 182n, locked: 1n }),
  )
  expect(failures(world.run('alice.near', 'alice.near', [deleteAccount('near')]))).toEqual([
    { DeleteAccountStaking: { account_id: 'alice.near' } },
  ])
  world.edit((state) => {
    setAccount(state, 'alice.near', { ...world.account('alice.near')!, locked: 0n })
    setAccessKey(state, 'alice.near', keyPair('gas').publicKey, {
      nonce: 0n,
      permission: { type: 'GasKeyFullAccess', gasKey: { balance: NEAR + 1n, numNonces: 1 } },
    })
  })
  expect(failures(world.run('alice.near', 'alice.near', [deleteAccount('near')]))).toEqual([
    { GasKeyBalanceTooHigh: { account_id: 'alice.near', public_key: null, balance: `${NEAR + 1n}` } },
  ])
})

const gas = keyPair('gas')
const withGasKey = () =>
  world.run('alice.near', 'alice.near', [
    addKey('gas', { type: 'GasKeyFullAccess', gasKey: { balance: 0n, numNonces: 3 } }),
    { type: 'TransferToGasKey', publicKey: gas.publicKey, deposit: 5n },
  ])

test('a gas key is opened with its nonces, filled by anybody, and emptied by its account', () => {
  expect(failures(withGasKey())).toEqual([])
  expect(world.account('alice.near')!.storageUsage).toBe(182n + (33n + 27n + 40n) + 3n * (33n + 2n + 8n + 40n))
  expect(getGasKeyNonce(world.trie, 'alice.near', gas.publicKey, 2)).toBe(9_000_000n)
  const fill: Action = { type: 'TransferToGasKey', publicKey: gas.publicKey, deposit: 6n }
  expect(failures(world.run('near', 'alice.near', [fill]))).toEqual([])
  const take = (amount: bigint): Action => ({ type: 'WithdrawFromGasKey', publicKey: gas.publicKey, amount })
  expect(failures(world.run('near', 'alice.near', [take(1n)]))).toMatchObject([{ ActorNoPermission: {} }])
  expect(failures(world.run('alice.near', 'alice.near', [take(12n)]))).toEqual([
    {
      InsufficientGasKeyBalance: {
        account_id: 'alice.near',
        public_key: gas.publicKey,
        balance: '11',
        required: '12',
      },
    },
  ])
  expect(failures(world.run('alice.near', 'alice.near', [take(1n)]))).toEqual([])
  expect(world.accessKey('alice.near', gas)!.permission).toMatchObject({ gasKey: { balance: 10n } })
  expect(failures(world.run('near', 'alice.near', [{ ...fill, publicKey: keyPair('near').publicKey }]))).toEqual([
    { GasKeyDoesNotExist: { account_id: 'alice.near', public_key: keyPair('near').publicKey } },
  ])
  conserved()
})

test('what a gas key holds is burnt with it', () => {
  withGasKey()
  const burnt = world.burnt()
  const outcomes = world.run('alice.near', 'alice.near', [{ type: 'DeleteKey', publicKey: gas.publicKey }])
  const fees = outcomes.slice(0, 2).reduce((sum, { gasBurnt }) => sum + gasBurnt * 10n ** 8n, 0n)
  expect(world.burnt() - burnt).toBe(fees + 5n)
  expect(getGasKeyNonce(world.trie, 'alice.near', gas.publicKey, 0)).toBeUndefined()
  expect(world.account('alice.near')!.storageUsage).toBe(182n)
  conserved()
})
