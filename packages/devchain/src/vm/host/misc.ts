import type { Call } from '../call.ts'
import { hostError } from '../host-error.ts'
import { actionCost } from '../profile.ts'
import { checkLogCount, pushLog, readUtf8, readUtf16 } from '../text.ts'
import { type HostTable, procedure, procedureOfU32 } from './define.ts'

/** AssemblyScript keeps a string's length in the four bytes before it. */
const LENGTH_BYTES = 4

export const misc: HostTable = {
  value_return: procedure((call, length, pointer) => {
    call.pay('base')
    const value = call.take(pointer, length)
    const limit = call.limits.max_length_returned_data
    if (value.length > limit) throw hostError('ReturnedValueLengthExceeded', { length: value.length, limit })
    payDelivery(call, value.length)
    call.returnData = { type: 'Value', value }
  }),

  panic: procedure((call) => {
    call.pay('base')
    throw hostError('GuestPanic', { panic_msg: 'explicit guest panic' })
  }),

  panic_utf8: procedure((call, length, pointer) => {
    call.pay('base')
    throw hostError('GuestPanic', { panic_msg: readUtf8(call, length, pointer) })
  }),

  log_utf8: procedure((call, length, pointer) => {
    call.pay('base')
    checkLogCount(call)
    pushLog(call, readUtf8(call, length, pointer))
  }),

  log_utf16: procedure((call, length, pointer) => {
    call.pay('base')
    checkLogCount(call)
    pushLog(call, readUtf16(call, length, pointer))
  }),

  abort: procedureOfU32((call, message, filename, line, column) => {
    call.pay('base')
    const pointers = [message >>> 0, filename >>> 0] as const
    if (pointers.some((pointer) => pointer < LENGTH_BYTES)) throw hostError('BadUTF16')
    checkLogCount(call)
    const lengths = pointers.map((pointer) => readU32(call, pointer - LENGTH_BYTES))
    const [text, file] = pointers.map((pointer, at) => readUtf16(call, BigInt(lengths[at]!), BigInt(pointer)))
    const panic = `${text}, filename: "${file}" line: ${line >>> 0} col: ${column >>> 0}`
    pushLog(call, panic, 'ABORT: ')
    throw hostError('GuestPanic', { panic_msg: panic })
  }),

  gas: procedureOfU32((call, operators) => {
    call.gas.burn((operators >>> 0) * call.regularOpCost)
  }),
}

/** Every receiver of the result gets it in a data receipt, whose bytes are burnt at once. */
function payDelivery(call: Call, length: number): void {
  const { sir, notSir, execution } = call.prices.fees.data_receipt_creation_per_byte
  const { currentAccountId, outputDataReceivers } = call.context
  const burn = outputDataReceivers.reduce(
    (sum, receiver) => sum + ((receiver === currentAccountId ? sir : notSir) + execution) * length,
    0,
  )
  call.gas.payAction(actionCost('data_receipt_creation_per_byte'), burn, burn)
}

function readU32(call: Call, pointer: number): number {
  const bytes = call.read(pointer, LENGTH_BYTES)
  return new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getUint32(0, true)
}
