import { type DeviceFields, readGpuFields } from '../nvidia/fields.ts'
import { gpuRimIds } from '../nvidia/rim-ids.ts'
import { readGpuReport } from '../nvidia/spdm.ts'
import type { GpuEvidence } from '../tee.ts'

/** What a device says of itself; undefined where its report cannot be read, of which the verifier says why. */
export function readDevice({ kind, report }: GpuEvidence): DeviceFields | undefined {
  try {
    return readGpuFields(kind, readGpuReport(report).opaque)
  } catch {
    return undefined
  }
}

/** The names of its manifests; none where it cannot be read. */
export function rimIds(device: GpuEvidence): string[] {
  try {
    return gpuRimIds(device)
  } catch {
    return []
  }
}
