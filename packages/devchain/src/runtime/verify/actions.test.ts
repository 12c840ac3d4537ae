import { type Action, ZERO_HASH } from '@dcml/light-client'
import { expect, test } from 'vitest'
import { paramsFor } from '../../params/index.ts'
import { deterministicAccountId } from '../account-id.ts'
import { FULL_ACCESS, keyPair } from '../test/world.ts'
import { validateActions } from './actions.ts'

const { publicKey } = keyPair('alice')
const params = paramsFor(86)
const check = (actions: readonly Action[], receiver = 'bob.near') => validateActions(params, actions, receiver)

const call = (change: Partial<Extract<Action, { type: 'FunctionCall' }>> = {}): Action => ({
  type: 'FunctionCall',
  methodName: 'm',
  args: new Uint8Array(),
  gas: 1n,
  deposit: 0n,
  ...change,
})
const addKey = (permission: Extract<Action, { type: 'AddKey' }>['accessKey']['permission']): Action => ({
  type: 'AddKey',
  publicKey,
  accessKey: { nonce: 0n, permission },
})
const create: Action = { type: 'CreateAccount' }
const deploy: Action = { type: 'DeployContract', code: Uint8Array.of(1) }
const deleteAccount: Action = { type: 'DeleteAccount', beneficiaryId: 'alice.near' }
const delegate = (actions: readonly Action[]): Action => ({
  type: 'Delegate',
  delegateAction: { senderId: 'a.near', receiverId: 'b.near', actions, nonce: 1n, maxBlockHeight: 1n, publicKey },
  signature: '',
})

// Cases and shapes of nearcore `runtime/runtime/src/action_validation.rs` and its tests.
test.each<[string, readonly Action[], unknown]>([
  ['no actions', [], null],
  ['a good mix', [create, { type: 'Transfer', deposit: 1n }, addKey(FULL_ACCESS), deploy, call()], null],
  [
    'more actions than 100',
    Array.from({ length: 101 }, () => create),
    { TotalNumberOfActionsExceeded: { total_number_of_actions: 101, limit: 100 } },
  ],
  [
    'more deployments than 10',
    Array.from({ length: 11 }, () => deploy),
    { TotalNumberOfDeployActionsExceeded: { number_of_deploy_actions: 11, limit: 10 } },
  ],
  ['something after a deletion', [deleteAccount, create], 'DeleteActionMustBeFinal'],
  ['a deletion at the end', [create, deleteAccount], null],
  ['two delegates', [delegate([]), delegate([])], 'DelegateActionMustBeOnlyOne'],
  ['a call without gas', [call({ gas: 0n })], 'FunctionCallZeroAttachedGas'],
  ['an empty method', [call({ methodName: '' })], null],
  [
    'a long method name',
    [call({ methodName: 'é'.repeat(129) })],
    { FunctionCallMethodNameLengthExceeded: { length: 258, limit: 256 } },
  ],
  [
    'long arguments',
    [call({ args: new Uint8Array(4_194_305) })],
    { FunctionCallArgumentsLengthExceeded: { length: 4_194_305, limit: 4_194_304 } },
  ],
  [
    'a large contract',
    [{ type: 'DeployContract', code: new Uint8Array(4_194_305) }],
    { ContractSizeExceeded: { size: 4_194_305, limit: 4_194_304 } },
  ],
  [
    'more gas than 1 Pgas in all',
    [call({ gas: 10n ** 15n }), call()],
    { TotalPrepaidGasExceeded: { total_prepaid_gas: 1_000_000_000_000_001, limit: 1_000_000_000_000_000 } },
  ],
  ['gas beyond 64 bits', [call({ gas: 2n ** 63n }), call({ gas: 2n ** 63n })], 'IntegerOverflow'],
  [
    'a beneficiary that is no account',
    [{ type: 'DeleteAccount', beneficiaryId: 'A' }],
    { InvalidAccountId: { account_id: 'A' } },
  ],
  [
    'a staking key of another curve',
    [{ type: 'Stake', stake: 1n, publicKey: `secp256k1:${'1'.repeat(64)}` }],
    { UnsuitableStakingKey: { public_key: `secp256k1:${'1'.repeat(64)}` } },
  ],
  ['a staking key on the curve', [{ type: 'Stake', stake: 1n, publicKey }], null],
  [
    'a function-call key for no account',
    [addKey({ type: 'FunctionCall', allowance: null, receiverId: 'Shop', methodNames: [] })],
    { InvalidAccountId: { account_id: 'Shop' } },
  ],
  [
    'a long method name in a key',
    [addKey({ type: 'FunctionCall', allowance: null, receiverId: 'shop', methodNames: ['m'.repeat(257)] })],
    { AddKeyMethodNameLengthExceeded: { length: 257, limit: 256 } },
  ],
  [
    'many method names in a key',
    [
      addKey({
        type: 'FunctionCall',
        allowance: null,
        receiverId: 'shop',
        methodNames: Array(10).fill('m'.repeat(200)),
      }),
    ],
    { AddKeyMethodNamesNumberOfBytesExceeded: { total_number_of_bytes: 2010, limit: 2000 } },
  ],
  [
    'a gas key with an allowance',
    [
      addKey({
        type: 'GasKeyFunctionCall',
        gasKey: { balance: 0n, numNonces: 1 },
        allowance: 1n,
        receiverId: 'shop',
        methodNames: [],
      }),
    ],
    'GasKeyFunctionCallAllowanceNotAllowed',
  ],
  [
    'a gas key without nonces',
    [addKey({ type: 'GasKeyFullAccess', gasKey: { balance: 0n, numNonces: 0 } })],
    { GasKeyInvalidNumNonces: { requested_nonces: 0, limit: 1024 } },
  ],
  [
    'a gas key that brings money',
    [addKey({ type: 'GasKeyFullAccess', gasKey: { balance: 1n, numNonces: 1 } })],
    { AddGasKeyWithNonZeroBalance: { balance: '1' } },
  ],
  ['a fault inside a delegate', [delegate([call({ gas: 0n })])], 'FunctionCallZeroAttachedGas'],
])('%s', (_, actions, error) => {
  expect(check(actions)).toEqual(error)
})

