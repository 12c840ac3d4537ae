import { concatBytes } from '@dcml/protocol'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Refusal } from '../x509/der.ts'
import { MAX_GPU_REPORT_BYTES, readGpuReport } from './spdm.ts'

const bytes = (...values: number[]): Uint8Array => Uint8Array.of(...values)
const little = (value: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (value >>> (8 * i)) & 0xff)
const nonce = new Uint8Array(32).fill(7)

interface Parts {
  request: Uint8Array
  slot: number
  response: Uint8Array
  count: number
  blocks: Uint8Array[]
  opaque: Uint8Array
  signature: Uint8Array
}
const digest = (index: number): Uint8Array => new Uint8Array(48).fill(index)
const block = (index: number, value = digest(index), specification = 1, type = 1): Uint8Array =>
  concatBytes(bytes(index, specification), little(value.length + 3, 2), bytes(type), little(value.length, 2), value)
const good = (): Parts => ({
  request: bytes(0x11, 0xe0, 1, 0xff),
  slot: 0,
  response: bytes(0x11, 0x60, 0, 0),
  count: 3,
  blocks: [block(1), block(2), block(3)],
  opaque: bytes(1, 2, 3),
  signature: new Uint8Array(96).fill(9),
})
function encode({ request, slot, response, count, blocks, opaque, signature }: Parts): Uint8Array {
  const record = concatBytes(...blocks)
  return concatBytes(
    request,
    nonce,
    bytes(slot),
    response,
    bytes(count),
    little(record.length, 3),
    record,
    new Uint8Array(32),
    little(opaque.length, 2),
    opaque,
    signature,
  )
}

test('reads what the device signed', () => {
  const report = encode(good())
  expect(readGpuReport(report)).toEqual({
    signed: report.subarray(0, -96),
    signature: new Uint8Array(96).fill(9),
    nonce,
    measurements: [digest(1), digest(2), digest(3)],
    opaque: bytes(1, 2, 3),
  })
})

describe('refuses', () => {
  const cases: [string, Partial<Parts>][] = [
    ['SPDM 1.0', { request: bytes(0x10, 0xe0, 1, 0xff) }],
    ['another request', { request: bytes(0x11, 0x81, 1, 0xff) }],
    ['a request without signature', { request: bytes(0x11, 0xe0, 0, 0xff) }],
    ['a request for one measurement', { request: bytes(0x11, 0xe0, 1, 1) }],
    ['another slot', { slot: 1 }],
    ['an error', { response: bytes(0x11, 0x7f, 0, 0) }],
    ['a response from another slot', { response: bytes(0x11, 0x60, 0, 1) }],
    ['no measurement', { count: 0, blocks: [] }],
    ['fewer measurements than it counts', { count: 4 }],
    ['more measurements than it counts', { count: 2 }],
    ['measurements out of order', { blocks: [block(1), block(3), block(2)] }],
    ['a measurement that is there twice', { blocks: [block(1), block(2), block(2)] }],
    ['a measurement in another format', { blocks: [block(1), block(2, digest(2), 2), block(3)] }],
    ['a measurement that is no digest', { blocks: [block(1), block(2, digest(2), 1, 0x81), block(3)] }],
    ['a short measurement', { blocks: [block(1), block(2, digest(2).subarray(1)), block(3)] }],
    ['a short signature', { signature: new Uint8Array(95) }],
    ['a long signature', { signature: new Uint8Array(97) }],
  ]
  test.each(cases)('%s', (_, changed) => {
    expect(() => readGpuReport(encode({ ...good(), ...changed }))).toThrow(Refusal)
  })

  test('a long report before reading it', () => {
    expect(() => readGpuReport(new Uint8Array(MAX_GPU_REPORT_BYTES + 1))).toThrow(`above ${MAX_GPU_REPORT_BYTES} bytes`)
  })

  test('any bytes, with a reason', () => {
    const report = encode(good())
    const bent = fc
      .tuple(fc.nat(report.length), fc.uint8Array({ maxLength: 8 }), fc.nat(8))
      .map(([at, insert, cut]) => concatBytes(report.subarray(0, at), insert, report.subarray(at + cut)))
    fc.assert(
      fc.property(fc.oneof(bent, fc.uint8Array({ maxLength: 300 })), (input) => {
        try {
          const read = readGpuReport(input)
          expect(read.signed.length + 96).toBe(input.length)
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal)
        }
      }),
      { numRuns: Number(process.env.DCML_FUZZ ?? 2000) },
    )
  })
})
