// Costs and limits of texts: as nearcore's `logic/tests/logs.rs` and `miscs.rs` assert them.
import { expect, test } from 'vitest'
import { Logic, U64_MAX } from '../../../test/logic.ts'

const ODD = "j ñ r'ø qò$`5 y'5 øò{%÷ `Võ%"
const utf8Length = (text: string): number => new TextEncoder().encode(text).length

function utf16(text: string): Uint8Array {
  const units = Array.from({ length: text.length }, (_, at) => text.charCodeAt(at))
  return Uint8Array.from(units.flatMap((unit) => [unit & 0xff, unit >> 8]))
}

test('log_utf8 keeps text', () => {
  const logic = new Logic()
  const [length, pointer] = logic.write(ODD)
  logic.run('log_utf8', length, pointer)
  expect(logic.call.logs).toEqual([ODD])
  const bytes = Number(length)
  expect(logic.costs()).toEqual({
    base: 1,
    log_base: 1,
    log_byte: bytes,
    read_memory_base: 1,
    read_memory_byte: bytes,
    utf8_decoding_base: 1,
    utf8_decoding_byte: bytes,
  })
})

test('log_utf8 refuses other bytes after decoding was paid', () => {
  const logic = new Logic()
  expect(logic.refusal('log_utf8', ...logic.write(Uint8Array.of(0x80)))).toBe('BadUTF8')
  expect(logic.costs()).toEqual({
    base: 1,
    read_memory_base: 1,
    read_memory_byte: 1,
    utf8_decoding_base: 1,
    utf8_decoding_byte: 1,
  })
})

test('log_utf8 reads to a NUL byte by byte', () => {
  const length = utf8Length(ODD)
  const logic = new Logic({ limits: { max_total_log_length: length } })
  logic.run('log_utf8', U64_MAX, logic.write(`${ODD}\0`)[1])
  expect(logic.call.logs).toEqual([ODD])
  expect(logic.costs()).toMatchObject({
    read_memory_base: length + 1,
    read_memory_byte: length + 1,
    utf8_decoding_byte: length,
    log_byte: length,
  })
})

test('log_utf8 is refused above the limit before it reads', () => {
  const length = utf8Length(ODD)
  const logic = new Logic({ limits: { max_total_log_length: length - 1 } })
  expect(logic.refusal('log_utf8', ...logic.write(ODD))).toBe(
    `TotalLogLengthExceeded { length: ${length}, limit: ${length - 1} }`,
  )
  expect(logic.costs()).toEqual({ base: 1, utf8_decoding_base: 1 })
})

test('a text without its NUL is refused one byte past the limit', () => {
  const logic = new Logic({ limits: { max_total_log_length: 3 } })
  expect(logic.refusal('log_utf8', U64_MAX, logic.write('abcdefgh\0')[1])).toBe(
    'TotalLogLengthExceeded { length: 4, limit: 3 }',
  )
  expect(logic.costs()).toEqual({ base: 1, read_memory_base: 4, read_memory_byte: 4, utf8_decoding_base: 1 })
})

test('logs share one limit of length, and one of number', () => {
  const logic = new Logic({ limits: { max_total_log_length: 3 * 21 - 1, max_number_logs: 21 } })
  const plain = logic.write('abc')
  const wide = logic.write(utf16('abc'))
  for (let i = 0; i < 10; i++) {
    logic.run('log_utf16', ...wide)
    logic.run('log_utf8', ...plain)
  }
  expect(logic.refusal('log_utf8', ...plain)).toBe('TotalLogLengthExceeded { length: 63, limit: 62 }')
  const few = new Logic({ limits: { max_number_logs: 1 } })
  few.run('log_utf8', ...few.write('a'))
  expect(few.refusal('log_utf8', ...few.write('b'))).toBe('NumberOfLogsExceeded { limit: 1 }')
  expect(few.call.logs).toEqual(['a'])
})

test('log_utf16 pays decoding by its own bytes and logging by those of UTF-8', () => {
  const text = '$ qò$`'
  const logic = new Logic()
  logic.run('log_utf16', ...logic.write(utf16(text)))
  expect(logic.call.logs).toEqual([text])
  expect(logic.costs()).toEqual({
    base: 1,
    read_memory_base: 1,
    read_memory_byte: 12,
    utf16_decoding_base: 1,
    utf16_decoding_byte: 12,
    log_base: 1,
    log_byte: 7,
  })
})

