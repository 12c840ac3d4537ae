// Meta transactions and how they are attacked (NEP-366, NEP-611).
import {
  type Action,
  type DelegateAction,
  type DelegateActionV2,
  delegateActionHash,
  delegateActionV2Hash,
  parseHash,
} from '@dcml/light-client'
import { beforeEach, expect, test } from 'vitest'
import { getGasKeyNonce, setGasKeyNonce } from '../../state/index.ts'
import { failures, type KeyPair, keyPair, NEAR, TGAS, World } from '../test/world.ts'

let world: World
let supply: bigint
beforeEach(() => {
  world = new World({ 'alice.near': 10n * NEAR, 'relayer.near': 10n * NEAR, 'shop.near': NEAR })
  supply = world.supply()
})

const transfer = (deposit: bigint): Action => ({ type: 'Transfer', deposit })
const alice = keyPair('alice.near')

const wish = (change: Partial<DelegateAction> = {}): DelegateAction => ({
  senderId: 'alice.near',
  receiverId: 'shop.near',
  actions: [transfer(NEAR)],
  nonce: 1_000n,
  maxBlockHeight: 1_000n,
  publicKey: alice.publicKey,
  ...change,
})
const signed = (action: DelegateAction, key: KeyPair = alice): Action => ({
  type: 'Delegate',
  delegateAction: action,
  signature: key.sign(parseHash(delegateActionHash(action))),
})
const relay = (action: Action, to = 'alice.near') => world.run('relayer.near', to, [action])
const refused = (error: unknown) => [{ DelegateActionAccessKeyError: error }]

test('a relayer pays gas and deposit for what somebody else signed', () => {
  const outcomes = relay(signed(wish()))
  expect(failures(outcomes)).toEqual([])
  expect(outcomes.map(({ executorId }) => executorId)).toEqual([
    'relayer.near',
    'alice.near',
    'shop.near',
    'relayer.near',
    'relayer.near',
  ])
  expect(world.account('alice.near')!.amount).toBe(10n * NEAR)
  expect(world.account('shop.near')!.amount).toBe(2n * NEAR)
  expect(world.account('relayer.near')!.amount).toBeLessThan(9n * NEAR)
  expect(world.accessKey('alice.near')!.nonce).toBe(1_000n)
  expect(supply - world.supply()).toBe(world.burnt())
})

test('sending what is delegated is burnt where the sender lives', () => {
  const [, delegated] = relay(signed(wish()))
  // action receipt and delegate action executed, the inner transfer sent
  expect(delegated!.gasBurnt).toBe(108_059_500_000n + 200_000_000_000n + 115_123_062_500n)
})

test('a delegate action works once', () => {
  const action = signed(wish())
  relay(action)
  expect(failures(relay(action))).toEqual([{ DelegateActionInvalidNonce: { delegate_nonce: 1000, ak_nonce: 1000 } }])
  expect(world.account('shop.near')!.amount).toBe(2n * NEAR)
  expect(supply - world.supply()).toBe(world.burnt())
})

test('what the sender did not sign is refused', () => {
  const tampered = { ...signed(wish()), delegateAction: wish({ receiverId: 'relayer.near' }) } as Action
  expect(failures(relay(tampered))).toEqual(['DelegateActionInvalidSignature'])
  // a signature of the other version is none
  expect(failures(relay({ ...signed(wish()), type: 'DelegateV2' } as Action))).toEqual([
    'DelegateActionInvalidSignature',
  ])
})

test('a delegate action expires, and only its sender takes it', () => {
  expect(failures(relay(signed(wish({ maxBlockHeight: 10n }))))).toEqual(['DelegateActionExpired'])
  expect(failures(relay(signed(wish()), 'shop.near'))).toEqual([
    { DelegateActionSenderDoesNotMatchTxReceiver: { sender_id: 'alice.near', receiver_id: 'shop.near' } },
  ])
})

