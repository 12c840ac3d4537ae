import { formatPublicKey } from '@dcml/light-client'
import { expect, test } from 'vitest'
import { Logic } from '../../../test/logic.ts'

const key = (tag: number, length: number): Uint8Array => Uint8Array.of(tag, ...new Uint8Array(length).fill(3))
const ed25519 = key(0, 32)
const publicKey = formatPublicKey({ curve: 'ed25519', bytes: ed25519.subarray(1) })

function batch(changes: ConstructorParameters<typeof Logic>[0] = {}, receiver = 'bob.near') {
  const logic = new Logic(changes)
  const promise = logic.run('promise_batch_create', ...logic.write(receiver))!
  const actions = () => logic.call.promises.receipts[0]!.actions
  return { logic, promise, actions }
}

test('stakes and keys become actions', () => {
  const { logic, promise, actions } = batch()
  logic.run('promise_batch_action_stake', promise, logic.number(5n), ...logic.write(ed25519))
  logic.run('promise_batch_action_add_key_with_full_access', promise, ...logic.write(ed25519), 2n ** 64n - 1n)
  logic.run('promise_batch_action_delete_key', promise, ...logic.write(ed25519))
  logic.run('promise_batch_action_delete_account', promise, ...logic.write('heir.near'))
  logic.run('promise_batch_action_create_account', promise)
  expect(actions()).toEqual([
    { type: 'Stake', stake: 5n, publicKey },
    { type: 'AddKey', publicKey, accessKey: { nonce: 2n ** 64n - 1n, permission: { type: 'FullAccess' } } },
    { type: 'DeleteKey', publicKey },
    { type: 'DeleteAccount', beneficiaryId: 'heir.near' },
    { type: 'CreateAccount' },
  ])
})

test.each<[names: string, expected: string[], bytes: number]>([
  ['', [], 0],
  ['foo', ['foo'], 4],
  ['foo,bar', ['foo', 'bar'], 8],
])('a function-call key for "%s"', (names, methodNames, bytes) => {
  const { logic, promise, actions } = batch()
  logic.run(
    'promise_batch_action_add_key_with_function_call',
    promise,
    ...logic.write(ed25519),
    7,
    logic.number(0n),
    ...logic.write('shop.near'),
    ...logic.write(names),
  )
  expect(actions()).toEqual([
    {
      type: 'AddKey',
      publicKey,
      accessKey: {
        nonce: 7n,
        permission: { type: 'FunctionCall', allowance: null, receiverId: 'shop.near', methodNames },
      },
    },
  ])
  expect(logic.costs().add_function_call_key_byte ?? 0).toBe(bytes * 47_683_715)
})

test.each(['foo,,bar', ',foo', 'foo,', ','])('method names "%s" have an empty one', (names) => {
  const { logic, promise } = batch()
  expect(
    logic.refusal(
      'promise_batch_action_add_key_with_function_call',
      promise,
      ...logic.write(ed25519),
      0,
      logic.number(1n),
      ...logic.write('shop.near'),
      ...logic.write(names),
    ),
  ).toBe('EmptyMethodName')
})

test.each<[why: string, bytes: Uint8Array]>([
  ['nothing', new Uint8Array()],
  ['an unknown tag', key(3, 32)],
  ['a byte too few', key(0, 31)],
  ['a byte too many', key(1, 65)],
])('%s is no public key, which is found out after the fees', (_, bytes) => {
  const { logic, promise, actions } = batch()
  expect(logic.refusal('promise_batch_action_delete_key', promise, ...logic.write(bytes))).toBe('InvalidPublicKey')
  expect(logic.costs()).toHaveProperty('delete_key')
  expect(logic.refusal('promise_batch_action_delete_key', 9, ...logic.write(bytes))).toBe(
    'InvalidPromiseIndex { promise_idx: 9 }',
  )
  expect(actions()).toEqual([])
})

