// Meta transactions (NEP-366, NEP-611): a relayer's receipt carries what the account signed; the account's own shard
// checks the signature and sends it on in the account's name.
import {
  type AccessKey,
  type Action,
  type DelegateActionV2,
  delegateActionHash,
  delegateActionV2Hash,
  parseHash,
} from '@dcml/light-client'
import { getAccessKey, getGasKeyNonce, setAccessKey, setGasKeyNonce } from '../../state/index.ts'
import { u64Json } from '../../wire/json/scalars.ts'
import { prepaidSendFees, receiptCost } from '../cost.ts'
import { nonceUpperBound } from '../verify/nonce.ts'
import { forbiddenByKey, type InvalidAccessKeyError } from '../verify/permission.ts'
import { isSignedBy } from '../verify/signature.ts'
import type { ActionErrorKind, Perform, Work } from './work.ts'

type DelegateLike = Extract<Action, { type: 'Delegate' | 'DelegateV2' }>

export const delegate: Perform<DelegateLike> = (work, action) => {
  const { chunk, receipt, body } = work
  const { params, height, impersonated } = chunk.context
  const { delegateAction } = action
  const { senderId, receiverId, actions } = delegateAction
  const signed = isSigned(action)
  if (!signed && !impersonated.has(senderId)) return 'DelegateActionInvalidSignature'
  if (BigInt(height) > delegateAction.maxBlockHeight) return 'DelegateActionExpired'
  if (senderId !== receipt.receiverId)
    return { DelegateActionSenderDoesNotMatchTxReceiver: { sender_id: senderId, receiver_id: receipt.receiverId } }
  const error = useKey(work, delegateAction, signed)
  if (error) return error
  work.newReceipts.push({
    predecessorId: senderId,
    receiverId,
    body: {
      type: 'Action',
      signerId: body.signerId,
      signerPublicKey: body.signerPublicKey,
      gasPrice: body.gasPrice,
      outputDataReceivers: [],
      inputDataIds: [],
      actions,
    },
  })
  // the relayer paid for sending ahead: it is burnt now, the rest moves on with the receipt
  const sending = prepaidSendFees(params, body.actions)
  work.gasBurnt += sending
  work.gasUsed += sending + receiptCost(params, actions, receiverId)
  return null
}

function isSigned(action: DelegateLike): boolean {
  const hash =
    action.type === 'Delegate' ? delegateActionHash(action.delegateAction) : delegateActionV2Hash(action.delegateAction)
  return isSignedBy(parseHash(hash), action.signature, action.delegateAction.publicKey)
}

/** Checks the sender's key and takes its nonce. */
function useKey(work: Work, action: DelegateActionV2, signed: boolean): ActionErrorKind | null {
  const { state, context } = work.chunk
  const { senderId, publicKey, nonce, nonceIndex } = action
  const key = getAccessKey(state, senderId, publicKey)
  if (!key || !signed)
    return context.impersonated.has(senderId)
      ? null
      : keyError({ AccessKeyNotFound: { account_id: senderId, public_key: publicKey } })
  const current = currentNonce(work, action, key)
  if (typeof current !== 'bigint') return current
  if (nonce <= current)
    return { DelegateActionInvalidNonce: { delegate_nonce: u64Json(nonce), ak_nonce: u64Json(current) } }
  const upperBound = nonceUpperBound(context.height)
  if (nonce >= upperBound)
    return { DelegateActionNonceTooLarge: { delegate_nonce: u64Json(nonce), upper_bound: u64Json(upperBound) } }
  const forbidden = forbiddenByKey(key.permission, action)
  if (forbidden) return keyError(forbidden)
  if (nonceIndex === undefined) setAccessKey(state, senderId, publicKey, { ...key, nonce })
  else setGasKeyNonce(state, senderId, publicKey, nonceIndex, nonce)
  return null
}

/** Plain nonces belong to plain keys, numbered ones to gas keys. */
function currentNonce(work: Work, action: DelegateActionV2, key: AccessKey): bigint | ActionErrorKind {
  const { senderId, publicKey, nonceIndex } = action
  const gasKey = 'gasKey' in key.permission ? key.permission.gasKey : null
  if (nonceIndex === undefined) return gasKey ? keyError('DelegateActionRequiresNonGasKey') : key.nonce
  if (!gasKey) return keyError('DelegateActionRequiresGasKey')
  const current = getGasKeyNonce(work.chunk.state, senderId, publicKey, nonceIndex)
  return nonceIndex < gasKey.numNonces && current !== undefined
    ? current
    : { DelegateActionInvalidNonceIndex: { nonce_index: nonceIndex, num_nonces: gasKey.numNonces } }
}

const keyError = (error: InvalidAccessKeyError): ActionErrorKind => ({ DelegateActionAccessKeyError: error })
