import { toHex } from '@dcml/protocol'
import { Refusal } from '../x509/der.ts'
import type { DeviceFields } from './fields.ts'
import type { DeviceIdentity } from './identity.ts'
import type { Rim } from './rim.ts'

/** The RIMs that a device is measured against; a switch has no driver of its own. */
export interface DeviceRims {
  readonly driver: Rim | undefined
  readonly vbios: Rim
}

/** Microcode of the video decoder NVDEC0, which is not measured where that is switched off. */
const NVDEC0_INDEX = 35

/**
 * Picks a device's RIMs by product and version. NVIDIA's service hands a validly signed manifest of another chip to who
 * asks under another name, so neither the name nor the order of the RIMs says anything.
 * @throws Refusal where one is missing or one is for something else
 */
export function matchRims(rims: readonly Rim[], fields: DeviceFields, { chip }: DeviceIdentity): DeviceRims {
  const edition = fields.kind === 'gpu' ? 'GPU' : 'SWITCH'
  const versions = fields.kind === 'gpu' ? [fields.vbios, fields.driver] : [fields.vbios]
  for (const rim of rims)
    if (rim.product !== chip || rim.edition !== edition || !versions.includes(rim.version))
      throw new Refusal(`a RIM for ${rim.product} ${rim.version}, which is neither its firmware's nor its driver's`)
  const [vbios, driver] = versions.map((version) => {
    const [rim, second] = rims.filter((candidate) => candidate.version === version)
    if (!rim) throw new Refusal(`the RIM for ${chip} ${version} is missing`)
    if (second) throw new Refusal(`two RIMs for ${chip} ${version}`)
    return rim
  })
  return { vbios: vbios!, driver }
}

/** @throws Refusal where both RIMs claim a measurement */
export function requireDisjoint({ driver, vbios }: DeviceRims): void {
  const both = [...vbios.active.keys()].find((index) => driver?.active.has(index))
  if (both !== undefined) throw new Refusal(`measurement ${both} is in the driver's RIM and in the firmware's`)
}

/**
 * Compares measurements with the values that the RIMs accept, by index from 0. A measurement that no RIM claims says
 * nothing: NVIDIA leaves it free.
 * @throws Refusal where one differs or is missing
 */
export function requireMeasurements(
  measurements: readonly Uint8Array[],
  { driver, vbios }: DeviceRims,
  fields: DeviceFields,
): void {
  if ([vbios, driver].some((rim) => rim?.active.size === 0)) throw new Refusal('a RIM claims no measurement at all')
  const golden = [...vbios.active, ...(driver?.active ?? [])]
  const nvdec0 = fields.kind !== 'gpu' || fields.nvdec0
  const wrong = golden
    .filter(([index]) => nvdec0 || index !== NVDEC0_INDEX)
    .filter(([index, values]) => {
      const measured = measurements[index]
      return measured === undefined || !values.includes(toHex(measured))
    })
    .map(([index]) => index)
  if (wrong.length > 0)
    throw new Refusal(`measurements ${wrong.sort((a, b) => a - b).join(', ')} are not as they should be`)
}

/** Whether a version is at least another: numbers between dots, of a VBIOS in hexadecimal. */
export function isAtLeast(version: string, least: string, radix: 10 | 16): boolean {
  const parts = (text: string) => text.split('.').map((part) => Number.parseInt(part, radix))
  const [found, wanted] = [parts(version), parts(least)]
  for (let i = 0; i < Math.max(found.length, wanted.length); i++) {
    const difference = (found[i] ?? 0) - (wanted[i] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return true
}
