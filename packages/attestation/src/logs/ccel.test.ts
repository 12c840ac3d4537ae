import { concatBytes, toHex, utf8 } from '@dcml/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findVector } from '../../../../test/vectors.ts'
import { replayEventLog } from '../evidence/event-log.ts'
import { readQuote } from '../tdx/quote.ts'
import { MAX_CCEL_BYTES, readCcel } from './ccel.ts'

const u16 = (value: number) => Uint8Array.of(value & 255, value >>> 8)
const u32 = (value: number) => concatBytes(u16(value & 0xffff), u16(value >>> 16))
const digest = (byte: number) => new Uint8Array(48).fill(byte)
const event = (register: number, type: number, byte: number, data = new Uint8Array(), algorithm = 12) =>
  concatBytes(u32(register), u32(type), u32(1), u16(algorithm), digest(byte), u32(data.length), data)
const specId = (...algorithms: number[]) =>
  concatBytes(
    ...[utf8('Spec ID Event03\0'), u32(0), Uint8Array.of(0, 2, 0, 2), u32(algorithms.length / 2)],
    ...algorithms.map(u16),
    Uint8Array.of(0),
  )
const header = (data = specId(12, 48), sha1 = new Uint8Array(20)) =>
  concatBytes(u32(1), u32(3), sha1, u32(data.length), data)
const unwritten = (length: number) => new Uint8Array(length).fill(255)

const separator = event(1, 4, 1, u32(0))
const application = event(2, 0x8000_0003, 2, utf8('application'))
const log = concatBytes(header(), separator, application, event(4, 13, 3), event(1, 4, 4))

test('events come in order, registers from 0', () => {
  expect(readCcel(log).map(({ imr, type, digest: [byte], payload }) => [imr, type, byte, payload.length])).toEqual([
    [0, 4, 1, 4],
    [1, 0x8000_0003, 2, 11],
    [3, 13, 3, 0],
    [0, 4, 4, 0],
  ])
})

test('unwritten memory ends the log, and nothing may follow it', () => {
  for (const length of [4, 5, 4096]) expect(readCcel(concatBytes(log, unwritten(length)))).toEqual(readCcel(log))
  expect(() => readCcel(concatBytes(log, unwritten(3)))).toThrow('cut short')
  expect(() => readCcel(concatBytes(log, unwritten(8), separator))).toThrow('behind its end')
})

test('what extends no RTMR is left out', () => {
  const silent = concatBytes(header(), event(1, 3, 9), event(0, 4, 9), separator)
  expect(readCcel(silent)).toEqual(readCcel(concatBytes(header(), separator)))
})

describe('refused', () => {
  test.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(), 'cut short'],
    ['an event in place of the header', separator, 'begin with its header'],
    ['a header with a digest', concatBytes(header(specId(12, 48), new Uint8Array(20).fill(1))), 'a digest'],
    ['a header of TPM 1.2 logs', header(utf8('Spec ID Event00\0'.padEnd(33))), 'crypto-agile'],
    ['SHA-256 logs', header(specId(11, 32)), 'SHA-384 alone'],
    ['two digests', header(specId(11, 32, 12, 48)), 'SHA-384 alone'],
    ['SHA-384 of another length', header(specId(12, 32)), 'SHA-384 alone'],
    ['bytes behind the header', header(concatBytes(specId(12, 48), Uint8Array.of(0))), 'longer than it says'],
    ['a register that TDX does not have', concatBytes(header(), event(5, 4, 1)), 'no register 5'],
    ['an event with SHA-256', concatBytes(header(), event(1, 4, 1, u32(0), 11)), 'one SHA-384'],
    ['more than firmware reserves', unwritten(MAX_CCEL_BYTES + 1), 'more than'],
  ])('%s', (_, bytes, why) => {
    expect(() => readCcel(bytes)).toThrow(
      expect.objectContaining({ code: 'event_log_malformed', message: expect.stringContaining(why) }),
    )
  })

  test('a log cut anywhere but between events', () => {
    const ends = new Set([header().length, header().length + separator.length])
    ends.add([...ends].at(-1)! + application.length).add([...ends].at(-1)! + event(4, 13, 3).length)
    for (let length = 0; length < log.length; length++)
      if (!ends.has(length)) expect(() => readCcel(log.subarray(0, length)), `${length}`).toThrow('cut short')
  })
})

test('any bytes are read or refused with the one code', () => {
  const patched = fc
    .tuple(fc.nat(log.length), fc.uint8Array({ maxLength: 12 }))
    .map(([at, noise]) => concatBytes(log.subarray(0, at), noise, log.subarray(at + noise.length)))
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), patched), (bytes) => {
      try {
        for (const { imr, digest } of readCcel(bytes)) expect([imr in [0, 1, 2, 3], digest.length]).toEqual([true, 48])
      } catch (error) {
        expect(error).toMatchObject({ code: 'event_log_malformed' })
      }
    }),
    { numRuns: 500 },
  )
})

const gcp = findVector('attestation/logs/gcp-cos-113/ccel.bin')
const gcpQuote = findVector('attestation/logs/gcp-cos-113/quote.bin')
const dstack = findVector('attestation/logs/dstack/ccel.bin')

test.skipIf(!gcp || !gcpQuote)('the log of a TD on Google Cloud leads to what its quote says', () => {
  const { report } = readQuote(gcpQuote!)
  const events = readCcel(gcp!)
  expect(events.length).toBe(43)
  expect(replayEventLog(events).map(toHex)).toEqual(report.rtmr.map(toHex))
  expect(replayEventLog(events.slice(0, -1)).map(toHex)).not.toEqual(report.rtmr.map(toHex))
})

test.skipIf(!dstack)('the log of a dstack VM is read', () => {
  expect(readCcel(dstack!).map(({ imr }) => imr)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 1, 1, 1])
})
