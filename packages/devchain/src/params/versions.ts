import figures from './figures.json' with { type: 'json' }
import type { Fee, FeeName, Params, ProtocolVersion } from './types.ts'

const fees = Object.fromEntries(
  Object.entries(figures.fees).map(([name, fee]) => [
    name,
    { sendSir: BigInt(fee.send_sir), sendNotSir: BigInt(fee.send_not_sir), execution: BigInt(fee.execution) },
  ]),
) as unknown as Record<FeeName, Fee>

const ratio = ([numerator, denominator]: readonly number[]): readonly [bigint, bigint] => [
  BigInt(numerator!),
  BigInt(denominator!),
]

function build(protocolVersion: ProtocolVersion): Params {
  const { economics, storage, signature_verification_gas, from_87 } = figures
  const next = protocolVersion >= 87
  const limits = { ...figures.limits, ...(next && from_87.limits) }
  return {
    protocolVersion,
    fees,
    signatureVerificationGas: {
      ed25519: BigInt(signature_verification_gas.ed25519),
      secp256k1: BigInt(signature_verification_gas.secp256k1),
      ml_dsa_65: BigInt(signature_verification_gas.ml_dsa_65),
    },
    economics: {
      burntGasReward: ratio(next ? from_87.economics.burnt_gas_reward : economics.burnt_gas_reward),
      minGasPrice: BigInt(economics.min_gas_price),
      minGasPurchasePrice: BigInt(economics.min_gas_purchase_price),
      maxGasPriceMultiplier: BigInt(economics.max_gas_price_multiplier_of_min),
      gasPriceAdjustmentRate: ratio(economics.gas_price_adjustment_rate),
      accountCreationCharge: BigInt(economics.account_creation_charge),
      gasRefundPenalty: ratio(economics.gas_refund_penalty),
      minGasRefundPenalty: BigInt(economics.min_gas_refund_penalty),
    },
    storage: {
      amountPerByte: BigInt(storage.storage_amount_per_byte),
      globalContractAmountPerByte: BigInt(storage.global_contract_storage_amount_per_byte),
      numBytesAccount: BigInt(storage.num_bytes_account),
      numExtraBytesRecord: BigInt(storage.num_extra_bytes_record),
      zeroBalanceAccountLimit: BigInt(storage.zero_balance_account_storage_limit),
      maxAccountDeletionUsage: BigInt(storage.max_account_deletion_storage_usage),
    },
    accountCreation: {
      minTopLevelLength: figures.account_creation.min_allowed_top_level_account_length,
      registrar: figures.account_creation.registrar_account_id,
    },
    extCosts: { ...figures.ext_costs, ...(next && from_87.ext_costs) },
    wasm: {
      regularOpCost: figures.wasm.regular_op_cost,
      linearOpBaseCost: figures.wasm.linear_op_base_cost,
      linearOpUnitCost: figures.wasm.linear_op_unit_cost,
      limits,
      ...(next && { minContractSizePerLocal: from_87.wasm.min_contract_size_per_local }),
    },
    limits,
    flags: { ...figures.flags, ...(next && from_87.flags) },
  }
}

const versions: Readonly<Record<ProtocolVersion, Params>> = { 86: build(86), 87: build(87) }

/** NEAR's parameters at a protocol version: one shared, immutable object each. Figures and sources: `figures.json`. */
export const paramsFor = (version: ProtocolVersion): Params => versions[version]
