import type { SignedTransaction } from '@dcml/light-client'
import { setAccessKey, setAccount, setGasKeyNonce } from '../state/index.ts'
import type { Receipt } from '../wire/types.ts'
import type { Chunk } from './chunk.ts'
import { transactionReceiptId } from './ids.ts'
import type { ExecutionOutcome, InvalidTxError } from './types.ts'
import { type Accepted, judge } from './verify/transaction.ts'

/** Charges each transaction's signer and makes its receipt. A transaction that cannot pay leaves an outcome only. */
export function processTransactions(chunk: Chunk, transactions: readonly SignedTransaction[]): void {
  const seen = new Set<string>()
  for (const transaction of transactions) {
    if (seen.has(transaction.hash)) continue
    seen.add(transaction.hash)
    const judged = judge(chunk.state, transaction, chunk.context, 'InvalidSignerId')
    if ('error' in judged) chunk.record(outcome(transaction, { error: judged.error }))
    else convert(chunk, transaction, judged)
  }
}

function convert(chunk: Chunk, transaction: SignedTransaction, { account, cost, verdict }: Accepted): void {
  const { state, context } = chunk
  const { signerId, receiverId, publicKey, actions } = transaction.transaction
  const { amount, accessKey, gasKeyNonce } = verdict
  setAccount(state, signerId, { ...account, amount })
  if (gasKeyNonce) setGasKeyNonce(state, signerId, publicKey, gasKeyNonce.index, gasKeyNonce.nonce)
  if (accessKey) setAccessKey(state, signerId, publicKey, accessKey)
  chunk.commit({ type: 'transaction_processing', txHash: transaction.hash })
  chunk.balanceBurnt += cost.burntAmount
  const burnt = { gasBurnt: cost.gasBurnt, tokensBurnt: cost.burntAmount }
  if (verdict.type === 'DepositFailed') {
    chunk.record(outcome(transaction, { error: verdict.error, ...burnt }))
    return
  }
  const receipt: Receipt = {
    predecessorId: signerId,
    receiverId,
    receiptId: transactionReceiptId(transaction.hash, context.height),
    body: {
      type: 'Action',
      signerId,
      signerPublicKey: publicKey,
      gasPrice: cost.receiptGasPrice,
      outputDataReceivers: [],
      inputDataIds: [],
      actions,
    },
  }
  chunk.send(receipt, transaction.hash, receiverId === signerId ? chunk.local : chunk.outgoing)
  chunk.record(outcome(transaction, { receiptId: receipt.receiptId, ...burnt }))
}

interface Ending {
  readonly error?: InvalidTxError
  readonly receiptId?: string
  readonly gasBurnt?: bigint
  readonly tokensBurnt?: bigint
}

const outcome = (
  { hash, transaction }: SignedTransaction,
  { error = 'InvalidSignature', receiptId, gasBurnt = 0n, tokensBurnt = 0n }: Ending,
): ExecutionOutcome => ({
  id: hash,
  executorId: transaction.signerId,
  logs: [],
  receiptIds: receiptId === undefined ? [] : [receiptId],
  gasBurnt,
  tokensBurnt,
  status:
    receiptId === undefined
      ? { type: 'Failure', error: { InvalidTxError: error } }
      : { type: 'SuccessReceiptId', receiptId },
  profile: new Map(),
})
