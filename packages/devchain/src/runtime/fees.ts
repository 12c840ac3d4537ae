// What each action costs to send and to execute, in gas (nearcore `runtime/runtime/src/config.rs`,
// `core/parameters/src/cost.rs`).
import type { AccessKeyPermission, AccountId, Action, PublicKey } from '@dcml/light-client'
import { utf8 } from '@dcml/protocol'
import type { Fee, FeeName, Params } from '../params/types.ts'
import { accountType, identifierLength } from './account-id.ts'
import { handleLength, wireLength } from './public-key.ts'

/** Burnt when the action is sent (cheaper to oneself), or when it is executed. */
type Side = keyof Fee

/** Borsh of `GasKeyInfo`, `{ u128, u16 }`. */
const GAS_KEY_INFO_LENGTH = 18
/** Borsh of an access key with a `GasKeyFullAccess` permission. */
const GAS_KEY_LENGTH = 27
const NONCE_LENGTH = 8
const NONCE_INDEX_LENGTH = 2

/** Send fees of `actions` to `receiverId`. */
export const sendFees = (
  params: Params,
  senderIsReceiver: boolean,
  actions: readonly Action[],
  receiverId: AccountId,
): bigint =>
  actions.reduce(
    (sum, action) => sum + sendFee(params, senderIsReceiver ? 'sendSir' : 'sendNotSir', action, receiverId),
    0n,
  )

function sendFee(params: Params, side: Side, action: Action, receiverId: AccountId): bigint {
  const fee = tariff(params, side)
  switch (action.type) {
    case 'AddKey':
      return (
        keyFee(fee, action.accessKey.permission) +
        ('gasKey' in action.accessKey.permission ? fee('gas_key_byte', GAS_KEY_INFO_LENGTH) : 0n)
      )
    case 'TransferToGasKey':
    case 'WithdrawFromGasKey': {
      const length = params.flags.fix_ml_dsa_cost_charging ? wireLength : handleLength
      return fee('gas_key_transfer') + fee('gas_key_byte', length(action.publicKey))
    }
    case 'Delegate':
    case 'DelegateV2': {
      const { actions, receiverId: inner } = action.delegateAction
      return fee('delegate') + sendFees(params, side === 'sendSir', actions, inner)
    }
    default:
      return commonFee(fee, action, receiverId)
  }
}

/** Burnt when `action` is executed on `receiverId`; what a function call burns comes on top. */
export function execFee(params: Params, action: Action, receiverId: AccountId): bigint {
  const fee = tariff(params, 'execution')
  switch (action.type) {
    case 'AddKey': {
      const { permission } = action.accessKey
      const base = keyFee(fee, permission)
      if (!('gasKey' in permission)) return base
      const { numNonces } = permission.gasKey
      const bytes = stateKeyLength(receiverId, action.publicKey) + NONCE_INDEX_LENGTH + NONCE_LENGTH
      return base + fee('gas_key_nonce_write_base', numNonces) + fee('gas_key_byte', numNonces * bytes)
    }
    case 'TransferToGasKey':
    case 'WithdrawFromGasKey':
      return (
        fee('gas_key_transfer') + fee('gas_key_byte', stateKeyLength(receiverId, action.publicKey) + GAS_KEY_LENGTH)
      )
    case 'Delegate':
    case 'DelegateV2':
      return fee('delegate')
    default:
      return commonFee(fee, action, receiverId)
  }
}

type Tariff = (name: FeeName, times?: number) => bigint

const tariff =
  (params: Params, side: Side): Tariff =>
  (name, times = 1) =>
    params.fees[name][side] * BigInt(times)

/** Actions whose send and execution fees have the same shape. */
function commonFee(
  fee: Tariff,
  action: Exclude<Action, { type: 'AddKey' | 'TransferToGasKey' | 'WithdrawFromGasKey' | 'Delegate' | 'DelegateV2' }>,
  receiverId: AccountId,
): bigint {
  switch (action.type) {
    case 'CreateAccount':
      return fee('create_account')
    case 'DeployContract':
      return fee('deploy_contract') + fee('deploy_contract_per_byte', action.code.length)
    case 'FunctionCall':
      return fee('function_call') + fee('function_call_per_byte', utf8(action.methodName).length + action.args.length)
    case 'Transfer':
      return fee('transfer') + implicitAccountFee(fee, receiverId)
    case 'Stake':
      return fee('stake')
    case 'DeleteKey':
      return fee('delete_key')
    case 'DeleteAccount':
      return fee('delete_account')
    case 'DeployGlobalContract':
      return fee('deploy_global_contract') + fee('deploy_global_contract_per_byte', action.code.length)
    case 'UseGlobalContract':
      return (
        fee('use_global_contract') + fee('use_global_contract_per_identifier_byte', identifierLength(action.contract))
      )
    case 'DeterministicStateInit': {
      const { data } = action.stateInit
      const bytes = data.reduce((sum, [key, value]) => sum + key.length + value.length, 0)
      return (
        fee('deterministic_state_init') +
        fee('deterministic_state_init_per_entry', data.length) +
        fee('deterministic_state_init_per_byte', bytes)
      )
    }
  }
}

/** A transfer to an id that can exist by itself pays for creating it, whether it exists or not. */
function implicitAccountFee(fee: Tariff, receiverId: AccountId): bigint {
  switch (accountType(receiverId)) {
    case 'NearImplicit':
      return fee('create_account') + fee('add_full_access_key')
    case 'EthImplicit':
    case 'NearDeterministic':
      return fee('create_account')
    case 'Named':
      return 0n
  }
}

function keyFee(fee: Tariff, permission: AccessKeyPermission): bigint {
  if (!('methodNames' in permission)) return fee('add_full_access_key')
  return fee('add_function_call_key') + fee('add_function_call_key_per_byte', methodNamesLength(permission.methodNames))
}

/** As nearcore stores and bounds them: each name with a terminator. */
export const methodNamesLength = (names: readonly string[]): number =>
  names.reduce((sum, name) => sum + utf8(name).length + 1, 0)

/** Bytes of an access key's trie key: column, account, separator, key. */
const stateKeyLength = (accountId: AccountId, key: PublicKey): number => 2 + accountId.length + handleLength(key)
