import { gpuCertificateAttacks } from './gpu-certificates.ts'
import type { GpuAttack } from './gpu-forge.ts'
import { gpuMachineAttacks } from './gpu-machine.ts'
import { gpuReportAttacks } from './gpu-reports.ts'
import { gpuRevocationAttacks } from './gpu-revocation.ts'
import { gpuRimAttacks } from './gpu-rims.ts'
import { gpuVerdictAttacks } from './gpu-verdicts.ts'

/** Every attack on the evidence of GPUs; each is refused by the check it targets and by nothing else. */
export const gpuAttacks: readonly GpuAttack[] = [
  ...gpuMachineAttacks,
  ...gpuReportAttacks,
  ...gpuCertificateAttacks,
  ...gpuRimAttacks,
  ...gpuRevocationAttacks,
  ...gpuVerdictAttacks,
]
