import { expect, test } from 'vitest'
import { Logic } from '../../../test/logic.ts'
import { dataId } from '../../../test/vm.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const create = (logic: Logic, account: string): bigint => logic.run('promise_batch_create', ...logic.write(account))!

const call = (logic: Logic, promise: bigint, gas: bigint, weight: bigint, amount = 0n) =>
  logic.run(
    'promise_batch_action_function_call_weight',
    promise,
    ...logic.write('go'),
    ...logic.write('{}'),
    logic.number(amount),
    gas,
    weight,
  )

const receiptGas = (logic: Logic): bigint[] =>
  logic.call.promises.receipts.flatMap(({ actions }) =>
    actions.flatMap((action) => (action.type === 'FunctionCall' ? [action.gas] : [])),
  )

test('promise_create makes a receipt with a call, which takes its deposit and gas along', () => {
  const logic = new Logic()
  const promise = logic.run(
    'promise_create',
    ...logic.write('bob.near'),
    ...logic.write('hi'),
    ...logic.write('[1]'),
    logic.number(30n),
    5_000_000_000_000n,
  )
  expect(promise).toBe(0n)
  expect(logic.call.balance).toBe(70n)
  expect(logic.call.promises.receipts).toEqual([
    {
      receiverId: 'bob.near',
      refundTo: null,
      inputDataIds: [],
      outputDataReceivers: [],
      yield: null,
      actions: [{ type: 'FunctionCall', methodName: 'hi', args: bytes('[1]'), gas: 5_000_000_000_000n, deposit: 30n }],
    },
  ])
  expect(logic.costs()).toMatchObject({ base: 2 })
  expect(logic.used - logic.burnt).toBe(108_059_500_000n + 780_000_000_000n + 5n * 2_235_934n + 5_000_000_000_000n)
})

test('promise_then waits for a data id, which the first receipt delivers to', () => {
  const logic = new Logic()
  const first = create(logic, 'bob.near')
  const then = logic.run('promise_batch_then', first, ...logic.write('alice.near'))
  expect(then).toBe(1n)
  const [bob, alice] = logic.call.promises.receipts
  expect(bob!.outputDataReceivers).toEqual([{ dataId: dataId(1), receiverId: 'alice.near' }])
  expect(alice!.inputDataIds).toEqual([dataId(1)])
})

test('a join has no receipt; what follows it waits for all of them, in order and with repeats', () => {
  const logic = new Logic()
  const a = create(logic, 'a.near')
  const b = create(logic, 'b.near')
  const join = (...promises: bigint[]) => {
    const [, pointer] = logic.write(new Uint8Array())
    for (const promise of promises) logic.number(promise, 8)
    return logic.run('promise_and', pointer, promises.length)!
  }
  const nested = join(join(a, b), a)
  logic.run('promise_batch_then', nested, ...logic.write('c.near'))
  const [first, second, third] = logic.call.promises.receipts
  expect(logic.call.promises.receipts).toHaveLength(3)
  expect(third!.inputDataIds).toEqual([dataId(1), dataId(2), dataId(3)])
  expect(first!.outputDataReceivers.map((receiver) => receiver.dataId)).toEqual([dataId(1), dataId(3)])
  expect(second!.outputDataReceivers.map((receiver) => receiver.dataId)).toEqual([dataId(2)])
  expect(logic.refusal('promise_return', nested)).toBe('CannotReturnJointPromise')
  expect(logic.refusal('promise_set_refund_to', nested, ...logic.write('r.near'))).toBe(
    'CannotSetRefundToOnJointPromise',
  )
})

test('promise_and pays by the byte and bounds the receipts it joins', () => {
  const logic = new Logic({ limits: { max_number_input_data_dependencies: 2 } })
  const a = create(logic, 'a.near')
  const pointer = logic.number(a, 8)
  logic.number(a, 8)
  logic.number(a, 8)
  logic.run('promise_and', pointer, 2)
  expect(logic.costs()).toMatchObject({ promise_and_base: 1, promise_and_per_promise: 16 })
  expect(logic.refusal('promise_and', pointer, 3)).toBe(
    'NumberInputDataDependenciesExceeded { number_of_input_data_dependencies: 3, limit: 2 }',
  )
  expect(logic.refusal('promise_and', pointer, 2n ** 61n)).toBe('IntegerOverflow')
})

test('the number of promises is bounded, after the receipt was paid', () => {
  const logic = new Logic({ limits: { max_promises_per_function_call_action: 1 } })
  create(logic, 'a.near')
  const { burnt } = logic
  expect(logic.refusal('promise_batch_create', ...logic.write('a.near'))).toBe(
    'NumberPromisesExceeded { number_of_promises: 2, limit: 1 }',
  )
  expect(logic.burnt - burnt).toBe(burnt)
})

test.each([
  ['Alice', 'InvalidAccountId'],
  ['a', 'InvalidAccountId'],
  ['', 'InvalidAccountId'],
  [Uint8Array.of(0xff, 0xff), 'BadUTF8'],
])('a promise to %s is refused before its receipt is paid', (account, refusal) => {
  const logic = new Logic()
  expect(logic.refusal('promise_batch_create', ...logic.write(account))).toBe(refusal)
  expect(logic.costs()).not.toHaveProperty('new_action_receipt')
})

test('promises to oneself are sent for less', () => {
  const own = new Logic()
  const other = new Logic()
  for (const [logic, account] of [
    [own, 'alice.near'],
    [other, 'alien.near'],
  ] as const)
    logic.run('promise_batch_action_deploy_contract', create(logic, account), 1000, 0)
  expect(other.burnt - own.burnt).toBe(1000n * (47_683_715n - 6_812_999n))
  expect(own.used - own.burnt).toBe(other.used - other.burnt)
})

