// Sending transactions and asking what became of them.
import { type CryptoHash, decodeSignedTransaction, type SignedTransaction } from '@dcml/light-client'
import * as v from 'valibot'
import type { WaitUntil } from '../../chain/types.ts'
import { accountId, base64, hash } from '../../wire/json/scalars.ts'
import { handlerFault, parseFault } from '../fault.ts'
import { type Method, method } from '../method.ts'
import { hasReached, type Progress, progressOf, statusReceipts, statusResponse } from '../transaction-status.ts'
import type { RpcContext } from '../types.ts'
import { receiptView } from '../views/receipt.ts'

const waitUntil = v.optional(
  v.picklist(['NONE', 'INCLUDED', 'EXECUTED_OPTIMISTIC', 'INCLUDED_FINAL', 'EXECUTED', 'FINAL']),
  'EXECUTED_OPTIMISTIC',
)
const signed = v.object({ signed_tx_base64: base64, wait_until: waitUntil })
const named = v.object({ tx_hash: hash, sender_account_id: accountId, wait_until: waitUntil })

const one = ([signed_tx_base64, ...rest]: readonly unknown[]): unknown => {
  if (rest.length > 0) throw parseFault('Unable to parse send request: too many params passed')
  return { signed_tx_base64 }
}
const oneOrTwo = (params: readonly unknown[]): unknown =>
  params.length === 2 ? { tx_hash: params[0], sender_account_id: params[1] } : one(params)

function decodeTransaction(bytes: Uint8Array): SignedTransaction {
  try {
    return decodeSignedTransaction(bytes)
  } catch (error) {
    throw parseFault(`Failed to decode transaction: ${(error as Error).message}`)
  }
}

/** @throws RpcFault `INVALID_TRANSACTION` */
function submit({ chain }: RpcContext, transaction: SignedTransaction): void {
  const { error } = chain.submit(transaction)
  if (error !== null) throw handlerFault('INVALID_TRANSACTION', {}, { TxExecutionError: { InvalidTxError: error } })
}

/** How often a call that waits for others' blocks looks for them, in milliseconds. */
const LOOK_EVERY = 10

/** @throws RpcFault `TIMEOUT_ERROR` where nobody makes the blocks that would be needed */
async function reach(context: RpcContext, id: CryptoHash, until: WaitUntil): Promise<Progress> {
  const { chain, node } = context
  chain.settle(id, until)
  const giveUp = performance.now() + node.pollingTimeoutMs
  for (;;) {
    const progress = progressOf(chain, id)
    if (hasReached(progress.level, until)) return progress
    if (performance.now() >= giveUp) throw handlerFault('TIMEOUT_ERROR', {}, 'Timeout', 408)
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY))
  }
}

async function send(context: RpcContext, transaction: SignedTransaction, until: WaitUntil) {
  submit(context, transaction)
  return statusResponse(context.chain, transaction.hash, await reach(context, transaction.hash, until))
}

const sendTx = method(
  signed,
  (context, { signed_tx_base64, wait_until }) => send(context, decodeTransaction(signed_tx_base64), wait_until),
  one,
)
const commit = method(
  signed,
  (context, { signed_tx_base64 }) => send(context, decodeTransaction(signed_tx_base64), 'EXECUTED_OPTIMISTIC'),
  one,
)

/** Nobody waits for an answer: a transaction that cannot be accepted is dropped without a word. */
const sendAsync = method(
  signed,
  ({ chain }, { signed_tx_base64 }) => {
    const transaction = decodeTransaction(signed_tx_base64)
    chain.submit(transaction)
    return transaction.hash
  },
  one,
)

type Named = v.InferOutput<typeof named> | v.InferOutput<typeof signed>

/** @throws RpcFault `UNKNOWN_TRANSACTION` */
async function lookUp(context: RpcContext, params: Named): Promise<{ id: CryptoHash; progress: Progress }> {
  const { chain } = context
  const id = 'tx_hash' in params ? params.tx_hash : decodeTransaction(params.signed_tx_base64).hash
  const found = chain.transaction(id)
  if (!found || ('tx_hash' in params && found.transaction.signerId !== params.sender_account_id))
    throw handlerFault('UNKNOWN_TRANSACTION', { requested_transaction_hash: id }, `Transaction ${id} doesn't exist`)
  return { id, progress: await reach(context, id, params.wait_until) }
}

const tx = method(
  v.union([named, signed]),
  async (context, params) => {
    const { id, progress } = await lookUp(context, params)
    return statusResponse(context.chain, id, progress)
  },
  oneOrTwo,
)
const txWithReceipts = method(
  v.union([named, signed]),
  async (context, params) => {
    const { id, progress } = await lookUp(context, params)
    const response = statusResponse(context.chain, id, progress)
    return 'transaction' in response ? { ...response, receipts: statusReceipts(context.chain, progress) } : response
  },
  oneOrTwo,
)

const receiptId = v.object({ receipt_id: hash })

const unknownReceipt = (receipt_id: CryptoHash) => {
  const cause = { name: 'UNKNOWN_RECEIPT', info: { receipt_id } }
  return handlerFault(cause.name, cause.info, cause)
}

const receipt = method(receiptId, ({ chain }, { receipt_id }) => {
  const found = chain.receipt(receipt_id)
  if (!found) throw unknownReceipt(receipt_id)
  return receiptView(found)
})

const receiptToTx = method(receiptId, ({ chain }, { receipt_id }) => {
  let id: CryptoHash | undefined = receipt_id
  while (id !== undefined) {
    const transaction = chain.transaction(id)
    if (transaction) return { transaction_hash: transaction.hash, sender_account_id: transaction.transaction.signerId }
    id = chain.parentOf(id)
  }
  throw unknownReceipt(receipt_id)
})

export const transactionMethods: Readonly<Record<string, Method>> = {
  send_tx: sendTx,
  broadcast_tx_commit: commit,
  broadcast_tx_async: sendAsync,
  tx,
  EXPERIMENTAL_tx_status: txWithReceipts,
  EXPERIMENTAL_receipt: receipt,
  EXPERIMENTAL_receipt_to_tx: receiptToTx,
}
