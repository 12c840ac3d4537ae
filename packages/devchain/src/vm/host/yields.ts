// Promises that wait for this account to resume them (NEP-519), by a data id or, since version 85, by an id of the
// contract's own choosing.
import { type CryptoHash, formatHash } from '@dcml/light-client'
import { type Call, unsigned } from '../call.ts'
import { payFee, payNewReceipt } from '../fees.ts'
import { hostError } from '../host-error.ts'
import { methodName, takeMethod } from './actions.ts'
import { gated, type HostTable, u32, u64 } from './define.ts'

const ID_LENGTH = 32

export const yields: HostTable = {
  promise_yield_create: u64((call, methodLength, methodPointer, argsLength, argsPointer, gas, weight, register) => {
    call.pay('base')
    call.denyInView('promise_yield_create')
    call.pay('yield_create_base')
    const method = takeMethod(call, methodLength, methodPointer)
    const args = call.take(argsPointer, argsLength)
    call.payPer('yield_create_byte', method.length + args.length)
    call.gas.prepay(BigInt.asUintN(64, gas))
    payNewReceipt(call, true, [true])
    const dataId = call.external.generateDataId()
    const receipt = call.promises.addYield(call.context.currentAccountId, dataId, null)
    const promise = call.promises.push(receipt)
    appendCallback(call, receipt, { method, args, gas, weight, deposit: 0n })
    call.setRegister(register, dataId)
    return promise
  }),

  promise_yield_create_with_id: gated(
    'yield_with_id_host_fns',
    u64((call, methodLength, methodPointer, argsLength, argsPointer, amountPointer, gas, weight, idLength, id) => {
      call.pay('base')
      call.denyInView('promise_yield_create_with_id')
      call.pay('yield_create_with_id_base')
      const deposit = call.readU128(amountPointer)
      const method = takeMethod(call, methodLength, methodPointer)
      const args = call.take(argsPointer, argsLength)
      const yieldId = takeId(call, idLength, id, 'YieldIdMalformed')
      call.payPer('yield_create_byte', method.length + args.length)
      if (pendingYield(call, yieldId) !== null) return -1n
      const dataId = call.external.generateDataId()
      const receipt = call.promises.addYield(call.context.currentAccountId, dataId, yieldId)
      call.gas.prepay(BigInt.asUintN(64, gas))
      payNewReceipt(call, true, [true])
      const promise = call.promises.push(receipt)
      appendCallback(call, receipt, { method, args, gas, weight, deposit })
      return promise
    }),
  ),

  promise_yield_resume: u32((call, idLength, id, payloadLength, payloadPointer) => {
    call.pay('base')
    call.denyInView('promise_submit_data')
    const { id: dataId, payload } = takeResume(call, idLength, id, payloadLength, payloadPointer, 'DataIdMalformed')
    return resume(call, formatHash(dataId), payload)
  }),

  promise_yield_resume_with_yield_id: gated(
    'yield_with_id_host_fns',
    u32((call, idLength, id, payloadLength, payloadPointer) => {
      call.pay('base')
      call.denyInView('promise_yield_resume_with_yield_id')
      const taken = takeResume(call, idLength, id, payloadLength, payloadPointer, 'YieldIdMalformed')
      const dataId = pendingYield(call, taken.id)
      return dataId === null ? 0 : resume(call, dataId, taken.payload)
    }),
  ),
}

interface Callback {
  readonly method: Uint8Array
  readonly args: Uint8Array
  readonly gas: bigint
  readonly weight: bigint
  readonly deposit: bigint
}

function appendCallback(call: Call, receipt: number, { method, args, gas, weight, deposit }: Callback): void {
  payFee(call, 'function_call', true)
  payFee(call, 'function_call_per_byte', true, method.length + args.length)
  call.spendOrMint(deposit)
  call.promises.appendCall(
    receipt,
    { type: 'FunctionCall', methodName: methodName(method), args, gas: BigInt.asUintN(64, gas), deposit },
    BigInt.asUintN(64, weight),
  )
}

type Malformed = 'DataIdMalformed' | 'YieldIdMalformed'

/** @throws HostError `YieldPayloadLength`, and `malformed` for an id of another length than 32 */
function takeResume(
  call: Call,
  idLength: bigint,
  idPointer: bigint,
  payloadLength: bigint,
  payloadPointer: bigint,
  malformed: Malformed,
): { readonly id: Uint8Array; readonly payload: Uint8Array } {
  call.pay('yield_resume_base')
  call.payPer('yield_resume_byte', unsigned(payloadLength)) // before reading: a register's "length" cannot be paid
  const id = call.take(idPointer, idLength)
  const payload = call.take(payloadPointer, payloadLength)
  const limit = call.limits.max_yield_payload_size
  if (payload.length > limit) throw hostError('YieldPayloadLength', { length: payload.length, limit })
  if (id.length !== ID_LENGTH) throw hostError(malformed)
  return { id, payload }
}

function takeId(call: Call, length: bigint, pointer: bigint, malformed: Malformed): Uint8Array {
  const id = call.take(pointer, length)
  if (id.length !== ID_LENGTH) throw hostError(malformed)
  return id
}

const pendingYield = (call: Call, yieldId: Uint8Array): CryptoHash | null =>
  call.promises.yieldDataId(yieldId) ?? call.external.yieldDataId(yieldId)

/** 1 if the yield exists; a second resume of it is sent as well, and finds nothing to do when it arrives. */
function resume(call: Call, dataId: CryptoHash, payload: Uint8Array): 0 | 1 {
  if (!call.promises.hasYield(dataId) && !call.external.yieldExists(dataId)) return 0
  call.promises.resumes.push({ dataId, payload })
  return 1
}
