import type { GpuEvidence } from '../tee.ts'
import { readCertificate } from '../x509/certificate.ts'
import { readPem } from '../x509/pem.ts'
import { readGpuFields } from './fields.ts'
import { readIdentity } from './identity.ts'
import { NVIDIA_PKI } from './pki.ts'
import { readGpuReport } from './spdm.ts'

/** Board of the one switch with confidential computing (LS10), which reports do not name. */
const SWITCH_BOARD = '5612_0002_890'

/**
 * NVIDIA's names of the reference manifests (RIMs) that a device is compared with, as its own evidence has them and before
 * any of it is verified: of driver and VBIOS, such as `NV_GPU_DRIVER_GH100_550.144.03`, and of a switch the VBIOS alone.
 * @throws Error where report or certificates cannot be read; its message says why
 */
export function gpuRimIds({
  kind,
  report,
  certificates,
}: Pick<GpuEvidence, 'kind' | 'report' | 'certificates'>): string[] {
  const fields = readGpuFields(kind, readGpuReport(report).opaque)
  const vbios = fields.vbios.replaceAll('.', '')
  if (fields.kind === 'switch') return [`NV_SWITCH_BIOS_${SWITCH_BOARD}_${vbios}`]
  const { driver, board, chip = certifiedChip(certificates) } = fields
  // Asked for by the name that Hopper's have, NVIDIA gives a validly signed manifest of the wrong chip.
  const family = chip === 'GH100' ? 'NV_GPU_DRIVER' : 'NV_GPU_CC_DRIVER'
  return [`${family}_${chip}_${driver}`, `NV_GPU_VBIOS_${board.project}_${board.projectSku}_${board.chipSku}_${vbios}`]
}

/** Hopper does not name its chip in reports, nor did the first drivers of Blackwell. */
const certifiedChip = (pem: string): string =>
  readIdentity(
    readPem(pem)
      .slice(0, 2)
      .map((der) => readCertificate(der, NVIDIA_PKI.kinds)),
  ).chip
