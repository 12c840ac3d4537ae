// Rules a list of actions keeps before it may become a receipt (nearcore `runtime/runtime/src/action_validation.rs`).
// Each check returns nearcore's `ActionsValidationError` in its serde shape, or null.
import { type AccountId, type Action, isAccountId, parsePublicKey } from '@dcml/light-client'
import { utf8 } from '@dcml/protocol'
import { ed25519 } from '@noble/curves/ed25519.js'
import type { LimitName, Params } from '../../params/types.ts'
import { u64Json } from '../../wire/json/scalars.ts'
import { deterministicAccountId } from '../account-id.ts'
import { prepaidGas } from '../cost.ts'
import { methodNamesLength } from '../fees.ts'
import { amountJson } from '../json.ts'

export type ActionsValidationError = string | { readonly [variant: string]: unknown }

/** New receipts meet rules that older ones in flight may break. */
export type Mode = 'new' | 'existing'

const MAX_GAS_KEY_NONCES = 1024
const U64_MAX = 2n ** 64n - 1n

interface Rules {
  readonly params: Params
  readonly mode: Mode
  readonly receiverId: AccountId
}

export function validateActions(
  params: Params,
  actions: readonly Action[],
  receiverId: AccountId,
  mode: Mode = 'new',
): ActionsValidationError | null {
  const tooMany = tooManyActions(params, actions)
  if (tooMany) return tooMany
  if (mode === 'new') {
    const error = tooManyDeploys(params, actions) ?? tooManyEntries(params, actions)
    if (error) return error
  }
  let delegates = 0
  for (const [index, action] of actions.entries()) {
    if (action.type === 'DeleteAccount' && index < actions.length - 1) return 'DeleteActionMustBeFinal'
    if ((action.type === 'Delegate' || action.type === 'DelegateV2') && ++delegates > 1)
      return 'DelegateActionMustBeOnlyOne'
    const error = validateAction({ params, mode, receiverId }, action)
    if (error) return error
  }
  const gas = prepaidGas(actions)
  const limit = params.limits.max_total_prepaid_gas
  if (gas > U64_MAX) return 'IntegerOverflow'
  if (gas > BigInt(limit)) return { TotalPrepaidGasExceeded: { total_prepaid_gas: u64Json(gas), limit } }
  return null
}

function tooManyActions({ limits }: Params, actions: readonly Action[]): ActionsValidationError | null {
  const limit = limits.max_actions_per_receipt
  return actions.length > limit
    ? { TotalNumberOfActionsExceeded: { total_number_of_actions: actions.length, limit } }
    : null
}

function tooManyDeploys({ limits }: Params, actions: readonly Action[]): ActionsValidationError | null {
  const limit = limits.max_deploy_actions_per_receipt
  const count = actions.filter(({ type }) => type === 'DeployContract' || type === 'DeployGlobalContract').length
  return count > limit ? { TotalNumberOfDeployActionsExceeded: { number_of_deploy_actions: count, limit } } : null
}

/** Since 87: state init entries of one receipt, together. */
function tooManyEntries({ limits }: Params, actions: readonly Action[]): ActionsValidationError | null {
  const limit = limits.max_state_init_entries
  const count = actions.reduce(
    (sum, action) => sum + (action.type === 'DeterministicStateInit' ? action.stateInit.data.length : 0),
    0,
  )
  return count > limit ? { TotalNumberOfStateInitEntriesExceeded: { number_of_entries: count, limit } } : null
}

function validateAction(rules: Rules, action: Action): ActionsValidationError | null {
  const { limits } = rules.params
  switch (action.type) {
    case 'DeployContract':
    case 'DeployGlobalContract':
      return above('ContractSizeExceeded', 'size', action.code.length, limits, 'max_contract_size')
    case 'UseGlobalContract':
      return action.contract.type === 'AccountId' ? validAccount(action.contract.accountId) : null
    case 'FunctionCall':
      return validateFunctionCall(rules, action)
    case 'Stake':
      return isStakingKey(action.publicKey) ? null : { UnsuitableStakingKey: { public_key: action.publicKey } }
    case 'AddKey':
      return validateAddKey(rules, action)
    case 'DeleteAccount':
      return validAccount(action.beneficiaryId)
    case 'Delegate':
    case 'DelegateV2':
      return validateDelegate(rules, action)
    case 'DeterministicStateInit':
      return validateStateInit(rules, action)
    default:
      return null
  }
}

