// Actions appended to a promised receipt. The order of charges and refusals is nearcore's.

import type { Call } from '../call.ts'
import { payFee, payTransfer } from '../fees.ts'
import { hostError } from '../host-error.ts'
import { readAccountId } from '../text.ts'
import { type HostTable, procedure } from './define.ts'

export const actions: HostTable = {
  promise_batch_action_create_account: procedure((call, promise) => {
    call.pay('base')
    call.denyInView('promise_batch_action_create_account')
    const { receipt, sir } = receiptOf(call, promise)
    payFee(call, 'create_account', sir)
    call.promises.append(receipt, { type: 'CreateAccount' })
  }),

  promise_batch_action_deploy_contract: procedure((call, promise, length, pointer) => {
    call.pay('base')
    call.denyInView('promise_batch_action_deploy_contract')
    const code = takeCode(call, length, pointer)
    const { receipt, sir } = receiptOf(call, promise)
    payFee(call, 'deploy_contract', sir)
    payFee(call, 'deploy_contract_per_byte', sir, code.length)
    call.promises.append(receipt, { type: 'DeployContract', code })
  }),

  promise_batch_action_function_call: procedure(
    (call, promise, methodLength, method, argsLength, args, amount, gas) => {
      appendFunctionCall(call, promise, methodLength, method, argsLength, args, amount, gas, 0n)
    },
  ),

  promise_batch_action_function_call_weight: procedure(
    (call, promise, methodLength, method, argsLength, args, amount, gas, weight) => {
      appendFunctionCall(call, promise, methodLength, method, argsLength, args, amount, gas, weight)
    },
  ),

  promise_batch_action_transfer: procedure((call, promise, amountPointer) => {
    call.pay('base')
    call.denyInView('promise_batch_action_transfer')
    const deposit = call.readU128(amountPointer)
    const { receipt, sir } = receiptOf(call, promise)
    payTransfer(call, sir, call.promises.receiver(receipt))
    call.spend(deposit)
    call.promises.append(receipt, { type: 'Transfer', deposit })
  }),

  promise_batch_action_delete_account: procedure((call, promise, idLength, id) => {
    call.pay('base')
    call.denyInView('promise_batch_action_delete_account')
    const beneficiaryId = readAccountId(call, idLength, id)
    const { receipt, sir } = receiptOf(call, promise)
    payFee(call, 'delete_account', sir)
    call.promises.append(receipt, { type: 'DeleteAccount', beneficiaryId })
  }),
}

/** The receipt an action goes to, and whether the contract sends it to itself. @throws HostError */
export function receiptOf(call: Call, promise: bigint): { readonly receipt: number; readonly sir: boolean } {
  const receipt = call.promises.receiptOf(promise)
  return { receipt, sir: call.promises.receiver(receipt) === call.context.currentAccountId }
}

/** @throws HostError `ContractSizeExceeded` */
export function takeCode(call: Call, length: bigint, pointer: bigint): Uint8Array {
  const code = call.take(pointer, length)
  const limit = call.limits.max_contract_size
  if (code.length > limit) throw hostError('ContractSizeExceeded', { size: code.length, limit })
  return code
}

export function appendFunctionCall(
  call: Call,
  promise: bigint,
  methodLength: bigint,
  methodPointer: bigint,
  argsLength: bigint,
  argsPointer: bigint,
  amountPointer: bigint,
  gas: bigint,
  weight: bigint,
): void {
  call.pay('base')
  call.denyInView('promise_batch_action_function_call')
  const deposit = call.readU128(amountPointer)
  const method = takeMethod(call, methodLength, methodPointer)
  const args = call.take(argsPointer, argsLength)
  const { receipt, sir } = receiptOf(call, promise)
  payFee(call, 'function_call', sir)
  payFee(call, 'function_call_per_byte', sir, method.length + args.length)
  const attached = BigInt.asUintN(64, gas)
  call.gas.prepay(attached)
  call.spendOrMint(deposit)
  const action = { type: 'FunctionCall', methodName: methodName(method), args, gas: attached, deposit } as const
  call.promises.appendCall(receipt, action, BigInt.asUintN(64, weight))
}

/** @throws HostError `EmptyMethodName` */
export function takeMethod(call: Call, length: bigint, pointer: bigint): Uint8Array {
  const method = call.take(pointer, length)
  if (method.length === 0) throw hostError('EmptyMethodName')
  return method
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws HostError `InvalidMethodName` */
export function methodName(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw hostError('InvalidMethodName')
  }
}
