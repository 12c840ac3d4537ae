// One action receipt whose inputs are all there (nearcore `apply_action_receipt`): its actions one after another, all
// or nothing; then refunds, the contract's reward, the result's way on, and the outcome.
import type { AccountId } from '@dcml/light-client'
import { getAccount, getReceivedData, removeReceivedData, setAccount } from '../state/index.ts'
import type { PromiseResult, ReturnData } from '../vm/types.ts'
import type { ActionReceipt, Receipt } from '../wire/types.ts'
import { SYSTEM } from './account-id.ts'
import { perform } from './actions/perform.ts'
import { forbidden } from './actions/permission.ts'
import type { ActionErrorKind, Work } from './actions/work.ts'
import { smaller } from './amounts.ts'
import type { Chunk } from './chunk.ts'
import { totalDeposit } from './cost.ts'
import { execFee } from './fees.ts'
import { childReceiptId } from './ids.ts'
import { amountJson } from './json.ts'
import { routeResult, sendChildren } from './promises.ts'
import { refund } from './refunds.ts'
import type { ActionError, ExecutionStatus } from './types.ts'
import { newReceiptError } from './verify/receipt.ts'
import { missingForStorage } from './verify/storage-stake.ts'

/** An action receipt, or a yield that was resumed. */
export type ActionReceiptOf = Receipt & { readonly body: ActionReceipt }

/** @param injected what the receipt fails with before its first action (fault injection) */
export function executeReceipt(chunk: Chunk, receipt: ActionReceiptOf, injected?: ActionErrorKind): void {
  const { body, receiverId, receiptId } = receipt
  const { params, gasPrice } = chunk.context
  const promiseResults = takeInputs(chunk, receiverId, body)
  chunk.commit({ type: 'action_receipt_processing_started', receiptHash: receiptId })

  const before = getAccount(chunk.state, receiverId)
  const work = startWork(chunk, receipt, before, promiseResults)
  const error = tooMuchInput(work) ?? runActions(work, injected) ?? settleStorage(work)
  if (error) discard(work)

  const burnPrice = smaller(body.gasPrice, gasPrice)
  const isRefund = receipt.predecessorId === SYSTEM
  const refunds = isRefund
    ? { receipts: [], extraBurnt: 0n }
    : refund(params, receipt, body, {
        failed: error !== null,
        gasBurnt: work.gasBurnt,
        gasUsed: work.gasUsed,
        burnPrice,
        createdAccount: !error && !before && work.account !== undefined,
      })
  if (isRefund && error) chunk.balanceBurnt += totalDeposit(body.actions)
  chunk.proposals.push(...work.proposals)
  if (error) chunk.state.rollback()
  else chunk.commit({ type: 'receipt_processing', receiptHash: receiptId })

  // a refund's gas is a figure only: nobody paid for it
  const tokensBurnt = (isRefund ? 0n : burnPrice * work.gasBurnt) + refunds.extraBurnt + work.tokensBurnt
  chunk.balanceBurnt += tokensBurnt - reward(work, burnPrice)
  chunk.balanceMinted += work.tokensMinted

  const made = [...work.newReceipts, ...refunds.receipts]
  const receiptIds = sendChildren(
    chunk,
    receipt,
    routeResult(receiverId, body.outputDataReceivers, error ? null : work.returned, made),
  )
  chunk.record({
    id: receiptId,
    executorId: receiverId,
    logs: work.logs,
    receiptIds,
    gasBurnt: work.gasBurnt,
    tokensBurnt,
    status: error
      ? { type: 'Failure', error: { ActionError: error } }
      : success(work.returned, (index) => childReceiptId(receiptId, chunk.context.height, index)),
    profile: work.profile,
  })
}

/** Data is used up by the receipt that waited for it, whether that succeeds or not. */
function takeInputs({ state }: Chunk, accountId: AccountId, { inputDataIds }: ActionReceipt): PromiseResult[] {
  return inputDataIds.map((dataId) => {
    const value = getReceivedData(state, accountId, dataId)
    removeReceivedData(state, accountId, dataId)
    return value ? { type: 'Successful', value } : { type: 'Failed' }
  })
}