function validateFunctionCall(
  { params, mode }: Rules,
  { methodName, args, gas }: Extract<Action, { type: 'FunctionCall' }>,
): ActionsValidationError | null {
  if (gas === 0n) return 'FunctionCallZeroAttachedGas'
  if (mode === 'new' && params.protocolVersion >= 87 && methodName === '') return 'FunctionCallEmptyMethodName'
  const { limits } = params
  return (
    above(
      'FunctionCallMethodNameLengthExceeded',
      'length',
      utf8(methodName).length,
      limits,
      'max_length_method_name',
    ) ?? above('FunctionCallArgumentsLengthExceeded', 'length', args.length, limits, 'max_arguments_length')
  )
}

function validateAddKey(
  { params: { limits } }: Rules,
  { accessKey: { permission } }: Extract<Action, { type: 'AddKey' }>,
): ActionsValidationError | null {
  if ('methodNames' in permission) {
    const { receiverId, methodNames } = permission
    if (!isAccountId(receiverId)) return { InvalidAccountId: { account_id: receiverId.slice(0, 128) } }
    for (const name of methodNames) {
      const error = above(
        'AddKeyMethodNameLengthExceeded',
        'length',
        utf8(name).length,
        limits,
        'max_length_method_name',
      )
      if (error) return error
    }
    const bytes = methodNamesLength(methodNames)
    const error = above(
      'AddKeyMethodNamesNumberOfBytesExceeded',
      'total_number_of_bytes',
      bytes,
      limits,
      'max_number_bytes_method_names',
    )
    if (error) return error
  }
  if (!('gasKey' in permission)) return null
  const { balance, numNonces } = permission.gasKey
  if ('allowance' in permission && permission.allowance !== null) return 'GasKeyFunctionCallAllowanceNotAllowed'
  if (numNonces === 0 || numNonces > MAX_GAS_KEY_NONCES)
    return { GasKeyInvalidNumNonces: { requested_nonces: numNonces, limit: MAX_GAS_KEY_NONCES } }
  return balance === 0n ? null : { AddGasKeyWithNonZeroBalance: { balance: amountJson(balance) } }
}

function validateDelegate(
  { params, mode }: Rules,
  { type, delegateAction }: Extract<Action, { type: 'Delegate' | 'DelegateV2' }>,
): ActionsValidationError | null {
  const from87 = mode === 'new' && params.protocolVersion >= 87
  if (from87 && type === 'DelegateV2')
    return { UnsupportedProtocolFeature: { protocol_feature: 'DelegateV2', version: params.protocolVersion } }
  const tooMany = tooManyActions(params, delegateAction.actions)
  if (tooMany) return tooMany
  if (from87 && delegateAction.actions.some((action) => action.type === 'WithdrawFromGasKey'))
    return 'WithdrawFromGasKeyNotAllowedInDelegate'
  return validateActions(params, delegateAction.actions, delegateAction.receiverId, mode)
}

function validateStateInit(
  { params: { limits }, receiverId }: Rules,
  { stateInit }: Extract<Action, { type: 'DeterministicStateInit' }>,
): ActionsValidationError | null {
  const invalid = stateInit.code.type === 'AccountId' ? validAccount(stateInit.code.accountId) : null
  if (invalid) return invalid
  const derived = deterministicAccountId(stateInit)
  if (derived !== receiverId)
    return { InvalidDeterministicStateInitReceiver: { receiver_id: receiverId, derived_id: derived } }
  for (const [key, value] of stateInit.data) {
    const error =
      above('DeterministicStateInitKeyLengthExceeded', 'length', key.length, limits, 'max_length_storage_key') ??
      above('DeterministicStateInitValueLengthExceeded', 'length', value.length, limits, 'max_length_storage_value')
    if (error) return error
  }
  return null
}

const above = (
  variant: string,
  field: string,
  value: number,
  limits: Params['limits'],
  name: LimitName,
): ActionsValidationError | null =>
  value > limits[name] ? { [variant]: { [field]: value, limit: limits[name] } } : null

const validAccount = (id: AccountId): ActionsValidationError | null =>
  isAccountId(id) ? null : { InvalidAccountId: { account_id: id } }

/** Validators sign with a key that is a point of the prime-order group (nearcore `is_valid_staking_key`). */
function isStakingKey(key: string): boolean {
  const { curve, bytes } = parsePublicKey(key)
  if (curve !== 'ed25519') return false
  try {
    return ed25519.Point.fromBytes(bytes).isTorsionFree()
  } catch {
    return false
  }
}
