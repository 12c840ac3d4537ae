import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { Logic } from '../../../test/logic.ts'
import { paramsFor } from '../../params/index.ts'
import { hostFunctions } from './table.ts'

const table = hostFunctions(paramsFor(86))

test('version 86 has 89 host functions, version 87 three more', () => {
  expect(Object.keys(table)).toHaveLength(89)
  const next = Object.keys(hostFunctions(paramsFor(87)))
  expect(next.filter((name) => !(name in table))).toEqual(['sha3_256', 'sha3_384', 'sha3_512'])
})

test('a function behind a flag goes with its flag', () => {
  const gone = (flag: string) => {
    const left = hostFunctions({ ...paramsFor(86), flags: { ...paramsFor(86).flags, [flag]: false } })
    return Object.keys(table).filter((name) => !(name in left))
  }
  expect(gone('chain_id_host_fn')).toEqual(['chain_id'])
  expect(gone('p256_verify_host_fn')).toEqual(['p256_verify'])
  expect(gone('yield_with_id_host_fns')).toEqual(['promise_yield_create_with_id', 'promise_yield_resume_with_yield_id'])
  expect(gone('gas_key_host_fns')).toHaveLength(3)
  expect(gone('global_contract_host_fns')).toHaveLength(4)
})

/** What a view may not do, and what nearcore calls it where that is not its name. */
const prohibited: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.keys(table)
      .filter((name) => /^promise_|^set_state_init/.test(name))
      .map((name) => [name, name]),
  ),
  ...Object.fromEntries(
    [
      'signer_account_id',
      'signer_account_pk',
      'predecessor_account_id',
      'refund_to_account_id',
      'prepaid_gas',
      'used_gas',
      'storage_write',
      'storage_remove',
    ].map((name) => [name, name]),
  ),
  promise_create: 'promise_batch_create',
  promise_then: 'promise_batch_then',
  promise_batch_action_function_call_weight: 'promise_batch_action_function_call',
  promise_yield_resume: 'promise_submit_data',
}

test.each(Object.entries(prohibited))('%s is prohibited in views, after its base cost', (name, title) => {
  const logic = new Logic({ view: { maxGasBurnt: 10n ** 15n } })
  const args = table[name]!.params.map(() => 0)
  expect(logic.refusal(name, ...args)).toBe(`ProhibitedInView { method_name: "${title}" }`)
  expect(logic.costs()).toEqual(name === 'promise_return' ? { base: 1, promise_return: 1 } : { base: 1 })
})

const allowed = Object.keys(table).filter((name) => !(name in prohibited))

test.each(allowed)('%s is allowed in views', (name) => {
  const logic = new Logic({ view: { maxGasBurnt: 10n ** 15n } })
  expect(logic.refusal(name, ...table[name]!.params.map(() => 0)) ?? '').not.toContain('ProhibitedInView')
})

test('every cost a host function names exists', () => {
  const source = [
    'registers',
    'context',
    'economics',
    'hashes',
    'signatures',
    'curves',
    'misc',
    'promises',
    'yields',
    'storage',
  ]
    .map((file) => readFileSync(new URL(`./${file}.ts`, import.meta.url), 'utf8'))
    .join('\n')
  const named = [...source.matchAll(/\bpay(?:Per)?\('(\w+)'/g)].map(([, cost]) => cost!)
  expect(named.length).toBeGreaterThan(50)
  for (const cost of named) expect(paramsFor(87).extCosts, cost).toHaveProperty(cost)
})
