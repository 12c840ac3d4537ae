import { type Action, publicKeyLayout } from '@dcml/light-client'
import { encode } from '@dcml/protocol'
import { runContract } from '../../vm/index.ts'
import type { VmContext } from '../../vm/types.ts'
import { contractCode, createExternal } from '../external.ts'
import { actionHash, callSeed } from '../ids.ts'
import { noteYields, promiseReceipts } from '../promises.ts'
import { addProfile, changeAccount, existing, type Perform, type Work } from './work.ts'

type FunctionCall = Extract<Action, { type: 'FunctionCall' }>

/** Runs a method of the receiver's contract. Gas and logs count however it ends, everything else only if it succeeds. */
export const functionCall: Perform<FunctionCall> = (work, action, index) => {
  const { chunk, receipt } = work
  const { params, height } = chunk.context
  const { receiverId } = receipt
  const account = existing(work)
  const hash = actionHash(receipt.receiptId, height, index)
  const outcome = runContract(
    contractCode(chunk.state, receiverId, account.contract),
    callContext(work, action, hash, index),
    createExternal(chunk.state, receiverId, hash, chunk.context),
    params,
  )
  work.gasBurnt += outcome.burntGas
  work.callGasBurnt += outcome.burntGas
  work.gasUsed += outcome.usedGas
  work.logs.push(...outcome.logs)
  addProfile(work, outcome.profile)
  if (outcome.aborted) return { FunctionCallError: outcome.aborted }

  const { receipts, resumes, returnData } = outcome
  noteYields(chunk, receiverId, receipts, resumes)
  work.returned =
    returnData.type === 'Receipt' ? { type: 'Receipt', index: work.newReceipts.length + returnData.index } : returnData
  work.newReceipts.push(...promiseReceipts(receiverId, work.body, receipts, resumes))
  work.tokensMinted += outcome.subsidized
  changeAccount(work, { amount: outcome.balance, storageUsage: outcome.storageUsage })
  return null
}

function callContext(work: Work, action: FunctionCall, hash: string, index: number): VmContext {
  const { chunk, receipt, body, promiseResults } = work
  const { context } = chunk
  const account = existing(work)
  const isLast = index === body.actions.length - 1
  return {
    chainId: context.chainId,
    currentAccountId: receipt.receiverId,
    signerAccountId: body.signerId,
    signerAccountPk: encode(publicKeyLayout, body.signerPublicKey),
    predecessorAccountId: receipt.predecessorId,
    refundToAccountId: body.refundTo ?? receipt.predecessorId,
    method: action.methodName,
    input: action.args,
    promiseResults,
    blockHeight: BigInt(context.height),
    blockTimestamp: context.timestamp,
    epochHeight: context.epochHeight,
    accountBalance: account.amount,
    accountLockedBalance: account.locked,
    storageUsage: account.storageUsage,
    accountContract: account.contract,
    attachedDeposit: action.deposit,
    prepaidGas: action.gas,
    randomSeed: callSeed(hash, context.randomValue),
    view: null,
    outputDataReceivers: isLast ? body.outputDataReceivers.map(({ receiverId }) => receiverId) : [],
  }
}
