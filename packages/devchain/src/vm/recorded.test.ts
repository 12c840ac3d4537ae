// Figures that nearcore's own tests record for host functions: `runtime/near-vm-runner/src/logic/tests/{promises,
// gas_counter}.rs` and `logic/vmstate.rs`. Costs of host functions are those of version 86; action fees were other ones
// then, from `RuntimeFeesConfig::test()` in `core/parameters/src/cost.rs`.
import { parsePublicKey } from '@dcml/light-client'
import { expect, test } from 'vitest'
import { type Changes, Logic } from '../../test/logic.ts'
import type { Fee, FeeName } from '../params/types.ts'

const fee = (send: bigint, execution = send): Fee => ({ sendSir: send, sendNotSir: send, execution })

const recordedFees: Partial<Record<FeeName, Fee>> = {
  create_account: fee(3_850_000_000_000n),
  delete_account: fee(147_489_000_000n),
  deploy_contract: fee(184_765_750_000n),
  deploy_contract_per_byte: fee(6_812_999n),
  function_call: fee(2_319_861_500_000n),
  function_call_per_byte: fee(2_235_934n),
  transfer: fee(115_123_062_500n),
  stake: fee(141_715_687_500n, 102_217_625_000n),
  add_full_access_key: fee(101_765_125_000n),
  add_function_call_key: fee(102_217_625_000n),
  add_function_call_key_per_byte: fee(1_925_331n),
  delete_key: fee(94_946_625_000n),
  action_receipt_creation: fee(108_059_500_000n),
  data_receipt_creation_base: fee(4_697_339_419_375n),
  data_receipt_creation_per_byte: fee(59_357_464n),
}

const publicKey = Uint8Array.of(0, ...parsePublicKey('ed25519:5do5nkAEVhL8iteDvXNgxi4pWK78Y7DDadX11ArFNyrf').bytes)

/** nearcore's test context where it matters here. */
const recordedLogic = (changes: Changes = {}): Logic =>
  new Logic({ fees: recordedFees, prepaidGas: 100_000_000_000_000n, attachedDeposit: 10n, ...changes })

/** The first promise, to `rick.test`, with a function call. */
const promiseCreate = (logic: Logic): bigint =>
  logic.run(
    'promise_create',
    ...logic.write('rick.test'),
    ...logic.write('promise_create'),
    ...logic.write('args'),
    logic.number(0n),
    0,
  )!

test.each<[name: string, recorded: bigint, act: (logic: Logic, promise: bigint) => void]>([
  [
    'create_account',
    12_578_263_688_564n,
    (logic, promise) => logic.run('promise_batch_action_create_account', promise),
  ],
  [
    'deploy_contract',
    5_255_774_958_146n,
    (logic, promise) => logic.run('promise_batch_action_deploy_contract', promise, ...logic.write('sample')),
  ],
  [
    'transfer',
    5_349_703_444_787n,
    (logic, promise) => {
      logic.run('promise_batch_action_transfer', promise, logic.number(110n))
      expect(logic.refusal('promise_batch_action_transfer', promise, logic.number(1n))).toBe('BalanceExceeded')
    },
  ],
  [
    'stake',
    5_138_414_976_215n,
    (logic, promise) => logic.run('promise_batch_action_stake', promise, logic.number(110n), ...logic.write(publicKey)),
  ],
  [
    'add_key_with_function_call',
    5_126_680_499_695n,
    (logic, promise) =>
      logic.run(
        'promise_batch_action_add_key_with_function_call',
        promise,
        ...logic.write(publicKey),
        1,
        logic.number(999n),
        ...logic.write('sam'),
        ...logic.write('foo,bar'),
      ),
  ],
])('uses what nearcore recorded: test_promise_batch_action_%s', (name, recorded, act) => {
  const logic = recordedLogic()
  const promise = promiseCreate(logic)
  const attempt = (index: bigint) => {
    try {
      act(logic, index)
      return undefined
    } catch (error) {
      return (error as Error).message
    }
  }
  expect(attempt(123n), name).toBe('123 does not correspond to existing promises')
  const joint = logic.run('promise_and', logic.number(promise, 8), 1)!
  expect(attempt(joint)).toBe('Actions can only be appended to non-joint promise.')
  expect(attempt(promise)).toBe(undefined)
  expect(logic.run('used_gas')).toBe(recorded)
})

