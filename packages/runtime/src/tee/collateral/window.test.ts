import { fromHex, utf8 } from '@dcml/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { derValues } from './der.ts'
import { certificateWindow, contains, crlWindow, ocspStatement, overlap } from './window.ts'

const der = (tag: number, ...parts: Uint8Array[]): Uint8Array => {
  const contents = Buffer.concat(parts)
  const length = contents.length < 0x80 ? [contents.length] : [0x82, contents.length >> 8, contents.length & 255]
  return Uint8Array.from([tag, ...length, ...contents])
}
const sequence = (...parts: Uint8Array[]): Uint8Array => der(0x30, ...parts)
const utcTime = (text: string): Uint8Array => der(0x17, utf8(text))
const time = (text: string): Uint8Array => der(0x18, utf8(text))
const algorithm = sequence(der(6, fromHex('2a8648ce3d040303')))
const signature = der(3, Uint8Array.of(0, 1, 2, 3))
const crl = (...times: Uint8Array[]): Uint8Array =>
  sequence(sequence(der(2, Uint8Array.of(1)), algorithm, sequence(), ...times), algorithm, signature)
const id = sequence(algorithm, der(4), der(4), der(2, Uint8Array.of(0x77)))
const ocsp = (...fields: Uint8Array[]): Uint8Array => {
  const data = sequence(der(0xa2, der(4)), time('20260101000000Z'), sequence(sequence(...fields)))
  const basic = sequence(data, algorithm, signature)
  return sequence(der(10, Uint8Array.of(0)), der(0xa0, sequence(der(6, Uint8Array.of(1)), der(4, basic))))
}
const unavailable = expect.objectContaining({ code: 'tee_collateral_unavailable' })

test('a CRL counts from thisUpdate to nextUpdate, in either kind of time', () => {
  const from = Date.UTC(2026, 0, 2)
  const until = Date.UTC(2050, 1, 3, 4, 5, 6)
  expect(crlWindow(crl(utcTime('260102000000Z'), time('20500203040506Z')))).toEqual({ from, until })
  expect(crlWindow(crl(time('20260102000000Z')))).toEqual({ from, until: Number.POSITIVE_INFINITY })
  expect(crlWindow(crl(utcTime('990102000000Z'))).from).toBe(Date.UTC(1999, 0, 2))
  for (const bad of [crl(), crl(time('2026')), sequence(), new Uint8Array()])
    expect(() => crlWindow(bad)).toThrow(unavailable)
})

test('an OCSP response counts to nextUpdate, or for a day; a refusal to answer is none', () => {
  const good = der(0x80)
  const [from, day] = [Date.UTC(2026, 0, 2), 86_400_000]
  const thisUpdate = time('20260102000000Z')
  const next = der(0xa0, time('20260102120000Z'))
  expect(ocspStatement(ocsp(id, good, thisUpdate, next))).toEqual({
    serial: Uint8Array.of(0x77),
    status: good,
    from,
    until: from + day / 2,
  })
  expect(ocspStatement(ocsp(id, good, thisUpdate)).until).toBe(from + day)
  const unauthorized = sequence(der(10, Uint8Array.of(6)))
  for (const bad of [unauthorized, ocsp(id, good), ocsp(), sequence(der(10, Uint8Array.of(0))), new Uint8Array()])
    expect(() => ocspStatement(bad)).toThrow(unavailable)
})

test('hostile bytes are one fault, however they are bent', () => {
  const whole = [crl(time('20260102000000Z')), ocsp(id, der(0x80), time('20260102000000Z'))]
  const bent = fc
    .tuple(fc.constantFrom(...whole), fc.nat(80), fc.uint8Array({ maxLength: 6 }))
    .map(([bytes, at, noise]) =>
      Uint8Array.from([...bytes.subarray(0, at), ...noise, ...bytes.subarray(at + noise.length)]),
    )
  fc.assert(
    fc.property(fc.oneof(bent, fc.uint8Array({ maxLength: 64 })), (bytes) => {
      for (const read of [derValues, crlWindow, ocspStatement, certificateWindow])
        try {
          read(bytes)
        } catch (error) {
          expect(error).toEqual(unavailable)
        }
    }),
    { numRuns: 1000 },
  )
})

test('what counts together counts while all of it does', () => {
  const window = overlap([
    { from: 1, until: 9 },
    { from: 3, until: 12 },
  ])
  expect(window).toEqual({ from: 3, until: 9 })
  expect([2, 3, 9, 10].map((now) => contains(window, now))).toEqual([false, true, true, false])
})