test('a state init belongs to the account it names, and its entries fit in state', () => {
  const init = (data: readonly (readonly [Uint8Array, Uint8Array])[]) => {
    const stateInit = { code: { type: 'CodeHash', codeHash: ZERO_HASH }, data } as const
    return {
      id: deterministicAccountId(stateInit),
      action: { type: 'DeterministicStateInit', stateInit, deposit: 0n },
    } as const
  }
  const good = init([])
  expect(check([good.action], good.id)).toBeNull()
  expect(check([good.action])).toEqual({
    InvalidDeterministicStateInitReceiver: { receiver_id: 'bob.near', derived_id: good.id },
  })
  const long = init([[new Uint8Array(2049), new Uint8Array()]])
  expect(check([long.action], long.id)).toEqual({
    DeterministicStateInitKeyLengthExceeded: { length: 2049, limit: 2048 },
  })
})

test('from 87 on new receipts may not do some things that older ones did', () => {
  const from87 = (action: Action, mode?: 'existing') => validateActions(paramsFor(87), [action], 'bob.near', mode)
  const v2 = { ...delegate([]), type: 'DelegateV2' } as Action
  expect(from87(v2)).toEqual({ UnsupportedProtocolFeature: { protocol_feature: 'DelegateV2', version: 87 } })
  expect(from87(v2, 'existing')).toBeNull()
  expect(check([v2])).toBeNull()
  expect(from87(call({ methodName: '' }))).toBe('FunctionCallEmptyMethodName')
  const withdraw = delegate([{ type: 'WithdrawFromGasKey', publicKey, amount: 1n }])
  expect(from87(withdraw)).toBe('WithdrawFromGasKeyNotAllowedInDelegate')
  expect(check([withdraw])).toBeNull()
})
