// Whether a signer may and can pay for a transaction, and what it leaves behind (nearcore `runtime/runtime/src/
// verifier.rs`). Nothing here writes state.
import type { AccessKey, Transaction } from '@dcml/light-client'
import type { Account } from '../../state/types.ts'
import type { TransactionCost } from '../cost.ts'
import { amountJson } from '../json.ts'
import type { BlockContext, InvalidTxError } from '../types.ts'
import { nonceError } from './nonce.ts'
import { forbiddenByKey } from './permission.ts'
import { missingForStorage } from './storage-stake.ts'

/** Result of judging a transaction against its signer's state. */
export type Verdict =
  | { readonly type: 'Failed'; readonly error: InvalidTxError }
  | ({ readonly type: 'Charged' } & Charge)
  /** A gas key paid for a transaction whose deposit its account cannot cover: gas is burnt, nothing is sent. */
  | ({ readonly type: 'DepositFailed'; readonly error: InvalidTxError } & Charge)

/** State after a transaction was paid for. */
export interface Charge {
  /** yoctoNEAR the signer has left. */
  readonly amount: bigint
  /** The key as it is written back; null for an impersonated account without one. */
  readonly accessKey: AccessKey | null
  /** Which nonce of a gas key advances. */
  readonly gasKeyNonce: { readonly index: number; readonly nonce: bigint } | null
}

const failed = (error: InvalidTxError): Verdict => ({ type: 'Failed', error })

/** A transaction whose key pays from the account's balance. */
export function chargeAccount(
  context: BlockContext,
  transaction: Transaction,
  account: Account,
  accessKey: AccessKey,
  cost: TransactionCost,
): Verdict {
  const { permission } = accessKey
  if ('gasKey' in permission)
    return failed({ InvalidNonceIndex: { tx_nonce_index: null, num_nonces: permission.gasKey.numNonces } })
  const badNonce = nonceError(transaction.nonce, accessKey.nonce, context.height, transaction.nonceMode ?? 'Monotonic')
  if (badNonce) return failed(badNonce)
  const paid = pay(context, transaction, account, cost, 'allowance' in permission ? permission.allowance : null)
  if ('error' in paid) return failed(paid.error)
  const forbidden = forbiddenByKey(permission, transaction)
  if (forbidden) return failed({ InvalidAccessKeyError: forbidden })
  const allowance =
    'allowance' in permission && permission.allowance !== null ? permission.allowance - cost.totalCost : null
  return {
    type: 'Charged',
    amount: paid.amount,
    accessKey: {
      nonce: transaction.nonce,
      permission: allowance === null ? permission : ({ ...permission, allowance } as typeof permission),
    },
    gasKeyNonce: null,
  }
}

/** A transaction of an impersonated account: it pays, but nothing else is asked of it. */
export function chargeImpersonated(
  context: BlockContext,
  transaction: Transaction,
  account: Account,
  cost: TransactionCost,
): Verdict {
  const paid = pay(context, transaction, account, cost, null)
  if ('error' in paid) return failed(paid.error)
  return { type: 'Charged', amount: paid.amount, accessKey: null, gasKeyNonce: null }
}

/** The balance, then the allowance, then the storage stake: in nearcore's order. */
function pay(
  { params }: BlockContext,
  { signerId, publicKey }: Transaction,
  account: Account,
  { totalCost }: TransactionCost,
  allowance: bigint | null,
): { readonly amount: bigint } | { readonly error: InvalidTxError } {
  const amount = account.amount - totalCost
  const cost = amountJson(totalCost)
  if (amount < 0n)
    return { error: { NotEnoughBalance: { signer_id: signerId, balance: amountJson(account.amount), cost } } }
  if (allowance !== null && allowance < totalCost)
    return {
      error: {
        InvalidAccessKeyError: {
          NotEnoughAllowance: { account_id: signerId, public_key: publicKey, allowance: amountJson(allowance), cost },
        },
      },
    }
  const missing = missingForStorage(params, account, amount)
  if (missing > 0n) return { error: { LackBalanceForState: { signer_id: signerId, amount: amountJson(missing) } } }
  return { amount }
}

/** A transaction whose gas key pays for gas, while the account pays the deposits. */
export function chargeGasKey(
  context: BlockContext,
  transaction: Transaction & { readonly nonceIndex: number },
  account: Account,
  accessKey: AccessKey,
  nonceOf: (index: number) => bigint | undefined,
  cost: TransactionCost,
): Verdict {
  const { signerId, publicKey, nonce, nonceIndex: index } = transaction
  const { permission } = accessKey
  if (!('gasKey' in permission))
    return failed({ InvalidAccessKeyError: { AccessKeyNotFound: { account_id: signerId, public_key: publicKey } } })
  const { balance, numNonces } = permission.gasKey
  const current = nonceOf(index)
  if (index >= numNonces || current === undefined)
    return failed({ InvalidNonceIndex: { tx_nonce_index: index, num_nonces: numNonces } })
  const badNonce = nonceError(nonce, current, context.height, transaction.nonceMode ?? 'Monotonic')
  if (badNonce) return failed(badNonce)
  if (balance < cost.gasCost)
    return failed({
      NotEnoughGasKeyBalance: { signer_id: signerId, balance: amountJson(balance), cost: amountJson(cost.gasCost) },
    })
  const forbidden = forbiddenByKey(permission, transaction)
  if (forbidden) return failed({ InvalidAccessKeyError: forbidden })

  const withBalance = (left: bigint): AccessKey => ({
    ...accessKey,
    permission: { ...permission, gasKey: { ...permission.gasKey, balance: left } },
  })
  const gasKeyNonce = { index, nonce }
  const amount = account.amount - cost.depositCost
  const lack =
    amount < 0n
      ? { balance: account.amount, cost: cost.depositCost, reason: 'NotEnoughBalance' }
      : { balance: amount, cost: missingForStorage(context.params, account, amount), reason: 'LackBalanceForState' }
  if (amount >= 0n && lack.cost === 0n)
    return { type: 'Charged', amount, accessKey: withBalance(balance - cost.gasCost), gasKeyNonce }
  return {
    type: 'DepositFailed',
    error: {
      NotEnoughBalanceForDeposit: {
        signer_id: signerId,
        balance: amountJson(lack.balance),
        cost: amountJson(lack.cost),
        reason: lack.reason,
      },
    },
    amount: account.amount,
    accessKey: withBalance(balance - cost.burntAmount),
    gasKeyNonce,
  }
}
