// What nearcore asks of a transaction, in its order (`runtime/runtime/src/verifier.rs`, `process_transactions`).
import type { SignedTransaction } from '@dcml/light-client'
import { type Account, getAccessKey, getAccount, getGasKeyNonce, type StateUpdate } from '../../state/index.ts'
import { type TransactionCost, transactionCost } from '../cost.ts'
import { curveOf } from '../public-key.ts'
import type { BlockContext, InvalidTxError, VerifyTransaction } from '../types.ts'
import { validateActions } from './actions.ts'
import { chargeAccount, chargeGasKey, chargeImpersonated, type Verdict } from './charge.ts'
import { isSigned } from './signature.ts'

/** A tag and the signature. */
const SIGNATURE_SIZES = { ed25519: 65, secp256k1: 66, 'ml-dsa-65': 3310 } as const

/** A transaction that its signer pays for. */
export interface Accepted {
  readonly account: Account
  readonly cost: TransactionCost
  readonly verdict: Exclude<Verdict, { type: 'Failed' }>
}

/**
 * Judges a transaction against the state before it.
 * @param unknownSigner how a signer without account is called: RPC and chunks use different names
 */
export function judge(
  state: Pick<StateUpdate, 'get'>,
  signedTransaction: SignedTransaction,
  context: BlockContext,
  unknownSigner: 'SignerDoesNotExist' | 'InvalidSignerId',
): Accepted | { readonly error: InvalidTxError } {
  const { params, impersonated } = context
  const { transaction, signature, size } = signedTransaction
  const { signerId, receiverId, actions } = transaction
  if (!context.isBlockValid(transaction.blockHash)) return { error: 'Expired' }
  const badActions = validateActions(params, actions, receiverId)
  if (badActions) return { error: { ActionsValidation: badActions } }
  const limit = params.limits.max_transaction_size
  const signedSize = size + SIGNATURE_SIZES[curveOf(signature)]
  if (signedSize > limit) return { error: { TransactionSizeExceeded: { size: signedSize, limit } } }
  const signed = isSigned(signedTransaction)
  if (!signed && !impersonated.has(signerId)) return { error: 'InvalidSignature' }
  const cost = transactionCost(params, transaction, context.gasPrice)
  if (!cost) return { error: 'CostOverflow' }
  const account = getAccount(state, signerId)
  if (!account) return { error: { [unknownSigner]: { signer_id: signerId } } }
  const verdict = charge(state, transaction, context, account, cost, signed)
  return verdict.type === 'Failed' ? { error: verdict.error } : { account, cost, verdict }
}

function charge(
  state: Pick<StateUpdate, 'get'>,
  transaction: SignedTransaction['transaction'],
  context: BlockContext,
  account: Account,
  cost: TransactionCost,
  signed: boolean,
): Verdict {
  const { signerId, publicKey, nonceIndex } = transaction
  const accessKey = getAccessKey(state, signerId, publicKey)
  if (!accessKey || !signed)
    return context.impersonated.has(signerId)
      ? chargeImpersonated(context, transaction, account, cost)
      : {
          type: 'Failed',
          error: { InvalidAccessKeyError: { AccessKeyNotFound: { account_id: signerId, public_key: publicKey } } },
        }
  if (nonceIndex === undefined) return chargeAccount(context, transaction, account, accessKey, cost)
  const nonceOf = (index: number) => getGasKeyNonce(state, signerId, publicKey, index)
  return chargeGasKey(context, { ...transaction, nonceIndex }, account, accessKey, nonceOf, cost)
}

/** What RPC asks before it takes a transaction into the pool: whether it would be accepted on top of `trie`. */
export const verifyTransaction: VerifyTransaction = (trie, transaction, context) => {
  const judged = judge(trie, transaction, context, 'SignerDoesNotExist')
  if ('error' in judged) return judged.error
  return judged.verdict.type === 'DepositFailed' ? judged.verdict.error : null
}
