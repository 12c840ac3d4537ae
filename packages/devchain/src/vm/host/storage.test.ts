import { expect, test } from 'vitest'
import { Logic } from '../../../test/logic.ts'

const text = (value: Uint8Array | undefined): string => new TextDecoder().decode(value)

test('a new record adds key, value and 40 bytes to the usage, and pays trie nodes', () => {
  const logic = new Logic()
  logic.external.nodes = 3
  expect(logic.run('storage_write', ...logic.write('key'), ...logic.write('value'), 0)).toBe(0n)
  expect(logic.run('storage_usage')).toBe(1048n)
  expect(logic.read(0n)).toBe(undefined)
  expect(logic.costs()).toEqual({
    base: 2,
    storage_write_base: 1,
    read_memory_base: 2,
    read_memory_byte: 8,
    storage_write_key_byte: 3,
    storage_write_value_byte: 5,
    touching_trie_node: 3,
  })
})

test('an overwritten value goes into the register, and only the difference counts', () => {
  const logic = new Logic()
  const key = logic.write('key')
  logic.run('storage_write', ...key, ...logic.write('value'), 0)
  expect(logic.run('storage_write', ...key, ...logic.write('v'), 7)).toBe(1n)
  expect(text(logic.read(7n))).toBe('value')
  expect(logic.run('storage_usage')).toBe(1044n)
  expect(logic.costs()).toMatchObject({
    storage_write_evicted_byte: 5,
    write_register_base: 1,
    write_register_byte: 5,
  })
})

test('state keeps its bytes when the contract changes its memory', () => {
  const logic = new Logic()
  const key = logic.write('key')
  const value = logic.write('value')
  logic.run('storage_write', ...key, ...value, 0)
  logic.memory.set(new TextEncoder().encode('XXXXX'), Number(value[1]))
  logic.run('storage_read', ...key, 1)
  expect(text(logic.read(1n))).toBe('value')
})

test('reading pays by key and value, and once more for a value that is not inlined', () => {
  const logic = new Logic()
  const key = logic.write('key')
  expect(logic.run('storage_read', ...key, 0)).toBe(0n)
  logic.run('storage_write', ...key, 4000, 0, 0)
  expect(logic.run('storage_read', ...key, 0)).toBe(1n)
  expect(logic.costs()).toMatchObject({ storage_read_base: 2, storage_read_key_byte: 6, storage_read_value_byte: 4000 })
  expect(logic.costs()).not.toHaveProperty('storage_large_read_overhead_base')
  logic.run('storage_write', ...key, 4001, 0, 0)
  logic.run('storage_read', ...key, 0)
  expect(logic.costs()).toMatchObject({ storage_large_read_overhead_base: 1, storage_large_read_overhead_byte: 4001 })
})

test('removing gives back the usage and the value', () => {
  const logic = new Logic()
  logic.external.nodes = 2
  const key = logic.write('key')
  expect(logic.run('storage_remove', ...key, 0)).toBe(0n)
  logic.run('storage_write', ...key, ...logic.write('value'), 0)
  expect(logic.run('storage_has_key', ...key)).toBe(1n)
  expect(logic.run('storage_remove', ...key, 0)).toBe(1n)
  expect(logic.run('storage_has_key', ...key)).toBe(0n)
  expect(text(logic.read(0n))).toBe('value')
  expect(logic.run('storage_usage')).toBe(1000n)
  expect(logic.costs()).toMatchObject({
    storage_remove_base: 2,
    storage_remove_key_byte: 6,
    storage_remove_ret_value_byte: 5,
    touching_trie_node: 6,
    storage_has_key_base: 2,
    storage_has_key_byte: 6,
  })
})

test('a value of zero bytes is there', () => {
  const logic = new Logic()
  const key = logic.write('key')
  logic.run('storage_write', ...key, 0, 0, 0)
  expect(logic.run('storage_has_key', ...key)).toBe(1n)
  expect(logic.run('storage_read', ...key, 0)).toBe(1n)
  expect(logic.read(0n)).toEqual(new Uint8Array())
})

test('key and value may come from registers', () => {
  const logic = new Logic()
  const key = logic.register(1n, new TextEncoder().encode('key'))
  const value = logic.register(2n, new TextEncoder().encode('value'))
  logic.run('storage_write', ...key, ...value, 0)
  expect([...logic.external.state]).toEqual([['6b6579', new TextEncoder().encode('value')]])
})

test.each(['storage_has_key', 'storage_write', 'storage_read', 'storage_remove'])('%s bounds the key', (name) => {
  const logic = new Logic({ limits: { max_length_storage_key: 4, max_length_storage_value: 5 } })
  const rest = { storage_has_key: [], storage_write: [5, 0, 0], storage_read: [0], storage_remove: [0] }[name]!
  expect(logic.refusal(name, 4, 0, ...rest)).toBe(undefined)
  expect(logic.refusal(name, 5, 0, ...rest)).toBe('KeyLengthExceeded { length: 5, limit: 4 }')
})

test('storage_write bounds the value, and changes nothing then', () => {
  const logic = new Logic({ limits: { max_length_storage_value: 5 } })
  expect(logic.refusal('storage_write', 1, 0, 6, 0, 0)).toBe('ValueLengthExceeded { length: 6, limit: 5 }')
  expect(logic.external.effects).toEqual([])
  expect(logic.run('storage_usage')).toBe(1000n)
})

test('state is not touched when trie nodes cannot be paid', () => {
  const logic = new Logic({ prepaidGas: 100_000_000_000n })
  logic.external.nodes = 100
  expect(logic.refusal('storage_write', 1, 0, 1, 0, 0)).toBe('GasExceeded')
  expect(logic.external.effects).toEqual([])
})

test.each([
  ['storage_iter_prefix', 2],
  ['storage_iter_range', 4],
  ['storage_iter_next', 3],
])('%s is deprecated, at no charge', (name, arity) => {
  const logic = new Logic()
  expect(logic.refusal(name, ...Array<number>(arity).fill(0))).toBe(`Deprecated { method_name: "${name}" }`)
  expect(logic.burnt).toBe(0n)
})