test('uses what nearcore recorded: test_promise_batch_then', () => {
  const logic = recordedLogic()
  const promise = promiseCreate(logic)
  const account = logic.write('rick.test')
  expect(logic.refusal('promise_batch_then', 123, ...account)).toBe('InvalidPromiseIndex { promise_idx: 123 }')
  const joint = logic.run('promise_and', logic.number(promise, 8), 1)!
  logic.run('promise_batch_then', joint, ...account)
  logic.run('promise_batch_then', promise, ...account)
  expect(logic.run('used_gas')).toBe(24_124_999_601_771n)
})

const batch = (logic: Logic, account: string): bigint => logic.run('promise_batch_create', ...logic.write(account))!

const callRick = (logic: Logic, name: string, ...weight: number[]) =>
  logic.run(
    name,
    batch(logic, 'rick.test'),
    ...logic.write('fn_with_len_14'),
    ...logic.write('lorem ipsum with length 26'),
    logic.number(1n),
    1,
    ...weight,
  )

type OutOfGas = readonly [cost: FeeName, times: bigint, burnt: bigint, act: (logic: Logic) => unknown]

const outOfGas: readonly OutOfGas[] = [
  ['action_receipt_creation', 1n, 8_644_846_690n, (logic) => batch(logic, 'rick.test')],
  ['action_receipt_creation', 2n, 9_411_968_532_130n, dependency],
  ['data_receipt_creation_base', 1n, 10_000_000_000_000n, dependency],
  [
    'data_receipt_creation_per_byte',
    11n,
    10_000_000_000_000n,
    (logic) => logic.run('value_return', ...logic.write('lorem ipsum')),
  ],
  [
    'create_account',
    1n,
    116_969_114_801n,
    (logic) => logic.run('promise_batch_action_create_account', batch(logic, 'rick.test')),
  ],
  [
    'delete_account',
    1n,
    125_349_193_370n,
    (logic) => logic.run('promise_batch_action_delete_account', batch(logic, 'bob.test'), ...logic.write('alice.test')),
  ],
  ...(
    [
      ['deploy_contract', 1n, 119_677_812_659n],
      ['deploy_contract_per_byte', 26n, 304_443_562_909n],
    ] as const
  ).map(
    ([cost, times, burnt]): OutOfGas => [
      cost,
      times,
      burnt,
      (logic: Logic) =>
        logic.run(
          'promise_batch_action_deploy_contract',
          batch(logic, 'rick.test'),
          ...logic.write('lorem ipsum with length 26'),
        ),
    ],
  ),
  ['function_call', 1n, 125_011_579_049n, (logic) => callRick(logic, 'promise_batch_action_function_call')],
  ['function_call', 1n, 125_011_579_049n, (logic) => callRick(logic, 'promise_batch_action_function_call_weight', 1)],
  ['function_call_per_byte', 40n, 2_444_873_079_439n, (logic) => callRick(logic, 'promise_batch_action_function_call')],
  [
    'transfer',
    1n,
    119_935_181_141n,
    (logic) => logic.run('promise_batch_action_transfer', batch(logic, 'alice.test'), logic.number(1n)),
  ],
  [
    'stake',
    1n,
    122_375_106_518n,
    (logic) =>
      logic.run('promise_batch_action_stake', batch(logic, 'pool.test'), logic.number(1n), ...logic.write(publicKey)),
  ],
  [
    'add_full_access_key',
    1n,
    119_999_803_802n,
    (logic) =>
      logic.run(
        'promise_batch_action_add_key_with_full_access',
        batch(logic, 'alice.test'),
        ...logic.write(publicKey),
        0,
      ),
  ],
  ['add_function_call_key', 1n, 133_982_421_242n, functionKey],
  ['add_function_call_key_per_byte', 7n, 236_200_046_312n, functionKey],
  [
    'delete_key',
    1n,
    119_999_803_802n,
    (logic) => logic.run('promise_batch_action_delete_key', batch(logic, 'alice.test'), ...logic.write(publicKey)),
  ],
]