function startWork(
  chunk: Chunk,
  receipt: ActionReceiptOf,
  account: Work['account'],
  promiseResults: readonly PromiseResult[],
): Work {
  const fee = chunk.context.params.fees.action_receipt_creation.execution
  return {
    chunk,
    receipt,
    body: receipt.body,
    promiseResults,
    account,
    actorId: receipt.predecessorId,
    gasBurnt: fee,
    gasUsed: fee,
    callGasBurnt: 0n,
    logs: [],
    profile: new Map(),
    newReceipts: [],
    proposals: [],
    tokensBurnt: 0n,
    tokensMinted: 0n,
    returned: { type: 'None' },
  }
}

/** From 87: what all promises together may hand to a callback. */
function tooMuchInput({ chunk, promiseResults }: Work): ActionError | null {
  const limit = chunk.context.params.limits.max_receipt_total_input_size
  const size = promiseResults.reduce((sum, result) => sum + (result.type === 'Successful' ? result.value.length : 0), 0)
  return size > limit ? { index: null, kind: { TotalPromiseInputSizeExceeded: { size, limit } } } : null
}

function runActions(work: Work, injected?: ActionErrorKind): ActionError | null {
  const { params } = work.chunk.context
  for (const [index, action] of work.body.actions.entries()) {
    const fee = execFee(params, action, work.receipt.receiverId)
    work.gasBurnt += fee
    work.gasUsed += fee
    const made = work.newReceipts.length
    work.returned = { type: 'None' }
    const kind = injected ?? forbidden(work, action) ?? perform(work, action, index) ?? badReceipt(work, made)
    if (kind) return { index, kind }
  }
  return null
}

function badReceipt({ chunk, newReceipts }: Work, from: number): ActionErrorKind | null {
  for (const receipt of newReceipts.slice(from)) {
    const error = newReceiptError(chunk.context.params, receipt)
    if (error) return { NewReceiptValidationError: error }
  }
  return null
}

/** Writes the receiver back, if it can afford what it stores. */
function settleStorage({ chunk, account, receipt: { receiverId } }: Work): ActionError | null {
  if (!account) return null
  const missing = missingForStorage(chunk.context.params, account, account.amount)
  if (missing > 0n)
    return { index: null, kind: { LackBalanceForState: { account_id: receiverId, amount: amountJson(missing) } } }
  setAccount(chunk.state, receiverId, account)
  return null
}

/** A failure keeps its gas and its logs, nothing else. */
function discard(work: Work): void {
  work.newReceipts = []
  work.proposals = []
  work.tokensBurnt = 0n
  work.tokensMinted = 0n
}

/** The contract's share of the gas it burnt, paid even where it failed; yoctoNEAR. None from 87 on. */
function reward({ chunk, receipt, callGasBurnt }: Work, burnPrice: bigint): bigint {
  const [numerator, denominator] = chunk.context.params.economics.burntGasReward
  const amount = burnPrice * ((callGasBurnt * numerator) / denominator)
  const account = amount > 0n ? getAccount(chunk.state, receipt.receiverId) : undefined
  if (!account) return 0n
  setAccount(chunk.state, receipt.receiverId, { ...account, amount: account.amount + amount })
  chunk.commit({ type: 'action_receipt_gas_reward', receiptHash: receipt.receiptId })
  return amount
}

function success(returned: ReturnData, idOf: (index: number) => string): ExecutionStatus {
  switch (returned.type) {
    case 'None':
      return { type: 'SuccessValue', value: new Uint8Array() }
    case 'Value':
      return { type: 'SuccessValue', value: returned.value }
    case 'Receipt':
      return { type: 'SuccessReceiptId', receiptId: idOf(returned.index) }
  }
}
