import { type GpuEvidence, gpuRimIds } from '@dcml/attestation'
import { DcmlError } from '@dcml/protocol'

/**
 * The ids of the RIMs that a device is compared with, asked for before its evidence is whole.
 * @throws DcmlError `gpu_answer_malformed`
 */
export function rimIds(device: Omit<GpuEvidence, 'rims' | 'revocations'>): string[] {
  try {
    return gpuRimIds(device)
  } catch (cause) {
    throw new DcmlError(
      'gpu_answer_malformed',
      `The evidence of a ${device.kind} cannot be read: ${(cause as Error).message}.`,
      {
        hint: 'Ask the maker of the platform for a driver that verifiers know.',
        cause,
      },
    )
  }
}
