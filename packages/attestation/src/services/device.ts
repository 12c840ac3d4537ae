import { type DeviceFields, readGpuFields } from '../nvidia/fields.ts'
import { readGpuReport } from '../nvidia/spdm.ts'
import type { GpuEvidence } from '../tee.ts'

/** Board of the one switch with confidential computing (LS10), which reports do not name. */
const SWITCH_BOARD = '5612_0002_890'

/** What a device says of itself; undefined where its report cannot be read, of which the verifier says why. */
export function readDevice({ kind, report }: GpuEvidence): DeviceFields | undefined {
  try {
    return readGpuFields(kind, readGpuReport(report).opaque)
  } catch {
    return undefined
  }
}

/** NVIDIA's names of the manifests that a device is compared with: of driver and VBIOS, of a switch the VBIOS alone. */
export function rimIds(device: GpuEvidence): string[] {
  const fields = readDevice(device)
  if (fields === undefined) return []
  const vbios = fields.vbios.replaceAll('.', '')
  if (fields.kind === 'switch') return [`NV_SWITCH_BIOS_${SWITCH_BOARD}_${vbios}`]
  const { driver, chip, board } = fields
  // asked for by the older name, NVIDIA gives a validly signed manifest of another chip
  const ofDriver = chip === undefined ? `NV_GPU_DRIVER_GH100_${driver}` : `NV_GPU_CC_DRIVER_${chip}_${driver}`
  return [ofDriver, `NV_GPU_VBIOS_${board.project}_${board.projectSku}_${board.chipSku}_${vbios}`]
}
