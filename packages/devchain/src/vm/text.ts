// Strings in guest memory, charged as nearcore's `get_utf8_string`, `get_utf16_string` and `read_and_parse_account_id`.
import { type AccountId, isAccountId } from '@dcml/light-client'
import { utf8 } from '@dcml/protocol'
import { type Call, unsigned } from './call.ts'
import { type HostError, hostError } from './host-error.ts'

/** A length of `u64::MAX`: the text ends with a NUL. */
const NUL_TERMINATED = -1n

const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws HostError `BadUTF8`, `TotalLogLengthExceeded`, `MemoryAccessViolation` */
export function readUtf8(call: Call, length: bigint, pointer: bigint): string {
  call.pay('utf8_decoding_base')
  const room = roomForLogs(call)
  let bytes: Uint8Array
  if (length === NUL_TERMINATED) bytes = scanUtf8(call, unsigned(pointer), room)
  else {
    if (unsigned(length) > room) throw tooLong(call, BigInt.asUintN(64, length))
    bytes = call.read(unsigned(pointer), unsigned(length))
  }
  call.payPer('utf8_decoding_byte', bytes.length)
  return decodeUtf8(bytes)
}

function scanUtf8(call: Call, pointer: number, room: number): Uint8Array {
  const bytes: number[] = []
  for (;;) {
    const byte = call.read(pointer + bytes.length, 1)[0]!
    if (byte === 0) return Uint8Array.from(bytes)
    if (bytes.length === room) throw tooLong(call, BigInt(room + 1))
    bytes.push(byte)
  }
}

/** Memory is read before lengths are checked, unlike in UTF-8. @throws HostError like {@link readUtf8}, `BadUTF16` */
export function readUtf16(call: Call, length: bigint, pointer: bigint): string {
  call.pay('utf16_decoding_base')
  const room = roomForLogs(call)
  let bytes: Uint8Array
  if (length === NUL_TERMINATED) bytes = scanUtf16(call, unsigned(pointer), room)
  else {
    bytes = call.read(unsigned(pointer), unsigned(length))
    if (bytes.length % 2 !== 0) throw hostError('BadUTF16')
    if (bytes.length > room) throw tooLong(call, BigInt(bytes.length))
  }
  call.payPer('utf16_decoding_byte', bytes.length)
  const text = new TextDecoder('utf-16le', { ignoreBOM: true, fatal: true })
  try {
    return text.decode(bytes)
  } catch {
    throw hostError('BadUTF16')
  }
}

function scanUtf16(call: Call, pointer: number, room: number): Uint8Array {
  const bytes: number[] = []
  for (;;) {
    const unit = call.read(pointer + bytes.length, 2)
    if (unit[0] === 0 && unit[1] === 0) return Uint8Array.from(bytes)
    bytes.push(unit[0]!, unit[1]!)
    if (bytes.length > room) throw tooLong(call, BigInt(bytes.length))
  }
}

/** @throws HostError `BadUTF8`, `InvalidAccountId` */
export function readAccountId(call: Call, length: bigint, pointer: bigint): AccountId {
  const bytes = call.readAny(pointer, length)
  call.pay('utf8_decoding_base')
  call.payPer('utf8_decoding_byte', bytes.length)
  const id = decodeUtf8(bytes)
  if (!isAccountId(id)) throw hostError('InvalidAccountId')
  return id
}

/** @throws HostError `BadUTF8` */
function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8Decoder.decode(bytes)
  } catch {
    throw hostError('BadUTF8')
  }
}

/** @throws HostError `NumberOfLogsExceeded` */
export function checkLogCount(call: Call): void {
  const limit = call.limits.max_number_logs
  if (call.logs.length >= limit) throw hostError('NumberOfLogsExceeded', { limit })
}

/** Charges `message`, and keeps it with `prefix`. @throws HostError `TotalLogLengthExceeded` */
export function pushLog(call: Call, message: string, prefix = ''): void {
  call.pay('log_base')
  call.payPer('log_byte', utf8(message).length)
  const length = utf8(prefix + message).length
  call.logLength += length
  if (call.logLength > call.limits.max_total_log_length) throw tooLong(call, BigInt(length))
  call.logs.push(prefix + message)
}

const roomForLogs = (call: Call): number => Math.max(call.limits.max_total_log_length - call.logLength, 0)

/** nearcore adds the length once more when the log already counts, and saturates. */
function tooLong(call: Call, added: bigint): HostError {
  const total = BigInt(call.logLength) + added
  const max = 2n ** 64n - 1n
  return hostError('TotalLogLengthExceeded', {
    length: total > max ? max : total,
    limit: call.limits.max_total_log_length,
  })
}
