import type { Check } from '../check.ts'
import { GPU_CHECKS } from '../nvidia/checklist.ts'
import { type GpuVerification, verifyGpuEvidence } from '../nvidia/verify.ts'
import type { Policy } from '../policy/policy.ts'
import type { GpuEvidence } from '../tee.ts'
import type { Claims } from './claims.ts'
import type { Circumstances } from './cpu.ts'
import { gpuEvidenceH, gpuNonce } from './gpu.ts'
import { fail, same, skipped } from './outcome.ts'

/** Names of the checks of GPUs, in order. */
export const GPU_CHECK_NAMES = Object.keys(GPU_CHECKS)

/** Verifies the GPUs where the policy asks for them. Without claims there is no nonce that they could have signed. */
export const judgeGpus = (
  devices: readonly GpuEvidence[],
  claims: Claims | undefined,
  { policy, roots, ...circumstances }: Circumstances,
): Promise<GpuVerification> =>
  verifyGpuEvidence({
    devices,
    nonce: policy.gpu?.boundToCpu && claims ? gpuNonce(claims) : undefined,
    ...circumstances,
    policy,
    ...(roots && { roots: { device: roots, rim: roots } }),
  })

/** Whether the claims, which the CPU signed, name this very GPU evidence. */
export function gpuEvidenceCheck(devices: readonly GpuEvidence[], { gpuEvidence }: Claims, { gpu }: Policy): Check {
  const name = 'gpu_evidence'
  if (gpu === undefined) return skipped(name, 'the policy does not ask for GPUs')
  if (gpuEvidence === undefined)
    return gpu.boundToCpu
      ? fail(name, 'the claims name no GPU evidence')
      : skipped(name, 'the claims name none; the policy does not ask that they do')
  return same(name, 'hash of the GPU evidence', gpuEvidence, gpuEvidenceH(devices))
}
