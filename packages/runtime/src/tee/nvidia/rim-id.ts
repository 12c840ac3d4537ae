import { type DeviceFields, readGpuFields, readGpuReport } from '@dcml/attestation'
import { DcmlError } from '@dcml/protocol'

/** NVIDIA has one kind of switch with confidential computing (LS10), and reports do not name its board. */
const SWITCH_BOARD = '5612_0002_890'

/**
 * The ids of the RIMs that a report is compared with: of driver and VBIOS, of a switch the VBIOS alone.
 * @throws DcmlError `gpu_answer_malformed`
 */
export function rimIds(kind: 'gpu' | 'switch', report: Uint8Array): string[] {
  let fields: DeviceFields
  try {
    fields = readGpuFields(kind, readGpuReport(report).opaque)
  } catch (cause) {
    throw new DcmlError(
      'gpu_answer_malformed',
      `The report of a ${kind} cannot be read: ${(cause as Error).message}.`,
      {
        hint: 'Ask the maker of the platform for a driver that verifiers know.',
        cause,
      },
    )
  }
  const vbios = fields.vbios.replaceAll('.', '')
  if (fields.kind === 'switch') return [`NV_SWITCH_BIOS_${SWITCH_BOARD}_${vbios}`]
  const { driver, chip, board } = fields
  // Hopper does not name its chip, and its manifests came first
  const ofDriver = chip === undefined ? `NV_GPU_DRIVER_GH100_${driver}` : `NV_GPU_CC_DRIVER_${chip}_${driver}`
  return [ofDriver, `NV_GPU_VBIOS_${board.project}_${board.projectSku}_${board.chipSku}_${vbios}`]
}