test('a key the sender does not have, or a nonce from the future, is refused', () => {
  const other = keyPair('other')
  expect(failures(relay(signed(wish({ publicKey: other.publicKey }), other)))).toEqual(
    refused({ AccessKeyNotFound: { account_id: 'alice.near', public_key: other.publicKey } }),
  )
  const upper = (world.height + 1) * 1_000_000
  expect(failures(relay(signed(wish({ nonce: BigInt(upper) }))))).toEqual([
    { DelegateActionNonceTooLarge: { delegate_nonce: upper, upper_bound: upper } },
  ])
})

test('a function-call key delegates no more than it may sign itself', () => {
  const key = keyPair('function call')
  world.addKey('alice.near', key.publicKey, {
    type: 'FunctionCall',
    allowance: null,
    receiverId: 'shop.near',
    methodNames: ['buy'],
  })
  const call = (methodName: string, deposit = 0n): Action => ({
    type: 'FunctionCall',
    methodName,
    args: new Uint8Array(),
    gas: TGAS,
    deposit,
  })
  const attempt = (actions: readonly Action[], receiverId = 'shop.near') =>
    failures(relay(signed(wish({ actions, receiverId, publicKey: key.publicKey }), key)))
  expect(attempt([transfer(1n)])).toEqual(refused('RequiresFullAccess'))
  expect(attempt([call('buy', 1n)])).toEqual(refused('DepositWithFunctionCall'))
  expect(attempt([call('buy')], 'relayer.near')).toEqual(
    refused({ ReceiverMismatch: { tx_receiver: 'relayer.near', ak_receiver: 'shop.near' } }),
  )
  expect(attempt([call('drain')])).toEqual(refused({ MethodNameMismatch: { method_name: 'drain' } }))
  // reaches the shop, which has no code
  expect(attempt([call('buy')])).toEqual([
    { FunctionCallError: { CompilationError: { CodeDoesNotExist: { account_id: 'shop.near' } } } },
  ])
})

test('a failure of what was delegated gives the deposit to the sender and the gas to the relayer', () => {
  const relayer = world.account('relayer.near')!.amount
  relay(signed(wish({ receiverId: 'nobody.near' })))
  expect(world.account('alice.near')!.amount).toBe(11n * NEAR)
  expect(relayer - world.account('relayer.near')!.amount).toBeLessThan(NEAR + NEAR / 100n)
  expect(supply - world.supply()).toBe(world.burnt())
})

test('an impersonated sender delegates without a signature', () => {
  world = new World(
    { 'alice.near': 10n * NEAR, 'relayer.near': 10n * NEAR, 'shop.near': NEAR },
    { impersonated: new Set(['alice.near']) },
  )
  expect(failures(relay(signed(wish(), keyPair('relayer.near'))))).toEqual([])
  expect(world.account('shop.near')!.amount).toBe(2n * NEAR)
})

const gas = keyPair('gas')
const signedV2 = (action: DelegateActionV2): Action => ({
  type: 'DelegateV2',
  delegateAction: action,
  signature: gas.sign(parseHash(delegateActionV2Hash(action))),
})

test('a gas key delegates with one of its nonces, and with nothing else', () => {
  world.addKey('alice.near', gas.publicKey, { type: 'GasKeyFullAccess', gasKey: { balance: 0n, numNonces: 2 } })
  world.edit((state) => {
    for (const index of [0, 1]) setGasKeyNonce(state, 'alice.near', gas.publicKey, index, 5n)
  })
  const v2 = (change: Partial<DelegateActionV2> = {}) => wish({ publicKey: gas.publicKey, ...change })
  expect(failures(relay(signedV2(v2())))).toEqual(refused('DelegateActionRequiresNonGasKey'))
  expect(failures(relay(signedV2({ ...v2(), nonceIndex: 2 })))).toEqual([
    { DelegateActionInvalidNonceIndex: { nonce_index: 2, num_nonces: 2 } },
  ])
  expect(failures(relay(signedV2({ ...v2(), nonceIndex: 1 })))).toEqual([])
  expect(getGasKeyNonce(world.trie, 'alice.near', gas.publicKey, 1)).toBe(1_000n)
  expect(getGasKeyNonce(world.trie, 'alice.near', gas.publicKey, 0)).toBe(5n)
})