test('log_utf16 reads to a NUL unit by unit, and counts the unit that is too much', () => {
  const logic = new Logic({ limits: { max_total_log_length: 5 } })
  logic.run('log_utf16', U64_MAX, logic.write(utf16('ab\0'))[1])
  expect(logic.costs()).toMatchObject({ read_memory_base: 3, read_memory_byte: 6, utf16_decoding_byte: 4, log_byte: 2 })
  expect(logic.refusal('log_utf16', U64_MAX, logic.write(utf16('abc\0'))[1])).toBe(
    'TotalLogLengthExceeded { length: 6, limit: 5 }',
  )
})

test.each<[why: string, bytes: Uint8Array]>([
  ['an unpaired surrogate', utf16('mu\ud800ic')],
  ['an odd length', Uint8Array.of(65, 0, 65)],
])('log_utf16 refuses %s', (_, bytes) => {
  const logic = new Logic()
  expect(logic.refusal('log_utf16', ...logic.write(bytes))).toBe('BadUTF16')
})

test('log_utf16 judges an odd length before the limit, and pays for reading first', () => {
  const logic = new Logic()
  expect(logic.refusal('log_utf16', 16_385, 0)).toBe('BadUTF16')
  expect(logic.refusal('log_utf16', 16_386, 0)).toBe('TotalLogLengthExceeded { length: 16386, limit: 16384 }')
  expect(logic.refusal('log_utf16', 2n ** 63n, 0)).toBe('IntegerOverflow')
})

test('a log that grows past the limit in UTF-8 counts twice', () => {
  const logic = new Logic({ limits: { max_total_log_length: 4 } })
  expect(logic.refusal('log_utf16', ...logic.write(utf16('€€')))).toBe(
    'TotalLogLengthExceeded { length: 12, limit: 4 }',
  )
  expect(logic.costs()).toMatchObject({ log_base: 1, log_byte: 6 })
})

test('panics end the call with their text', () => {
  const logic = new Logic()
  expect(() => logic.run('panic')).toThrow('Smart contract panicked: explicit guest panic')
  expect(() => logic.run('panic_utf8', ...logic.write('a "b"\n'))).toThrow('Smart contract panicked: a "b"\n')
  expect(logic.refusal('panic_utf8', ...logic.write('a "b"\n'))).toBe('GuestPanic { panic_msg: "a \\"b\\"\\n" }')
})

test('abort logs and panics as AssemblyScript wants it', () => {
  const logic = new Logic()
  const place = (text: string): bigint => {
    const bytes = utf16(text)
    logic.number(BigInt(bytes.length), 4)
    return logic.write(bytes)[1]
  }
  const message = place('no')
  expect(() => logic.run('abort', message, place('a.ts'), 3, 2 ** 32 - 1)).toThrow(
    'Smart contract panicked: no, filename: "a.ts" line: 3 col: 4294967295',
  )
  expect(logic.call.logs).toEqual(['ABORT: no, filename: "a.ts" line: 3 col: 4294967295'])
  expect(logic.costs()).toMatchObject({ read_memory_base: 4, utf16_decoding_base: 2, log_byte: 44 })
  expect(logic.refusal('abort', 3, 100, 0, 0)).toBe('BadUTF16')
})

test('value_return pays each receiver of the result', () => {
  const logic = new Logic({ outputDataReceivers: ['alice.near', 'bob.near'] })
  logic.run('value_return', ...logic.write('0123456789'))
  expect(logic.call.returnData).toEqual({ type: 'Value', value: new TextEncoder().encode('0123456789') })
  const { sendSir, sendNotSir, execution } = logic.params.fees.data_receipt_creation_per_byte
  expect(logic.costs().new_data_receipt_byte).toBe(Number(10n * (sendSir + sendNotSir + 2n * execution)))
  const short = new Logic({ limits: { max_length_returned_data: 4 } })
  short.run('value_return', 4, 0)
  expect(short.refusal('value_return', 5, 0)).toBe('ReturnedValueLengthExceeded { length: 5, limit: 4 }')
})

test('gas burns operators, which are unsigned', () => {
  const logic = new Logic()
  logic.run('gas', 10)
  expect(logic.burnt).toBe(8_227_560n)
  expect(logic.costs()).toEqual({})
  expect(logic.refusal('gas', 2 ** 32 - 1)).toBe('GasLimitExceeded')
})
