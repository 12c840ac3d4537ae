// Names under which burnt gas is accounted for: nearcore's `ExtCosts` and `ActionCosts`, as RPC shows them in capitals.
import type { FeeName } from '../params/types.ts'

/** Gas of the contract's own instructions. */
export const WASM_INSTRUCTION = 'wasm_instruction'

/** Where nearcore's parameter file and its `ActionCosts` call a fee differently. */
const renamed: Partial<Record<FeeName, string>> = {
  action_receipt_creation: 'new_action_receipt',
  data_receipt_creation_base: 'new_data_receipt_base',
  data_receipt_creation_per_byte: 'new_data_receipt_byte',
  deploy_contract: 'deploy_contract_base',
  deploy_contract_per_byte: 'deploy_contract_byte',
  function_call: 'function_call_base',
  function_call_per_byte: 'function_call_byte',
  add_function_call_key: 'add_function_call_key_base',
  add_function_call_key_per_byte: 'add_function_call_key_byte',
  deploy_global_contract: 'deploy_global_contract_base',
  deploy_global_contract_per_byte: 'deploy_global_contract_byte',
  use_global_contract: 'use_global_contract_base',
  use_global_contract_per_identifier_byte: 'use_global_contract_byte',
  deterministic_state_init: 'deterministic_state_init_base',
  deterministic_state_init_per_entry: 'deterministic_state_init_entry',
  deterministic_state_init_per_byte: 'deterministic_state_init_byte',
  gas_key_transfer: 'gas_key_transfer_base',
}

const plain: readonly FeeName[] = [
  'create_account',
  'delete_account',
  'transfer',
  'stake',
  'add_full_access_key',
  'delete_key',
  'delegate',
  'gas_key_byte',
  'gas_key_nonce_write_base',
]

/** nearcore's `ActionCosts` name of a fee. */
export const actionCost = (fee: FeeName): string => renamed[fee] ?? fee

const actionCosts: ReadonlySet<string> = new Set([...Object.values(renamed), ...plain])

/** Whether a name of a profile is an action's fee (RPC's `ACTION_COST`); the others are `WASM_HOST_COST`. */
export const isActionCost = (name: string): boolean => actionCosts.has(name)
