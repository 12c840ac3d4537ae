import type { GpuEvidence } from '../tee.ts'
import type { GpuCheckName } from './checklist.ts'
import type { Named } from './each.ts'
import type { GpuJudge } from './verify.ts'
import type { VerifiedDevices } from './verify-devices.ts'

const CHECKS: readonly GpuCheckName[] = [
  'gpu_nras_format',
  'gpu_nras_signer',
  'gpu_nras_signature',
  'gpu_nras_window',
  'gpu_nras_nonce',
  'gpu_nras_devices',
  'gpu_nras_verdict',
]

/** NVIDIA's own opinion, where the policy wants it too. What judges it is loaded for that alone. */
export async function verifyVerdicts(
  judge: GpuJudge,
  devices: readonly Named<GpuEvidence>[] | undefined,
  verified: VerifiedDevices,
): Promise<void> {
  if (judge.policy.nras === 'off') {
    for (const name of CHECKS) judge.list.skip(name, "The policy does not ask for NVIDIA's own verdict.")
    return
  }
  const { verifyNras } = await import('./nras/verify.ts')
  await verifyNras(judge, devices, verified)
}