test.each<[curve: string, bytes: Uint8Array]>([
  ['secp256k1', key(1, 64)],
  ['ml-dsa-65', key(2, 1952)],
])('%s keys are keys', (curve, bytes) => {
  const { logic, promise, actions } = batch()
  logic.run('promise_batch_action_delete_key', promise, ...logic.write(bytes))
  expect(actions()).toEqual([{ type: 'DeleteKey', publicKey: expect.stringMatching(`^${curve}:`) }])
})

const gasByte = { send: 59_357_464n, execution: 101_435_400n }

test('a gas key is paid by its nonces and by what they take in the trie', () => {
  const { logic, promise, actions } = batch()
  const before = logic.used - logic.burnt
  logic.run('promise_batch_action_add_gas_key_with_full_access', promise, ...logic.write(ed25519), 4)
  expect(actions()).toEqual([
    {
      type: 'AddKey',
      publicKey,
      accessKey: { nonce: 0n, permission: { type: 'GasKeyFullAccess', gasKey: { balance: 0n, numNonces: 4 } } },
    },
  ])
  const trieKey = BigInt(1 + 'bob.near'.length + 1 + 33)
  expect(BigInt(logic.costs().gas_key_byte!)).toBe(18n * gasByte.send)
  expect(logic.used - logic.burnt - before).toBe(
    101_765_125_000n + 4n * 64_196_736_000n + 4n * (trieKey + 2n + 8n) * gasByte.execution,
  )
})

test('a gas key with function calls takes both permissions', () => {
  const { logic, promise, actions } = batch()
  logic.run(
    'promise_batch_action_add_gas_key_with_function_call',
    promise,
    ...logic.write(ed25519),
    2,
    logic.number(9n),
    ...logic.write('shop.near'),
    ...logic.write('buy'),
  )
  expect(actions()).toEqual([
    {
      type: 'AddKey',
      publicKey,
      accessKey: {
        nonce: 0n,
        permission: {
          type: 'GasKeyFunctionCall',
          gasKey: { balance: 0n, numNonces: 2 },
          allowance: 9n,
          receiverId: 'shop.near',
          methodNames: ['buy'],
        },
      },
    },
  ])
})

test('more nonces than a u16 overflow, before the promise is looked up', () => {
  const { logic } = batch()
  expect(logic.refusal('promise_batch_action_add_gas_key_with_full_access', 99, ...logic.write(ed25519), 65_536)).toBe(
    'IntegerOverflow',
  )
})

test('filling a gas key takes the amount, and judges the key last', () => {
  const { logic, promise, actions } = batch()
  const before = logic.used - logic.burnt
  const fill = (bytes: Uint8Array, amount: bigint) =>
    logic.refusal('promise_batch_action_transfer_to_gas_key', promise, ...logic.write(bytes), logic.number(amount))
  expect(fill(ed25519, 60n)).toBe(undefined)
  expect(actions()).toEqual([{ type: 'TransferToGasKey', publicKey, deposit: 60n }])
  expect(BigInt(logic.costs().gas_key_byte!)).toBe(33n * gasByte.send)
  const trieKey = BigInt(1 + 'bob.near'.length + 1 + 33)
  expect(logic.used - logic.burnt - before).toBe(235_676_644_250n + (trieKey + 27n) * gasByte.execution)
  expect(fill(key(9, 1), 60n)).toBe('BalanceExceeded')
  expect(fill(key(9, 1), 40n)).toBe('InvalidPublicKey')
})

test('from version 87 the longest keys are paid by the hash the trie holds', () => {
  const promised = (version: 86 | 87): bigint => {
    const { logic, promise } = batch({ version })
    const before = logic.used - logic.burnt
    logic.run('promise_batch_action_transfer_to_gas_key', promise, ...logic.write(key(2, 1952)), logic.number(1n))
    return logic.used - logic.burnt - before
  }
  expect(promised(86) - promised(87)).toBe(1920n * gasByte.execution)
})
