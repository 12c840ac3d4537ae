import { expect, test } from 'vitest'
import { type Changes, Logic, type Slice, U64_MAX } from '../../../test/logic.ts'
import { dataId } from '../../../test/vm.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const id = (fill: number, length = 32): Uint8Array => new Uint8Array(length).fill(fill)

const create = (logic: Logic, gas = 0n, weight = 1n) =>
  logic.run('promise_yield_create', ...logic.write('callback'), ...logic.write('args'), gas, weight, 0)

const createWithId = (logic: Logic, yieldId: Uint8Array, amount = 0n) =>
  logic.run(
    'promise_yield_create_with_id',
    ...logic.write('callback'),
    ...logic.write('args'),
    logic.number(amount),
    0,
    1,
    ...logic.write(yieldId),
  )

const resume = (logic: Logic, name: string, target: Uint8Array, payload: Slice = logic.write('payload')) =>
  logic.run(name, ...logic.write(target), ...payload)

test('a yield is a receipt to oneself that waits under the data id in the register', () => {
  const logic = new Logic()
  expect(create(logic, 3n)).toBe(0n)
  expect(logic.read(0n)).toEqual(id(1))
  expect(logic.call.promises.receipts).toEqual([
    {
      receiverId: 'alice.near',
      refundTo: null,
      inputDataIds: [dataId(1)],
      outputDataReceivers: [],
      actions: [{ type: 'FunctionCall', methodName: 'callback', args: bytes('args'), gas: 3n, deposit: 0n }],
      yield: { dataId: dataId(1), yieldId: null },
    },
  ])
  expect(logic.costs()).toMatchObject({
    base: 1,
    yield_create_base: 1,
    yield_create_byte: 12,
    write_register_byte: 32,
    new_action_receipt: 108_059_500_000 + 2 * 36_486_732_312,
  })
})

test('a chosen id is kept with the receipt, and pending only once', () => {
  const logic = new Logic()
  expect(createWithId(logic, id(7))).toBe(0n)
  expect(logic.call.promises.receipts[0]!.yield).toEqual({ dataId: dataId(1), yieldId: id(7) })
  const promised = logic.used - logic.burnt
  expect(createWithId(logic, id(7))).toBe(U64_MAX)
  expect(logic.call.promises.receipts).toHaveLength(1)
  expect(logic.costs()).not.toHaveProperty('yield_create_base')
  expect(logic.used - logic.burnt).toBe(promised)
})

test('an id that is pending in state is not taken again', () => {
  const logic = new Logic()
  logic.external.yieldIds.set('09'.repeat(32), dataId(5))
  expect(createWithId(logic, id(9))).toBe(U64_MAX)
  expect(logic.call.promises.receipts).toEqual([])
})

test('a yield with an id may carry a deposit', () => {
  const logic = new Logic({ accountBalance: 10n })
  createWithId(logic, id(1), 4n)
  expect(logic.call.balance).toBe(6n)
  expect(() => createWithId(logic, id(2), 7n)).toThrow('Exceeded the account balance.')
  const poor = new Logic({ accountBalance: 0n })
  createWithId(poor, id(1), 1n)
  expect(poor.call.subsidized).toBe(1n)
})

test.each<[name: string, known: (logic: Logic) => void, target: Uint8Array, expected: bigint]>([
  ['promise_yield_resume', (logic) => create(logic), id(1), 1n],
  ['promise_yield_resume', (logic) => logic.external.yields.add(dataId(4)), id(4), 1n],
  ['promise_yield_resume', () => {}, id(4), 0n],
  ['promise_yield_resume_with_yield_id', (logic) => createWithId(logic, id(9)), id(9), 1n],
  ['promise_yield_resume_with_yield_id', () => {}, id(9), 0n],
])('%s %#', (name, known, target, expected) => {
  const logic = new Logic()
  known(logic)
  expect(resume(logic, name, target)).toBe(expected)
  expect(logic.call.promises.resumes).toHaveLength(Number(expected))
})

test('a resume by chosen id reaches the yield in state that has it', () => {
  const logic = new Logic()
  logic.external.yieldIds.set('09'.repeat(32), dataId(5))
  logic.external.yields.add(dataId(5))
  expect(resume(logic, 'promise_yield_resume_with_yield_id', id(9))).toBe(1n)
  expect(logic.call.promises.resumes).toEqual([{ dataId: dataId(5), payload: bytes('payload') }])
})

test('resuming pays the payload before it is read, by the length that was named', () => {
  const logic = new Logic()
  resume(logic, 'promise_yield_resume', id(1))
  expect(logic.costs()).toMatchObject({ base: 1, yield_resume_base: 1, yield_resume_byte: 7, read_memory_base: 2 })
  expect(() => resume(logic, 'promise_yield_resume', id(1), logic.register(3n, bytes('x')))).toThrow(
    'Integer overflow.',
  )
})

test.each<[name: string, refused: string]>([
  ['promise_yield_resume', 'DataIdMalformed'],
  ['promise_yield_resume_with_yield_id', 'YieldIdMalformed'],
])('%s refuses another length of id, and too long a payload first', (name, refused) => {
  const changes: Changes = { limits: { max_yield_payload_size: 4 } }
  const logic = new Logic(changes)
  expect(logic.refusal(name, ...logic.write(id(1, 16)), 4, 0)).toBe(refused)
  expect(logic.refusal(name, ...logic.write(id(1, 16)), 5, 0)).toBe('YieldPayloadLength { length: 5, limit: 4 }')
})

test('a yield needs a method and, with an id, one of 32 bytes', () => {
  const logic = new Logic()
  expect(logic.refusal('promise_yield_create', 0, 0, 0, 0, 0, 1, 0)).toBe('EmptyMethodName')
  expect(() => createWithId(logic, id(1, 16))).toThrow('yield id is malformed')
  expect(logic.costs()).not.toHaveProperty('yield_create_byte')
})

test('the callback gets a share of unused gas', () => {
  const logic = new Logic()
  create(logic, 5n, 3n)
  logic.call.promises.distribute(100n)
  expect(logic.call.promises.receipts[0]!.actions).toMatchObject([{ gas: 105n }])
})