function dependency(logic: Logic) {
  return logic.run('promise_batch_then', batch(logic, 'rick.test'), ...logic.write('rick.test'))
}

function functionKey(logic: Logic) {
  return logic.run(
    'promise_batch_action_add_key_with_function_call',
    batch(logic, 'alice.test'),
    ...logic.write(publicKey),
    0,
    logic.number(1n),
    ...logic.write('alice.test'),
    ...logic.write('foo,baz'),
  )
}

test.each(outOfGas)('fails where nearcore recorded it, gas exceeded by %s paid %i times', (cost, times, burnt, act) => {
  const attached = 10n ** 13n
  const rising = { sendSir: 1n, sendNotSir: 10n, execution: attached / times + 1n }
  const logic = recordedLogic({
    fees: { ...recordedFees, [cost]: rising },
    prepaidGas: attached,
    limits: { max_gas_burnt: 10 ** 14 },
    outputDataReceivers: ['alice.test'],
  })
  expect(() => act(logic)).toThrow('Exceeded the prepaid gas.')
  expect([logic.burnt, logic.used]).toEqual([burnt, attached])
})

test.each(outOfGas)('burns all attached gas where the limit is exceeded by %s paid %i times', (cost, times, _, act) => {
  const limit = 10n ** 13n
  const rising = { sendSir: limit / times + 1n, sendNotSir: limit / times + 10n, execution: 1n }
  const logic = recordedLogic({
    fees: { ...recordedFees, [cost]: rising },
    prepaidGas: limit,
    limits: { max_gas_burnt: Number(limit) },
    outputDataReceivers: ['alice.test'],
  })
  expect(() => act(logic)).toThrow('Exceeded the maximum amount of gas allowed to burn per contract.')
  expect([logic.burnt, logic.used]).toEqual([limit, limit])
})

test.each<[name: string, limits: Changes['limits'], burnt: bigint, act: (logic: Logic) => void]>([
  [
    'registers_set',
    {},
    5_394_388_050n,
    (logic) => {
      set(logic, 42n, 'foo')
    },
  ],
  [
    'registers_max_number_limit',
    { max_number_registers: 2 },
    19_419_557_634n,
    (logic) => {
      set(logic, 42n, 'foo')
      set(logic, 24n, 'bar')
      for (const [register, value] of [
        [12n, 'baz'],
        [42n, 'O_o'],
        [24n, 'O_o'],
      ] as const)
        expect(() => logic.call.setRegister(register, bytes(value))).toThrow('Accessed memory outside the bounds.')
    },
  ],
  [
    'registers_register_size_limit',
    { max_register_size: 3 },
    8_275_116_792n,
    (logic) => {
      set(logic, 42n, 'foo')
      expect(() => logic.call.setRegister(24n, bytes('quux'))).toThrow('Accessed memory outside the bounds.')
    },
  ],
  [
    'registers_usage_limit',
    { registers_memory_limit: 11 },
    24_446_580_564n,
    (logic) => {
      for (const value of ['foo', 'bar', '', 'baz']) set(logic, 42n, value)
      expect(() => logic.call.setRegister(42n, bytes('quux'))).toThrow('Accessed memory outside the bounds.')
    },
  ],
])('burns what nearcore recorded: %s', (_, limits, burnt, act) => {
  const logic = new Logic({ limits: limits! })
  act(logic)
  expect([logic.burnt, logic.used]).toEqual([burnt, burnt])
})

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function set(logic: Logic, register: bigint, value: string): void {
  logic.call.setRegister(register, bytes(value))
  expect(logic.call.readRegister(register)).toEqual(bytes(value))
}
