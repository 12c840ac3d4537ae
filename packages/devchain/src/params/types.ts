import type { AccountId } from '@dcml/light-client'

/** Protocol versions the devchain speaks: mainnet's, and the next one. */
export type ProtocolVersion = 86 | 87

/** Gas of one fee: burnt when sent (cheaper to oneself), and when executed. */
export interface Fee {
  readonly sendSir: bigint
  readonly sendNotSir: bigint
  readonly execution: bigint
}

/** NEAR's runtime configuration at one protocol version (nearcore `core/parameters`). Gas in gas, money in yoctoNEAR. */
export interface Params {
  readonly protocolVersion: ProtocolVersion
  /** By nearcore's snake_case names, as in its parameter snapshots: `transfer`, `function_call_per_byte` … */
  readonly fees: Readonly<Record<FeeName, Fee>>
  readonly signatureVerificationGas: {
    readonly ed25519: bigint
    readonly secp256k1: bigint
    readonly ml_dsa_65: bigint
  }
  readonly economics: {
    readonly burntGasReward: readonly [numerator: bigint, denominator: bigint]
    readonly minGasPrice: bigint
    readonly minGasPurchasePrice: bigint
    readonly maxGasPriceMultiplier: bigint
    readonly gasPriceAdjustmentRate: readonly [numerator: bigint, denominator: bigint]
    readonly accountCreationCharge: bigint
    readonly gasRefundPenalty: readonly [numerator: bigint, denominator: bigint]
    readonly minGasRefundPenalty: bigint
  }
  readonly storage: {
    readonly amountPerByte: bigint
    readonly globalContractAmountPerByte: bigint
    readonly numBytesAccount: bigint
    readonly numExtraBytesRecord: bigint
    readonly zeroBalanceAccountLimit: bigint
    readonly maxAccountDeletionUsage: bigint
  }
  readonly accountCreation: { readonly minTopLevelLength: number; readonly registrar: AccountId }
  /** Gas of the host's own work, by nearcore's names: `storage_read_base` … Small enough for doubles. */
  readonly extCosts: Readonly<Record<string, number>>
  readonly wasm: WasmParams
  readonly limits: Readonly<Record<LimitName, number>>
  /** Host functions and behaviours this version has, by the flag names of nearcore. */
  readonly flags: Readonly<Record<string, boolean>>
}

/** What contract preparation needs. */
export interface WasmParams {
  readonly regularOpCost: number
  readonly linearOpBaseCost: number
  readonly linearOpUnitCost: number
  readonly limits: Readonly<Record<LimitName, number>>
  /** From 87: code bytes a contract must have per local. */
  readonly minContractSizePerLocal?: number
}

export type FeeName =
  | 'action_receipt_creation'
  | 'data_receipt_creation_base'
  | 'data_receipt_creation_per_byte'
  | 'create_account'
  | 'delete_account'
  | 'deploy_contract'
  | 'deploy_contract_per_byte'
  | 'function_call'
  | 'function_call_per_byte'
  | 'transfer'
  | 'stake'
  | 'add_full_access_key'
  | 'add_function_call_key'
  | 'add_function_call_key_per_byte'
  | 'delete_key'
  | 'delegate'
  | 'deploy_global_contract'
  | 'deploy_global_contract_per_byte'
  | 'use_global_contract'
  | 'use_global_contract_per_identifier_byte'
  | 'deterministic_state_init'
  | 'deterministic_state_init_per_entry'
  | 'deterministic_state_init_per_byte'
  | 'gas_key_transfer'
  | 'gas_key_byte'
  | 'gas_key_nonce_write_base'

export type LimitName =
  | 'max_gas_burnt'
  | 'max_gas_burnt_view'
  | 'max_total_prepaid_gas'
  | 'max_stack_height'
  | 'initial_memory_pages'
  | 'max_memory_pages'
  | 'registers_memory_limit'
  | 'max_register_size'
  | 'max_number_registers'
  | 'max_number_logs'
  | 'max_total_log_length'
  | 'max_actions_per_receipt'
  | 'max_deploy_actions_per_receipt'
  | 'max_number_bytes_method_names'
  | 'max_length_method_name'
  | 'max_arguments_length'
  | 'max_length_returned_data'
  | 'max_contract_size'
  | 'max_transaction_size'
  | 'max_receipt_size'
  | 'max_length_storage_key'
  | 'max_length_storage_value'
  | 'max_promises_per_function_call_action'
  | 'max_number_input_data_dependencies'
  | 'max_receipt_total_input_size'
  | 'max_functions_number_per_contract'
  | 'max_locals_per_contract'
  | 'max_params_per_contract'
  | 'max_params_per_function'
  | 'max_operand_stack_bytes_per_function'
  | 'max_tables_per_contract'
  | 'max_elements_per_contract_table'
  | 'max_function_body_size'
  | 'max_instrumented_code_size'
  | 'max_blocks_per_function'
  | 'max_blocks_per_contract'
  | 'max_types_per_contract'
  | 'yield_timeout_length_in_blocks'
  | 'max_yield_payload_size'
  | 'per_receipt_storage_proof_size_limit'
  | 'max_state_init_entries'
