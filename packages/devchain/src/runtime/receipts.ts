// What happens when a receipt arrives, by its kind (nearcore `process_receipt`).
import type { AccountId, CryptoHash } from '@dcml/light-client'
import {
  getGlobalContractNonce,
  getPendingDataCount,
  getPostponedReceipt,
  getReceivedData,
  getWaitingReceiptId,
  getYieldIdOfData,
  getYieldReceipt,
  getYieldStatus,
  removePendingDataCount,
  removePostponedReceipt,
  removeWaitingReceiptId,
  removeYieldId,
  removeYieldReceipt,
  removeYieldStatus,
  setGlobalCode,
  setPendingDataCount,
  setPostponedReceipt,
  setReceivedData,
  setWaitingReceiptId,
  setYieldReceipt,
} from '../state/index.ts'
import type { Receipt, ReceiptBody } from '../wire/types.ts'
import type { ActionErrorKind } from './actions/work.ts'
import type { Chunk } from './chunk.ts'
import { type ActionReceiptOf, executeReceipt } from './execute.ts'

type Of<Type extends ReceiptBody['type']> = Receipt & { readonly body: Extract<ReceiptBody, { type: Type }> }

/** @param injected makes an action receipt fail before its first action */
export function processReceipt(chunk: Chunk, receipt: Receipt, injected?: ActionErrorKind): void {
  switch (receipt.body.type) {
    case 'Action':
      processAction(chunk, receipt as Of<'Action'>, injected)
      break
    case 'Data':
      processData(chunk, receipt as Of<'Data'>)
      break
    case 'PromiseYield':
      storeYield(chunk, receipt as Of<'PromiseYield'>)
      break
    case 'PromiseResume':
      resumeYield(chunk, receipt as Of<'PromiseResume'>)
      break
    case 'GlobalContractDistribution':
      installGlobalContract(chunk, receipt as Of<'GlobalContractDistribution'>)
  }
}

/** Runs, or waits for the data it lacks. */
function processAction(chunk: Chunk, receipt: Of<'Action'>, injected?: ActionErrorKind): void {
  const { state } = chunk
  const { receiverId, receiptId, body } = receipt
  const missing = injected
    ? []
    : body.inputDataIds.filter((dataId) => getReceivedData(state, receiverId, dataId) === undefined)
  if (missing.length === 0) {
    executeReceipt(chunk, receipt, injected)
    return
  }
  for (const dataId of missing) setWaitingReceiptId(state, receiverId, dataId, receiptId)
  setPendingDataCount(state, receiverId, receiptId, missing.length)
  setPostponedReceipt(state, receipt)
  postponed(chunk, receiptId)
}

/** Kept for the receipt that waits for it; the last one starts that receipt. */
function processData(chunk: Chunk, { receiverId, receiptId, body }: Of<'Data'>): void {
  setReceivedData(chunk.state, receiverId, body.dataId, body.data)
  const complete = completedBy(chunk, receiverId, body.dataId)
  if (complete) executeReceipt(chunk, complete)
  else postponed(chunk, receiptId)
}

/** The postponed receipt that lacked only this data, taken out of its waiting place. */
function completedBy({ state }: Chunk, receiverId: AccountId, dataId: CryptoHash): ActionReceiptOf | undefined {
  const waiting = getWaitingReceiptId(state, receiverId, dataId)
  if (waiting === undefined) return undefined
  removeWaitingReceiptId(state, receiverId, dataId)
  const pending = getPendingDataCount(state, receiverId, waiting) ?? 0
  if (pending > 1) {
    setPendingDataCount(state, receiverId, waiting, pending - 1)
    return undefined
  }
  removePendingDataCount(state, receiverId, waiting)
  const receipt = getPostponedReceipt(state, receiverId, waiting)
  removePostponedReceipt(state, receiverId, waiting)
  return receipt as ActionReceiptOf | undefined
}

function storeYield(chunk: Chunk, receipt: Of<'PromiseYield'>): void {
  setYieldReceipt(chunk.state, receipt.body.inputDataIds[0] as CryptoHash, receipt)
  postponed(chunk, receipt.receiptId)
}

/** The first to arrive wins: a second resume, or a timeout after one, finds nothing to wake. */
function resumeYield(chunk: Chunk, { receiverId, body: { dataId, data } }: Of<'PromiseResume'>): void {
  const { state } = chunk
  if (data === null && getYieldStatus(state, receiverId, dataId) === 'ResumeInitiated') return
  const receipt = getYieldReceipt(state, receiverId, dataId)
  if (!receipt) return
  removeYieldReceipt(state, receiverId, dataId)
  removeYieldStatus(state, receiverId, dataId)
  const yieldId = getYieldIdOfData(state, receiverId, dataId)
  if (yieldId) removeYieldId(state, receiverId, yieldId, dataId)
  setReceivedData(state, receiverId, dataId, data)
  executeReceipt(chunk, receipt as ActionReceiptOf)
}

/** An older deployment that arrives late does not replace a newer one. */
function installGlobalContract(chunk: Chunk, { receiptId, body }: Of<'GlobalContractDistribution'>): void {
  const { id, code, nonce = 0n } = body
  if (nonce < getGlobalContractNonce(chunk.state, id)) return
  setGlobalCode(chunk.state, id, code)
  chunk.commit({ type: 'receipt_processing', receiptHash: receiptId })
}

const postponed = (chunk: Chunk, receiptHash: CryptoHash): void =>
  chunk.commit({ type: 'postponed_receipt', receiptHash })
