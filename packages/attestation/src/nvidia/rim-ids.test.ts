import { createSimulator } from '@dcml/tee-simulator'
import { expect, test } from 'vitest'
import { findVector } from '../../../../test/vectors.ts'
import { gpuRimIds } from './rim-ids.ts'

const simulator = await createSimulator()
const nonce = new Uint8Array(32)
const machine = (chip: 'GH100' | 'GB100') =>
  simulator.createTee({ imageH: new Uint8Array(32), gpus: 2, switches: 1, chip }).gpu!.evidence(nonce)

/** Field 35, the chip, under a number that means nothing. */
function withoutChip(report: Uint8Array): Uint8Array {
  const at = Buffer.from(report).indexOf('GB100') - 4
  expect([...report.subarray(at, at + 2)]).toEqual([35, 0])
  return report.with(at, 99)
}

test('a GPU is compared with manifests of driver and VBIOS, a switch with one of the VBIOS', async () => {
  const [gpu, , lock] = await machine('GH100')
  const [driver, vbios] = gpuRimIds(gpu!)
  expect(driver).toMatch(/^NV_GPU_DRIVER_GH100_\d+\.\d+$/)
  expect(vbios).toMatch(/^NV_GPU_VBIOS_[0-9A-Z]+_\d+_\d+_[0-9A-F]{10}$/)
  expect(gpuRimIds(lock!)).toEqual([expect.stringMatching(/^NV_SWITCH_BIOS_5612_0002_890_[0-9A-F]{10}$/)])
})

test('a driver that does not say on which chip it runs is named by what the certificates say', async () => {
  const [gpu] = await machine('GB100')
  const ids = gpuRimIds(gpu!)
  expect(ids[0]).toMatch(/^NV_GPU_CC_DRIVER_GB100_\d+\.\d+$/)
  const silent = { ...gpu!, report: withoutChip(gpu!.report) }
  expect(gpuRimIds(silent)).toEqual(ids)
  const [hopper] = await machine('GH100')
  expect(gpuRimIds({ ...silent, certificates: hopper!.certificates })[0]).toMatch(/^NV_GPU_DRIVER_GH100_/)
  expect(() => gpuRimIds({ ...silent, certificates: '' })).toThrow()
})

test('a real Blackwell whose driver does not name its chip is asked for by its real names', (context) => {
  const [report, chain] = [
    findVector('attestation/gpu/blackwell-575.32/report.hex'),
    findVector('attestation/gpu/blackwell-575.32/chain.pem'),
  ]
  if (!report || !chain) return context.skip()
  const [hex, certificates] = [report, chain].map((bytes) => new TextDecoder().decode(bytes)) as [string, string]
  const ids = gpuRimIds({ kind: 'gpu', report: Uint8Array.from(Buffer.from(hex.trim(), 'hex')), certificates })
  expect(ids[0]).toBe('NV_GPU_CC_DRIVER_GB100_575.32')
})
