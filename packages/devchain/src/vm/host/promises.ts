import { type Call, unsigned } from '../call.ts'
import { payNewReceipt } from '../fees.ts'
import { hostError } from '../host-error.ts'
import { readAccountId } from '../text.ts'
import { appendFunctionCall } from './actions.ts'
import { type HostTable, procedure, u64 } from './define.ts'

export const promises: HostTable = {
  promise_create: u64((call, idLength, id, methodLength, method, argsLength, args, amount, gas) => {
    const promise = batchCreate(call, idLength, id)
    appendFunctionCall(call, BigInt(promise), methodLength, method, argsLength, args, amount, gas, 0n)
    return promise
  }),

  promise_then: u64((call, after, idLength, id, methodLength, method, argsLength, args, amount, gas) => {
    const promise = batchThen(call, after, idLength, id)
    appendFunctionCall(call, BigInt(promise), methodLength, method, argsLength, args, amount, gas, 0n)
    return promise
  }),

  promise_and: u64((call, pointer, count) => {
    call.pay('base')
    call.denyInView('promise_and')
    call.pay('promise_and_base')
    const length = unsigned(count) * 8
    if (length >= 2 ** 64) throw hostError('IntegerOverflow')
    call.payPer('promise_and_per_promise', length) // nearcore charges each of the eight bytes
    return call.promises.push(joined(call, call.read(unsigned(pointer), length)))
  }),

  promise_batch_create: u64(batchCreate),
  promise_batch_then: u64(batchThen),

  promise_set_refund_to: procedure((call, promise, idLength, id) => {
    call.pay('base')
    call.denyInView('promise_set_refund_to')
    const refundTo = readAccountId(call, idLength, id)
    const receipt = call.promises.receiptOf(promise, 'CannotSetRefundToOnJointPromise')
    call.promises.receipts[receipt]!.refundTo = refundTo
  }),

  promise_return: procedure((call, promise) => {
    call.pay('base')
    call.pay('promise_return')
    call.denyInView('promise_return')
    call.returnData = { type: 'Receipt', index: call.promises.receiptOf(promise, 'CannotReturnJointPromise') }
  }),

  promise_results_count: u64((call) => {
    call.pay('base')
    call.denyInView('promise_results_count')
    return call.context.promiseResults.length
  }),

  promise_result: u64((call, index, register) => {
    call.pay('base')
    call.denyInView('promise_result')
    const result = call.context.promiseResults[unsigned(index)]
    if (result === undefined) throw hostError('InvalidPromiseResultIndex', { result_idx: BigInt.asUintN(64, index) })
    if (result.type === 'NotReady') return 0
    if (result.type === 'Failed') return 2
    call.setRegisterByReference(register, result.value)
    return 1
  }),
}

function batchCreate(call: Call, idLength: bigint, id: bigint): number {
  call.pay('base')
  call.denyInView('promise_batch_create')
  const receiver = readAccountId(call, idLength, id)
  payNewReceipt(call, receiver === call.context.currentAccountId, [])
  return call.promises.push(call.promises.addReceipt(receiver, [], []))
}

function batchThen(call: Call, after: bigint, idLength: bigint, id: bigint): number {
  call.pay('base')
  call.denyInView('promise_batch_then')
  const receiver = readAccountId(call, idLength, id)
  const dependencies = call.promises.receiptsOf(after)
  payNewReceipt(
    call,
    receiver === call.context.currentAccountId,
    dependencies.map((receipt) => call.promises.receiver(receipt) === receiver),
  )
  const dataIds = dependencies.map(() => call.external.generateDataId())
  return call.promises.push(call.promises.addReceipt(receiver, dependencies, dataIds))
}

/** Receipts of the promises listed in `bytes`, joints dissolved. */
function joined(call: Call, bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const limit = call.limits.max_number_input_data_dependencies
  const receipts: number[] = []
  for (let at = 0; at < bytes.length; at += 8) {
    receipts.push(...call.promises.receiptsOf(view.getBigUint64(at, true)))
    if (receipts.length > limit)
      throw hostError('NumberInputDataDependenciesExceeded', {
        number_of_input_data_dependencies: receipts.length,
        limit,
      })
  }
  return receipts
}
