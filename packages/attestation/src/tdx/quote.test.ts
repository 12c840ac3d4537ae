import { createSimulator } from '@dcml/tee-simulator'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Refusal } from '../x509/der.ts'
import { readQuote, readQuoteHeader, requireTdx, requireVersion } from './quote.ts'

const simulator = await createSimulator({ now: new Date('2026-11-21T12:00:00Z') })
const imageH = new Uint8Array(32).fill(9)
const reportData = Uint8Array.from({ length: 64 }, (_, i) => i)
const quote = simulator.mintQuote({ imageH, reportData })
const quote5 = simulator.mintQuote({ imageH, reportData, mrServiceTd: new Uint8Array(48).fill(3) })

test('every field comes from its own place', () => {
  const marked = Uint8Array.from({ length: 632 }, (_, i) => (i < 48 ? quote[i]! : Math.floor((i - 48) / 4)))
  const { report, signed } = readQuote(new Uint8Array([...marked, ...quote.subarray(632)]))
  expect(signed).toEqual(marked)
  const first = (bytes: Uint8Array) => bytes[0]! * 4
  expect(
    Object.entries(report).flatMap(([name, value]) =>
      [value].flat().map((bytes) => [name, first(bytes), bytes.length]),
    ),
  ).toEqual([
    ['teeTcbSvn', 0, 16],
    ['mrSeam', 16, 48],
    ['mrSignerSeam', 64, 48],
    ['seamAttributes', 112, 8],
    ['tdAttributes', 120, 8],
    ['xfam', 128, 8],
    ['mrtd', 136, 48],
    ['mrConfigId', 184, 48],
    ['mrOwner', 232, 48],
    ['mrOwnerConfig', 280, 48],
    ['rtmr', 328, 48],
    ['rtmr', 376, 48],
    ['rtmr', 424, 48],
    ['rtmr', 472, 48],
    ['reportData', 520, 64],
  ])
})

test('what TD 1.5 adds comes behind the rest of the report, and is signed', () => {
  const marked = Uint8Array.from(quote5)
  for (let i = 0; i < 648; i++) marked[54 + i] = Math.floor(i / 4)
  const { report, signed } = readQuote(marked)
  expect(signed).toEqual(marked.subarray(0, 702))
  expect([report.reportData[0]! * 4, report.teeTcbSvn2![0]! * 4, report.mrServiceTd![0]! * 4]).toEqual([520, 584, 600])
  expect([report.teeTcbSvn2!.length, report.mrServiceTd!.length]).toEqual([16, 48])
})

test('a TD 1.0 report shows nothing of TD 1.5, in either version', () => {
  const descriptor = Uint8Array.of(2, 0, 0x48, 2, 0, 0)
  const version5 = new Uint8Array([5, ...quote.subarray(1, 48), ...descriptor, ...quote.subarray(48)])
  for (const { report } of [readQuote(quote), readQuote(version5)]) {
    expect(report).not.toHaveProperty('teeTcbSvn2')
    expect(report).not.toHaveProperty('mrServiceTd')
    expect(report.reportData).toEqual(reportData)
  }
})

test('a body of a type or size that no TD report has is refused', () => {
  for (const [at, value] of [
    [48, 0],
    [48, 1],
    [48, 2],
    [48, 4],
    [49, 1],
    [50, 0x48],
    [51, 3],
    [52, 1],
    [53, 0x80],
  ] as const)
    expect(() => readQuote(quote5.with(at, value)), `${at}: ${value}`).toThrow('quote body')
})

test.each([
  ['4', quote],
  ['5', quote5],
])('a quote of version %s cut short anywhere is refused', (_, whole) => {
  for (let length = 0; length < whole.length; length++)
    expect(() => readQuote(whole.subarray(0, length)), `${length} bytes`).toThrow(Refusal)
})

test('lengths that do not agree are refused', () => {
  const authLength = quote[1218]! + quote[1219]! * 256
  for (const at of [632, 635, 766, 769, 1218, 1219, 1222 + authLength, 1225 + authLength])
    for (const change of [1, 255]) expect(() => readQuote(quote.with(at, (quote[at]! + change) & 255))).toThrow(Refusal)
})

test('any bytes are read or refused, nothing else', () => {
  const patched = fc
    .tuple(fc.nat(quote.length), fc.uint8Array({ maxLength: 60 }))
    .map(([at, noise]) => Uint8Array.from([...quote.subarray(0, at), ...noise, ...quote.subarray(at + noise.length)]))
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 700 }), patched), (bytes) => {
      for (const read of [readQuote, readQuoteHeader])
        try {
          read(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(Refusal)
        }
    }),
    { numRuns: 500 },
  )
})

test('other TEEs and versions are told apart by name', () => {
  const header = readQuoteHeader(quote)
  expect(() => requireTdx({ ...header, teeType: 0 })).toThrow(/SGX/)
  expect(() => requireTdx({ ...header, teeType: 0x82 })).toThrow(/0x82/)
  for (const version of [0, 3, 6]) expect(() => requireVersion({ ...header, version })).toThrow(`version ${version}`)
})
