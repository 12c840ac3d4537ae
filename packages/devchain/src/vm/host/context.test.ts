import { formatHash } from '@dcml/light-client'
import { expect, test } from 'vitest'
import { type Changes, Logic, U64_MAX } from '../../../test/logic.ts'

const text = (value: Uint8Array | undefined): string => new TextDecoder().decode(value)
const hash = formatHash(new Uint8Array(32).fill(9))

test.each<[name: string, expected: string]>([
  ['current_account_id', 'alice.near'],
  ['signer_account_id', 'bob.near'],
  ['predecessor_account_id', 'carol.near'],
  ['refund_to_account_id', 'dave.near'],
  ['chain_id', 'localnet'],
])('%s goes into a register, paid by the byte', (name, expected) => {
  const logic = new Logic()
  logic.run(name, 3)
  expect(text(logic.read(3n))).toBe(expected)
  expect(logic.costs()).toEqual({ base: 1, write_register_base: 1, write_register_byte: expected.length })
})

test('signer_account_pk and random_seed are bytes', () => {
  const logic = new Logic({ signerAccountPk: Uint8Array.of(0, 1, 2), randomSeed: new Uint8Array(32).fill(5) })
  logic.run('signer_account_pk', 0)
  logic.run('random_seed', 1)
  expect(logic.read(0n)).toEqual(Uint8Array.of(0, 1, 2))
  expect(logic.read(1n)).toEqual(new Uint8Array(32).fill(5))
})

test('input is not paid by the byte, but counts as a register', () => {
  const logic = new Logic({ input: new Uint8Array(50) })
  logic.run('input', 0)
  expect(logic.costs()).toEqual({ base: 1, write_register_base: 1 })
  expect(new Logic({ input: new Uint8Array(50), limits: { max_register_size: 49 } }).refusal('input', 0)).toBe(
    'MemoryAccessViolation',
  )
})

test.each<[name: string, expected: bigint]>([
  ['block_index', 10n],
  ['block_timestamp', 42n],
  ['epoch_height', 1n],
  ['storage_usage', 1000n],
  ['prepaid_gas', 300_000_000_000_000n],
  ['used_gas', 264_768_111n],
])('%s is a number', (name, expected) => {
  const logic = new Logic()
  expect(logic.run(name)).toBe(expected)
  expect(logic.costs()).toEqual({ base: 1 })
})

test('a timestamp above 2^63 is handed over unsigned', () => {
  expect(new Logic({ blockTimestamp: U64_MAX - 1n }).run('block_timestamp')).toBe(U64_MAX - 1n)
})

test.each<[name: string, changes: Changes, expected: bigint]>([
  ['account_balance', { accountBalance: 2n ** 100n, attachedDeposit: 3n }, 2n ** 100n + 3n],
  ['account_locked_balance', {}, 50n],
  ['attached_deposit', { attachedDeposit: 2n ** 127n }, 2n ** 127n],
  ['validator_total_stake', {}, 0n],
])('%s writes a u128', (name, changes, expected) => {
  const logic = new Logic(changes)
  logic.run(name, 100)
  const view = new DataView(logic.memory.buffer, 100, 16)
  expect(view.getBigUint64(0, true) | (view.getBigUint64(8, true) << 64n)).toBe(expected)
  expect(logic.costs()).toMatchObject({ base: 1, write_memory_base: 1, write_memory_byte: 16 })
})

test('validator_stake is the stake of a validator, and 0 of others', () => {
  const logic = new Logic()
  logic.external.stakes.set('pool.near', 7n)
  for (const [account, stake] of [
    ['pool.near', 7],
    ['other.near', 0],
  ] as const) {
    logic.run('validator_stake', ...logic.write(account), 200)
    expect(logic.memory[200]).toBe(stake)
  }
  expect(logic.costs()).toMatchObject({ validator_stake_base: 2, utf8_decoding_byte: 19, write_memory_byte: 32 })
})

test.each<[contract: Changes['accountContract'], kind: bigint, register: Uint8Array | undefined]>([
  [{ type: 'None' }, 0n, undefined],
  [{ type: 'Local', codeHash: hash }, 1n, new Uint8Array(32).fill(9)],
  [{ type: 'Global', codeHash: hash }, 2n, new Uint8Array(32).fill(9)],
  [{ type: 'GlobalByAccount', accountId: 'code.near' }, 3n, new TextEncoder().encode('code.near')],
])('current_contract_code names %o', (accountContract, kind, register) => {
  const logic = new Logic({ accountContract: accountContract! })
  expect(logic.run('current_contract_code', 0)).toBe(kind)
  expect(logic.read(0n)).toEqual(register)
})

test('registers: absent ones have length u64::MAX and cannot be read, at no charge', () => {
  const logic = new Logic()
  expect(logic.run('register_len', 5)).toBe(U64_MAX)
  expect(logic.refusal('read_register', U64_MAX, 0)).toBe(`InvalidRegisterId { register_id: ${U64_MAX} }`)
  expect(logic.costs()).toEqual({ base: 2 })
})

test('registers: what is written can be read back', () => {
  const logic = new Logic()
  logic.run('write_register', 5, ...logic.write('hello'))
  logic.memory.fill(0)
  expect(logic.run('register_len', 5)).toBe(5n)
  logic.run('read_register', 5, 70)
  expect(text(logic.memory.subarray(70, 75))).toBe('hello')
  expect(logic.costs()).toEqual({
    base: 3,
    read_memory_base: 1,
    read_memory_byte: 5,
    write_register_base: 1,
    write_register_byte: 5,
    read_register_base: 1,
    read_register_byte: 5,
    write_memory_base: 1,
    write_memory_byte: 5,
  })
})

test('memory out of bounds is refused after it was paid', () => {
  const logic = new Logic()
  expect(logic.refusal('write_register', 0, 10, 65_530)).toBe('MemoryAccessViolation')
  expect(logic.costs()).toEqual({ base: 1, read_memory_base: 1, read_memory_byte: 10 })
  logic.call.setRegister(0n, new Uint8Array(10))
  expect(logic.refusal('read_register', 0, 65_530)).toBe('MemoryAccessViolation')
  expect(logic.refusal('read_register', 0, U64_MAX)).toBe('MemoryAccessViolation')
  expect(logic.costs()).toMatchObject({ write_memory_base: 2, write_memory_byte: 20 })
})