test('unused gas goes to weighted calls, the remainder to the last', () => {
  const logic = new Logic()
  const promise = create(logic, 'bob.near')
  for (const weight of [1n, 5n, 0n, 2n]) call(logic, promise, 7n, weight)
  expect(logic.call.promises.distribute(43n)).toBe(43n)
  expect(receiptGas(logic)).toEqual([7n + 5n, 7n + 26n, 7n, 7n + 12n])
})

test('without weights nothing is given away', () => {
  const logic = new Logic()
  call(logic, create(logic, 'bob.near'), 7n, 0n)
  expect(logic.call.promises.distribute(43n)).toBe(0n)
  expect(receiptGas(logic)).toEqual([7n])
})

test('gas that was not prepaid cannot be promised', () => {
  const logic = new Logic()
  const promise = create(logic, 'bob.near')
  expect(() => call(logic, promise, 10n ** 15n, 0n)).toThrow('Exceeded the prepaid gas.')
  expect(logic.used).toBe(300_000_000_000_000n)
  const huge = new Logic()
  expect(() => call(huge, create(huge, 'bob.near'), 2n ** 64n - 1n, 0n)).toThrow('Integer overflow.')
  const large = new Logic()
  expect(() => call(large, create(large, 'bob.near'), 2n ** 63n, 0n)).toThrow('Exceeded the prepaid gas.')
})

test('a method needs a name, and that name to be UTF-8', () => {
  const logic = new Logic()
  const promise = create(logic, 'bob.near')
  const call = (method: Uint8Array) =>
    logic.refusal('promise_batch_action_function_call', promise, ...logic.write(method), 0, 0, logic.number(0n), 0)
  expect(call(new Uint8Array())).toBe('EmptyMethodName')
  expect(call(Uint8Array.of(0xff))).toBe('InvalidMethodName')
})

test('an account without balance may attach one yocto to calls, and nothing else', () => {
  const logic = new Logic({ accountBalance: 0n })
  const promise = create(logic, 'bob.near')
  call(logic, promise, 0n, 0n, 1n)
  call(logic, promise, 0n, 0n, 1n)
  expect([logic.call.balance, logic.call.subsidized]).toEqual([0n, 2n])
  expect(() => call(logic, promise, 0n, 0n, 2n)).toThrow('Exceeded the account balance.')
  expect(logic.refusal('promise_batch_action_transfer', promise, logic.number(1n))).toBe('BalanceExceeded')
  const rich = new Logic({ accountBalance: 1n })
  call(rich, create(rich, 'bob.near'), 0n, 0n, 1n)
  expect([rich.call.balance, rich.call.subsidized]).toEqual([0n, 0n])
  const old = new Logic({ accountBalance: 0n, flags: { one_yocto_on_promise: false } })
  expect(() => call(old, create(old, 'bob.near'), 0n, 0n, 1n)).toThrow('Exceeded the account balance.')
})

test.each<[receiver: string, fees: readonly string[]]>([
  ['bob.near', ['transfer']],
  ['a'.repeat(64), ['transfer', 'create_account', 'add_full_access_key']],
  [`0x${'a'.repeat(40)}`, ['transfer', 'create_account']],
  [`0s${'a'.repeat(40)}`, ['transfer', 'create_account']],
  [`0x${'a'.repeat(39)}g`, ['transfer']],
])('a transfer to %s pays for the account it may create', (receiver, fees) => {
  const logic = new Logic()
  const promise = create(logic, receiver)
  const before = { burnt: logic.burnt, promised: logic.used - logic.burnt }
  logic.run('promise_batch_action_transfer', promise, logic.number(1n))
  const sum = (side: 'sendNotSir' | 'execution') =>
    fees.reduce((total, fee) => total + logic.params.fees[fee as 'transfer'][side], 0n)
  expect(BigInt(logic.costs().transfer!)).toBe(sum('sendNotSir'))
  expect(logic.used - logic.burnt - before.promised).toBe(sum('execution'))
})

test('promise_return and value_return replace each other', () => {
  const logic = new Logic()
  create(logic, 'a.near')
  const promise = create(logic, 'b.near')
  logic.run('promise_return', promise)
  expect(logic.call.returnData).toEqual({ type: 'Receipt', index: 1 })
  logic.run('value_return', 1, 0)
  expect(logic.call.returnData.type).toBe('Value')
  expect(logic.refusal('promise_return', 9)).toBe('InvalidPromiseIndex { promise_idx: 9 }')
})

test('promise_set_refund_to names who gets a deposit back', () => {
  const logic = new Logic()
  logic.run('promise_set_refund_to', create(logic, 'a.near'), ...logic.write('r.near'))
  expect(logic.call.promises.receipts[0]!.refundTo).toBe('r.near')
})

test('promise results: value, failure and neither, unpaid by the byte', () => {
  const logic = new Logic({
    promiseResults: [{ type: 'Successful', value: bytes('test') }, { type: 'Failed' }, { type: 'NotReady' }],
  })
  expect(logic.run('promise_results_count')).toBe(3n)
  expect([0, 1, 2].map((index) => logic.run('promise_result', index, 5))).toEqual([1n, 2n, 0n])
  expect(logic.read(5n)).toEqual(bytes('test'))
  expect(logic.refusal('promise_result', 3, 5)).toBe('InvalidPromiseResultIndex { result_idx: 3 }')
  expect(logic.costs()).toEqual({ base: 5, write_register_base: 1 })
})
