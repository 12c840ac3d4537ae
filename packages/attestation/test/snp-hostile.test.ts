// Whatever arrives, a verdict comes back: named checks, no exception, nothing accepted.
import { createSimulator, snpControls } from '@dcml/tee-simulator'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { development, SNP_CHECKS, type SnpVerification, verifySnpReport } from '../src/index.ts'

const now = new Date('2026-11-21T12:00:00Z')
const simulator = await createSimulator({ now })
const { evidence, roots } = snpControls[0]!.mint(simulator)
const honest = { ...evidence, roots, now, policy: development() }
const parts = ['report', 'vek', 'ask', 'ark', 'crl'] as const

function expectRefusal({ ok, checks }: SnpVerification): void {
  expect(ok).toBe(false)
  expect(checks.map(({ name }) => name)).toEqual(Object.keys(SNP_CHECKS))
  expect(checks.some(({ status }) => status === 'fail')).toBe(true)
  for (const { why } of checks) expect(why.length).toBeLessThan(1000)
}

test('what the tests bend is accepted when straight', async () => {
  expect(await verifySnpReport(honest)).toMatchObject({ ok: true, environment: 'development' })
})

test.each(parts)('any bytes as %s', (part) =>
  fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 1500 }), async (bytes) => {
      expectRefusal(await verifySnpReport({ ...honest, [part]: bytes }))
    }),
    { numRuns: 60 },
  ),
)

test('any 1,184 bytes as a report', () =>
  fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 1184, maxLength: 1184 }), fc.nat(6), async (report, version) => {
      report.set([version, 0, 0, 0])
      expectRefusal(await verifySnpReport({ ...honest, report }))
    }),
    { numRuns: 60 },
  ))

test.each(parts)('%s with a stretch of noise, cut out, or repeated', (part) =>
  fc.assert(
    fc.asyncProperty(fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(2), async (place, noise, how) => {
      const bytes = honest[part]
      const at = place % bytes.length
      const kept = how === 0 ? at + noise.length : how === 1 ? at + 1 : at
      const changed = Uint8Array.from([...bytes.subarray(0, at), ...(how === 1 ? [] : noise), ...bytes.subarray(kept)])
      fc.pre(Buffer.compare(changed, bytes) !== 0)
      expectRefusal(await verifySnpReport({ ...honest, [part]: changed }))
    }),
    { numRuns: 40 },
  ),
)

test('megabytes of any part are refused, not read', async () => {
  for (const part of parts) {
    const padded = new Uint8Array(8_000_000)
    padded.set(honest[part])
    expectRefusal(await verifySnpReport({ ...honest, [part]: padded }))
  }
})

test('evidence that changes during verification changes nothing', async () => {
  const copies = parts.map((part) => [part, honest[part].slice()] as const)
  const verdict = verifySnpReport({ ...honest, ...Object.fromEntries(copies) })
  for (const [, bytes] of copies) bytes.fill(0)
  const { ok, report } = await verdict
  expect(ok).toBe(true)
  expect(report?.measurement.some((byte) => byte !== 0)).toBe(true)
})
