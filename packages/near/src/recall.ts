import { decodeSignedTransaction, type Transaction } from '@dcml/light-client'
import { DcmlError } from '@dcml/protocol'
import { base64Encode } from 'near-api-js'
import { TransactionExpiredError } from 'near-api-js/rpc-errors'
import { parse } from './answer.ts'
import type { Cancellable, Near } from './connection.ts'
import { keyState, type Sent, transactionOutcome, type WaitUntil } from './transaction.ts'

/**
 * Finds out what became of signed bytes whose answer was lost, by offering them again: NEAR takes that as the same
 * transaction, and runs it once.
 * @returns null where it did not happen and cannot any more: it failed, or was refused by a node that never heard of it
 * @throws DcmlError `near_outcome_unknown` where it is too old to be taken, its key was used since, and the node does
 * not remember for what; what {@link Near.request} throws
 */
export async function recallTransaction(
  near: Near,
  options: Cancellable & { transaction: Uint8Array; waitUntil?: WaitUntil },
): Promise<Sent | null> {
  const { transaction, waitUntil = 'EXECUTED_OPTIMISTIC', signal } = options
  const { hash, transaction: signed } = decodeSignedTransaction(transaction)
  const cancel = signal === undefined ? {} : { signal }
  const look = () => outcomeOf(near, { hash, signerId: signed.signerId, waitUntil, ...cancel }, transaction)
  const before = await look()
  if (before !== undefined) return before
  try {
    await near.request('send_tx', { signed_tx_base64: base64Encode(transaction), wait_until: waitUntil }, cancel)
  } catch (error) {
    if (!DcmlError.isInstance(error) || error.retryable) throw error
    // an earlier copy may be what used the nonce
    const meanwhile = await look()
    if (meanwhile !== undefined) return meanwhile
    if (!(error.cause instanceof TransactionExpiredError) || (await isUnused(near, signed, cancel))) return null
    throw new DcmlError('near_outcome_unknown', `No node says what became of transaction ${hash}.`, {
      hint: 'It is too old to be sent again. Ask an archival node, or look the hash up in an explorer.',
      details: { hash, signerId: signed.signerId },
      cause: error,
    })
  }
  return (await look()) ?? null
}

/** Whether the nonce is still to come: then nothing was ever done with it, and of an expired transaction nothing will be. */
async function isUnused(
  near: Near,
  { signerId, publicKey, nonce }: Transaction,
  cancel: Cancellable,
): Promise<boolean> {
  const query = { request_type: 'view_access_key', account_id: signerId, public_key: publicKey }
  const key = await near.request('query', { ...query, finality: 'optimistic' }, cancel)
  return parse(keyState, key, 'view_access_key').nonce < nonce
}

/** @returns undefined where the node never heard of it, null where it failed */
async function outcomeOf(
  near: Near,
  named: Parameters<typeof transactionOutcome>[1],
  transaction: Uint8Array,
): Promise<Sent | null | undefined> {
  try {
    return { ...(await transactionOutcome(near, named)), transaction }
  } catch (error) {
    if (!DcmlError.isInstance(error)) throw error
    if (error.code === 'near_transaction_unknown') return undefined
    if (error.code === 'near_transaction_failed') return null
    throw error
  }
}
