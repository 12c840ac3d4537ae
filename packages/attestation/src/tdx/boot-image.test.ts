// MRTD is the firmware; kernel and initial file system are in RTMR1 and RTMR2. Whoever compares the first alone accepts
// any workload that the same firmware boots.
import { toHex } from '@dcml/protocol'
import { createSimulator } from '@dcml/tee-simulator'
import { expect, test } from 'vitest'
import type { ImageMeasurements } from '../policy/policy.ts'
import { development } from '../policy/presets.ts'
import { verifyTdxQuote } from './verify.ts'

const now = new Date('2026-11-21T12:00:00Z')
const simulator = await createSimulator({ now })
const { image } = simulator
const other = '01'.repeat(48)

/** The check `boot_image` of an honest TD, and whether it was accepted. */
async function judge(...images: ImageMeasurements[]) {
  const { ok, checks } = await verifyTdxQuote({
    quote: simulator.mintQuote({ imageH: new Uint8Array(32), reportData: new Uint8Array(64) }),
    collateral: simulator.collateral(),
    roots: [simulator.rootDer],
    now,
    policy: development({ images }),
  })
  return { ok, ...checks.find(({ name }) => name === 'boot_image')! }
}

test('all registers that are named are compared', async () => {
  expect(await judge(image)).toMatchObject({ ok: true, status: 'pass' })
  const { rtmr0: _, ...anySize } = image
  expect(await judge(anySize)).toMatchObject({ ok: true, status: 'pass' })
  for (const register of ['mrtd', 'rtmr0', 'rtmr1', 'rtmr2'])
    expect(await judge({ ...image, [register]: other })).toMatchObject({ ok: false, status: 'fail' })
})

test.each(['mrtd', 'rtmr1', 'rtmr2'])('a waived %s is never shown as success', async (register) => {
  const lax = { ...image, [register]: 'any', label: 'lax' }
  expect(await judge(lax)).toMatchObject({
    ok: true,
    status: 'skipped',
    why: `The policy accepts any ${register} in the image lax.`,
  })
  expect(await judge(lax, image)).toMatchObject({ status: 'pass' })
  for (const rest of ['mrtd', 'rtmr1', 'rtmr2'].filter((name) => name !== register))
    expect(await judge({ ...lax, [rest]: other })).toMatchObject({ ok: false, status: 'fail' })
})

test('an entry that lost its registers on the way accepts nothing', async () => {
  const { mrtd, label } = image
  const policy = { ...development(), images: [{ mrtd, label } as ImageMeasurements] }
  const { quote, collateral } = await simulator.createTee({ imageH: new Uint8Array(32) }).quote(new Uint8Array(64))
  const { ok, report } = await verifyTdxQuote({ quote, collateral, roots: [simulator.rootDer], now, policy })
  expect(toHex(report!.mrtd)).toBe(mrtd)
  expect(ok).toBe(false)
})
