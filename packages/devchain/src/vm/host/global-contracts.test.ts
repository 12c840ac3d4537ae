import { formatHash } from '@dcml/light-client'
import { expect, test } from 'vitest'
import { Logic } from '../../../test/logic.ts'

const hash = new Uint8Array(32).fill(8)
const byHash = { type: 'CodeHash', codeHash: formatHash(hash) }
const byAccount = { type: 'AccountId', accountId: 'global.near' }
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function batch(changes: ConstructorParameters<typeof Logic>[0] = {}) {
  const logic = new Logic(changes)
  const promise = logic.run('promise_batch_create', ...logic.write('bob.near'))!
  return { logic, promise, actions: () => logic.call.promises.receipts[0]!.actions }
}

test.each([
  ['promise_batch_action_deploy_global_contract', 'CodeHash'],
  ['promise_batch_action_deploy_global_contract_by_account_id', 'AccountId'],
])('%s', (name, mode) => {
  const { logic, promise, actions } = batch({ limits: { max_contract_size: 6 } })
  logic.run(name, promise, ...logic.write('sample'))
  expect(actions()).toEqual([{ type: 'DeployGlobalContract', code: bytes('sample'), mode }])
  expect(logic.costs()).toMatchObject({
    deploy_global_contract_base: 184_765_750_000,
    deploy_global_contract_byte: 6 * 47_683_715,
  })
  expect(logic.refusal(name, promise, 7, 0)).toBe('ContractSizeExceeded { size: 7, limit: 6 }')
})

test.each<[name: string, id: Uint8Array | string, contract: object, idBytes: number]>([
  ['promise_batch_action_use_global_contract', hash, byHash, 32],
  ['promise_batch_action_use_global_contract_by_account_id', 'global.near', byAccount, 11],
])('%s', (name, id, contract, idBytes) => {
  const { logic, promise, actions } = batch()
  logic.run(name, promise, ...logic.write(id))
  expect(actions()).toEqual([{ type: 'UseGlobalContract', contract }])
  expect(logic.costs().use_global_contract_byte).toBe(idBytes * 47_683_715)
})

test.each(['promise_batch_action_use_global_contract', 'promise_batch_action_state_init'])(
  '%s refuses another length of hash',
  (name) => {
    const { logic, promise } = batch()
    const amount = name.endsWith('init') ? [logic.number(0n)] : []
    expect(logic.refusal(name, promise, ...logic.write(hash.subarray(1)), ...amount)).toBe('ContractCodeHashMalformed')
  },
)

test.each<[name: string, id: Uint8Array | string, code: object]>([
  ['promise_batch_action_state_init', hash, byHash],
  ['promise_batch_action_state_init_by_account_id', 'global.near', byAccount],
])('%s takes data, sorted by key', (name, id, code) => {
  const { logic, promise, actions } = batch()
  logic.run('promise_batch_action_create_account', promise)
  const action = logic.run(name, promise, ...logic.write(id), logic.number(60n))!
  expect(action).toBe(1n)
  expect(logic.call.balance).toBe(40n)
  for (const [key, value] of [
    ['b', '1'],
    ['ba', '2'],
    ['a', '3'],
  ] as const)
    logic.run('set_state_init_data_entry', promise, action, ...logic.write(key), ...logic.write(value))
  expect(actions()[1]).toEqual({
    type: 'DeterministicStateInit',
    deposit: 60n,
    stateInit: {
      code,
      data: [
        [bytes('a'), bytes('3')],
        [bytes('b'), bytes('1')],
        [bytes('ba'), bytes('2')],
      ],
    },
  })
  expect(logic.costs()).toMatchObject({
    deterministic_state_init_base: 500_000_000_000,
    deterministic_state_init_byte: 7 * 72_000_000,
  })
  expect(logic.refusal('set_state_init_data_entry', promise, action, ...logic.write('b'), ...logic.write('9'))).toBe(
    'DataEntryAlreadyExists',
  )
  expect(logic.refusal(name, promise, ...logic.write(id), logic.number(41n))).toBe('BalanceExceeded')
})

test('an entry needs a state init at its index', () => {
  const { logic, promise } = batch()
  logic.run('promise_batch_action_create_account', promise)
  const set = (index: bigint) => logic.refusal('set_state_init_data_entry', promise, index, 0, 0, 0, 0)
  expect(set(0n)).toBe('InvalidActionIndex { receipt_index: 0, action_index: 0 }')
  expect(set(2n ** 64n - 1n)).toBe(`InvalidActionIndex { receipt_index: 0, action_index: ${2n ** 64n - 1n} }`)
})
