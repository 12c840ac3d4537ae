// The parameters in the shape of nearcore's `RuntimeConfigView` (its snapshot of version 86).
import type { Fee, FeeName, Params } from '../../params/types.ts'

const feeView = ({ sendSir, sendNotSir, execution }: Fee) => ({
  send_sir: Number(sendSir),
  send_not_sir: Number(sendNotSir),
  execution: Number(execution),
})

/** Of nearcore's congestion control, which one shard without a limit of its own never reaches. */
const congestion = {
  max_congestion_incoming_gas: 400_000_000_000_000_000n,
  max_congestion_outgoing_gas: 10_000_000_000_000_000n,
  max_congestion_memory_consumption: 1_000_000_000,
  max_congestion_missed_chunks: 125,
  max_outgoing_gas: 300_000_000_000_000_000n,
  min_outgoing_gas: 1_000_000_000_000_000,
  allowed_shard_outgoing_gas: 1_000_000_000_000_000,
  max_tx_gas: 500_000_000_000_000,
  min_tx_gas: 20_000_000_000_000,
  reject_tx_congestion_threshold: 0.8,
  outgoing_receipts_usual_size_limit: 102_400,
  outgoing_receipts_big_size_limit: 4_718_592,
}
const witness = {
  main_storage_proof_size_soft_limit: 4_000_000,
  combined_transactions_size_limit: 4_194_304,
  new_transactions_validation_state_size_soft_limit: 572_864,
}
/** Costs of host functions that no longer exist, and of work that is free now. */
const gone = Object.fromEntries(
  [
    'storage_iter_create_prefix_base',
    'storage_iter_create_prefix_byte',
    'storage_iter_create_range_base',
    'storage_iter_create_from_byte',
    'storage_iter_create_to_byte',
    'storage_iter_next_base',
    'storage_iter_next_key_byte',
    'storage_iter_next_value_byte',
    'contract_compile_base',
    'contract_compile_bytes',
  ].map((name) => [name, 0]),
)

export function runtimeConfigView({
  fees,
  economics,
  storage,
  accountCreation,
  extCosts,
  wasm,
  limits,
  flags,
  signatureVerificationGas,
}: Params) {
  const fee = (name: FeeName) => feeView(fees[name])
  return {
    storage_amount_per_byte: storage.amountPerByte.toString(),
    transaction_costs: {
      action_receipt_creation_config: fee('action_receipt_creation'),
      data_receipt_creation_config: {
        base_cost: fee('data_receipt_creation_base'),
        cost_per_byte: fee('data_receipt_creation_per_byte'),
      },
      action_creation_config: {
        create_account_cost: fee('create_account'),
        deploy_contract_cost: fee('deploy_contract'),
        deploy_contract_cost_per_byte: fee('deploy_contract_per_byte'),
        function_call_cost: fee('function_call'),
        function_call_cost_per_byte: fee('function_call_per_byte'),
        transfer_cost: fee('transfer'),
        stake_cost: fee('stake'),
        add_key_cost: {
          full_access_cost: fee('add_full_access_key'),
          function_call_cost: fee('add_function_call_key'),
          function_call_cost_per_byte: fee('add_function_call_key_per_byte'),
        },
        delete_key_cost: fee('delete_key'),
        delete_account_cost: fee('delete_account'),
        delegate_cost: fee('delegate'),
      },
      storage_usage_config: {
        num_bytes_account: Number(storage.numBytesAccount),
        num_extra_bytes_record: Number(storage.numExtraBytesRecord),
      },
      burnt_gas_reward: economics.burntGasReward.map(Number),
      pessimistic_gas_price_inflation_ratio: [1, 1],
      ml_dsa_65_verification_cost: Number(signatureVerificationGas.ml_dsa_65),
    },
    wasm_config: {
      ext_costs: { ...gone, ...extCosts },
      grow_mem_cost: 1,
      regular_op_cost: wasm.regularOpCost,
      linear_op_base_cost: wasm.linearOpBaseCost,
      linear_op_unit_cost: wasm.linearOpUnitCost,
      vm_kind: 'Wasmtime',
      ...flags,
      storage_get_mode: 'FlatStorage',
      implicit_account_creation: true,
      limit_config: { ...limits, account_id_validity_rules_version: 2 },
    },
    account_creation_config: {
      min_allowed_top_level_account_length: accountCreation.minTopLevelLength,
      registrar_account_id: accountCreation.registrar,
    },
    congestion_control_config: congestion,
    witness_config: witness,
    min_gas_purchase_price: economics.minGasPurchasePrice.toString(),
    account_creation_charge: economics.accountCreationCharge.toString(),
  }
}
