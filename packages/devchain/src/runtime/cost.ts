// What a list of actions takes along, and what a transaction costs its signer (nearcore `runtime/runtime/src/config.rs`).
import type { AccountId, Action, PublicKey, Transaction } from '@dcml/light-client'
import type { Params } from '../params/types.ts'
import type { Receipt } from '../wire/types.ts'
import { larger } from './amounts.ts'
import { execFee, sendFees } from './fees.ts'
import { curveOf } from './public-key.ts'

const U64_MAX = 2n ** 64n - 1n
const U128_MAX = 2n ** 128n - 1n

type DelegateLike = Extract<Action, { type: 'Delegate' | 'DelegateV2' }>

const isDelegate = (action: Action): action is DelegateLike =>
  action.type === 'Delegate' || action.type === 'DelegateV2'

const sum = (actions: readonly Action[], of: (action: Action) => bigint): bigint =>
  actions.reduce((total, action) => total + of(action), 0n)

/** Gas attached to function calls, those inside delegate actions included. */
export const prepaidGas = (actions: readonly Action[]): bigint =>
  sum(actions, (action) =>
    isDelegate(action) ? prepaidGas(action.delegateAction.actions) : action.type === 'FunctionCall' ? action.gas : 0n,
  )

/** yoctoNEAR the actions hand over, those inside delegate actions included. */
export const totalDeposit = (actions: readonly Action[]): bigint =>
  sum(actions, (action) =>
    isDelegate(action) ? totalDeposit(action.delegateAction.actions) : 'deposit' in action ? action.deposit : 0n,
  )

/** A relayer pays ahead for sending what it carries; everything else is burnt when it is sent. */
export const prepaidSendFees = (params: Params, actions: readonly Action[]): bigint =>
  sum(actions, (action) => {
    if (!isDelegate(action)) return 0n
    const { senderId, receiverId, actions: inner } = action.delegateAction
    return sendFees(params, senderId === receiverId, inner, receiverId)
  })

/** Execution fees of the actions and of all they carry. */
export const prepaidExecFees = (params: Params, actions: readonly Action[], receiverId: AccountId): bigint =>
  sum(actions, (action) => {
    if (!isDelegate(action)) return execFee(params, action, receiverId)
    const inner = action.delegateAction
    return (
      prepaidExecFees(params, inner.actions, inner.receiverId) +
      execFee(params, action, inner.receiverId) +
      params.fees.action_receipt_creation.execution
    )
  })

/** What a receipt of these actions takes to run on its receiver: the gas a delegate action reserves for it. */
export const receiptCost = (params: Params, actions: readonly Action[], receiverId: AccountId): bigint =>
  prepaidExecFees(params, actions, receiverId) + prepaidGas(actions) + params.fees.action_receipt_creation.execution

/** Gas in gas units, everything else in yoctoNEAR. */
export interface TransactionCost {
  /** Burnt by making the receipt. */
  readonly gasBurnt: bigint
  readonly burntAmount: bigint
  /** Bought for the receipt at {@link receiptGasPrice}. */
  readonly gasRemaining: bigint
  readonly receiptGasPrice: bigint
  /** For both. */
  readonly gasCost: bigint
  readonly depositCost: bigint
  readonly totalCost: bigint
}

/** Cost of a transaction at a block's gas price; null where it does not fit nearcore's integers (`CostOverflow`). */
export function transactionCost(
  params: Params,
  transaction: Pick<Transaction, 'signerId' | 'receiverId' | 'publicKey' | 'actions'>,
  gasPrice: bigint,
): TransactionCost | null {
  const { signerId, receiverId, publicKey, actions } = transaction
  const senderIsReceiver = signerId === receiverId
  const receipt = params.fees.action_receipt_creation
  const gasBurnt =
    (senderIsReceiver ? receipt.sendSir : receipt.sendNotSir) +
    sendFees(params, senderIsReceiver, actions, receiverId) +
    signatureGas(params, publicKey, actions)
  const gasRemaining = receiptGas(params, actions, receiverId)
  const { minGasPurchasePrice } = params.economics
  const receiptGasPrice = larger(gasPrice, minGasPurchasePrice)
  const burntAmount = gasPrice * gasBurnt
  const gasCost = burntAmount + receiptGasPrice * gasRemaining
  const depositCost = totalDeposit(actions)
  const totalCost = gasCost + depositCost
  // all parts are positive: the sums overflow where one of their parts does
  if (gasBurnt > U64_MAX || gasRemaining > U64_MAX || totalCost > U128_MAX) return null
  return { gasBurnt, burntAmount, gasRemaining, receiptGasPrice, gasCost, depositCost, totalCost }
}

/** What verifying the signer's and delegates' signatures costs more than classical ones. */
function signatureGas(params: Params, signerKey: PublicKey, actions: readonly Action[]): bigint {
  const { signatureVerificationGas: gas } = params
  const of = (key: PublicKey): bigint => {
    const curve = curveOf(key)
    return gas[curve === 'ml-dsa-65' ? 'ml_dsa_65' : curve]
  }
  return of(signerKey) + sum(actions, (action) => (isDelegate(action) ? of(action.delegateAction.publicKey) : 0n))
}

/** yoctoNEAR an action receipt carries: its deposits and the gas bought for it. */
export const receiptValue = (params: Params, { receiverId, body }: Receipt): bigint =>
  body.type === 'Action' || body.type === 'PromiseYield'
    ? totalDeposit(body.actions) + body.gasPrice * receiptGas(params, body.actions, receiverId)
    : 0n

/** Gas bought for a receipt of these actions. */
export const receiptGas = (params: Params, actions: readonly Action[], receiverId: AccountId): bigint =>
  receiptCost(params, actions, receiverId) + prepaidSendFees(params, actions)
