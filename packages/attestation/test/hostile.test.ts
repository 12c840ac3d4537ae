// Whatever arrives, a verdict comes back: named checks, no exception, nothing accepted.
import { createSimulator } from '@dcml/tee-simulator'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { development, TDX_CHECKS, type TdxCollateral, type TdxVerification, verifyTdxQuote } from '../src/index.ts'

const now = new Date('2026-11-21T12:00:00Z')
const simulator = await createSimulator({ now })
const honest = {
  quote: simulator.mintQuote({ imageH: new Uint8Array(32), reportData: new Uint8Array(64) }),
  collateral: simulator.collateral(),
  roots: [simulator.rootDer],
  now,
  policy: development(),
}
const parts = Object.keys(honest.collateral) as (keyof TdxCollateral)[]

function expectRefusal({ ok, checks }: TdxVerification): void {
  expect(ok).toBe(false)
  expect(checks.map(({ name }) => name)).toEqual(Object.keys(TDX_CHECKS))
  expect(checks.some(({ status }) => status === 'fail')).toBe(true)
  for (const { why } of checks) expect(why.length).toBeLessThan(1000)
}

test('what the tests bend is accepted when straight', async () => {
  expect(await verifyTdxQuote(honest)).toMatchObject({ ok: true, environment: 'development' })
})

test('any bytes as a quote', () =>
  fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 1500 }), async (quote) => {
      expectRefusal(await verifyTdxQuote({ ...honest, quote }))
    }),
    { numRuns: 100 },
  ))

test('any JSON as collateral', () =>
  fc.assert(
    fc.asyncProperty(fc.jsonValue(), async (collateral) => {
      expectRefusal(await verifyTdxQuote({ ...honest, collateral: collateral as never }))
    }),
    { numRuns: 100 },
  ))

test('any JSON or text as one part of the collateral', () => {
  const pem = fc
    .string()
    .map((text) => `-----BEGIN CERTIFICATE-----\n${btoa(encodeURI(text))}\n-----END CERTIFICATE-----\n`)
  const hex = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('hex'))
  const value = fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' }), pem, hex)
  return fc.assert(
    fc.asyncProperty(fc.constantFrom(...parts), value, async (part, changed) => {
      expectRefusal(await verifyTdxQuote({ ...honest, collateral: { ...honest.collateral, [part]: changed } as never }))
    }),
    { numRuns: 200 },
  )
})

test('a part cut short, extended or in the place of another', () =>
  fc.assert(
    fc.asyncProperty(fc.constantFrom(...parts), fc.constantFrom(...parts), fc.nat(6000), async (part, other, at) => {
      const text = honest.collateral[part]
      for (const changed of [
        text.slice(0, at % text.length),
        `${text}${text.slice(0, 1 + (at % 9))}`,
        honest.collateral[other],
      ]) {
        if (changed === text || changed === text.trimEnd()) continue
        expectRefusal(await verifyTdxQuote({ ...honest, collateral: { ...honest.collateral, [part]: changed } }))
      }
    }),
    { numRuns: 60 },
  ))

test('parts as large as they come are refused before they cost anything', async () => {
  for (const part of parts)
    for (const filler of ['0', '[', '-----BEGIN CERTIFICATE-----\n']) {
      const large = filler.repeat(2 ** 21 / filler.length)
      expectRefusal(await verifyTdxQuote({ ...honest, collateral: { ...honest.collateral, [part]: large } }))
    }
  expectRefusal(await verifyTdxQuote({ ...honest, quote: new Uint8Array(2 ** 24) }))
})

test('a quote that changes during verification changes nothing', async () => {
  const quote = Uint8Array.from(honest.quote)
  const verdict = verifyTdxQuote({ ...honest, quote })
  quote.fill(0)
  const { ok, report } = await verdict
  expect(ok).toBe(true)
  expect(report?.tdAttributes.some((byte) => byte !== 0)).toBe(true)
})
