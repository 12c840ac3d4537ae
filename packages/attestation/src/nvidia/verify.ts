import type { Check, Environment } from '../check.ts'
import type { GpuPolicy, Policy } from '../policy/policy.ts'
import type { Root } from '../roots/trust.ts'
import type { GpuEvidence } from '../tee.ts'
import { Chains } from '../x509/chain.ts'
import { type SignatureMemory, sharedSignatures } from '../x509/memory.ts'
import { signatureVerifier, type VerifySignature } from '../x509/signature.ts'
import { GPU_CHECKS, type GpuChecklist, type GpuCheckName, gpuChecklist } from './checklist.ts'
import type { Named } from './each.ts'
import type { DeviceFields, GpuMode } from './fields.ts'
import type { DeviceIdentity } from './identity.ts'
import { NVIDIA_PKI } from './pki.ts'
import { readEvidence } from './read.ts'
import { MAX_DEVICES, requireCount } from './topology.ts'
import { nvidiaDeviceRoots, nvidiaRimRoots } from './trust.ts'
import { verifyDevices } from './verify-devices.ts'
import { verifyRevocation } from './verify-revocation.ts'
import { verifyRims } from './verify-rims.ts'
import { verifyVerdicts } from './verify-verdicts.ts'

export interface VerifyGpuEvidenceOptions {
  /** All GPUs and switches of the machine. */
  devices: readonly GpuEvidence[]
  /**
   * What each device has to have signed: `gpuNonce` of the claims, or what another service derived. Undefined where it is
   * not to be compared, which a policy with `boundToCpu` refuses.
   */
  nonce: Uint8Array | undefined
  /** Roots to trust instead of the pinned ones: of devices, and of reference manifests. DER, or PEM text. */
  roots?: { device?: readonly Root[]; rim?: readonly Root[] }
  /** The time to judge at. */
  now: Date
  /** Without `gpu` it asks for nothing: every check is skipped. */
  policy: Policy
  /** Signatures known to hold, which are not computed again. Default: one memory for this process. */
  signatures?: SignatureMemory
}

/** What one device is. */
export interface GpuDevice {
  readonly kind: 'gpu' | 'switch'
  /** `GH100`, `GB100`, `LS10` */
  readonly chip: string
  /** Identifier (PDI) from its certificates, 8 bytes as hex. */
  readonly id: string
  /** `550.144.03`; a switch has none. */
  readonly driver?: string
  /** `96.00.74.00.1C` */
  readonly vbios: string
  /** How the GPUs of the machine are used together; switches do not say. */
  readonly mode?: GpuMode
}

/** The outcome: every check by name, and what the devices are, to be believed only where `ok`. */
export interface GpuVerification {
  /** True only if every required check passed. */
  readonly ok: boolean
  /** All checks in the order of {@link GPU_CHECKS}, whatever the outcome. */
  readonly checks: readonly Check[]
  /** Which roots stand behind the devices; undefined where their chains end in none of those trusted. */
  readonly environment: Environment | undefined
  /** In the order of the evidence; empty where it could not be read. */
  readonly devices: readonly GpuDevice[]
}

/** What judging needs beside the evidence. */
export interface GpuJudge {
  readonly list: GpuChecklist
  readonly verify: VerifySignature
  readonly chains: Chains
  readonly policy: GpuPolicy
  readonly environment: Environment
  readonly roots: { readonly device: readonly Root[]; readonly rim: readonly Root[] }
  /** Unix ms. */
  readonly now: number
}

/**
 * Verifies the evidence of a machine's NVIDIA GPUs and switches (Hopper, Blackwell, NVSwitch) without I/O, clock or
 * randomness. Never rejects because of what evidence or roots contain: hostile bytes become failed checks.
 */
export async function verifyGpuEvidence(options: VerifyGpuEvidenceOptions): Promise<GpuVerification> {
  const { policy, roots = {}, signatures = sharedSignatures } = options
  const list = gpuChecklist()
  if (!policy.gpu) {
    for (const name of Object.keys(GPU_CHECKS) as GpuCheckName[]) list.skip(name, 'The policy does not ask for GPUs.')
    return { ...list.finish(), environment: undefined, devices: [] }
  }
  const verify = signatures.over(await signatureVerifier())
  const now = options.now.getTime()
  const judge: GpuJudge = {
    list,
    verify,
    chains: new Chains(NVIDIA_PKI, verify, now),
    policy: policy.gpu,
    environment: policy.environment,
    roots: { device: roots.device ?? nvidiaDeviceRoots(), rim: roots.rim ?? nvidiaRimRoots() },
    now,
  }
  const devices = named(options.devices)
  await list.run('gpu_count', [], () => requireCount(options.devices, judge.policy))
  const read = await readEvidence(judge, devices)
  const verified = await verifyDevices(judge, read, options.nonce)
  const rims = await verifyRims(judge, read, verified)
  await verifyRevocation(judge, { statements: read.statements, chains: verified.leaves && read.chains, rims })
  await verifyVerdicts(judge, devices, verified)

  const { fields, identities } = verified
  return {
    ...list.finish(),
    environment: read.environment,
    devices: fields && identities ? fields.map(({ value }, i) => describe(value, identities[i]!.value)) : [],
  }
}

/** Names for reasons, by kind: `GPU 3`, `switch 0`. Undefined where there are none, or more than any machine has. */
function named(devices: readonly GpuEvidence[]): Named<GpuEvidence>[] | undefined {
  if (devices.length === 0 || devices.length > MAX_DEVICES) return undefined
  const counts = { gpu: 0, switch: 0 }
  return devices.map((value) => ({
    name: `${value.kind === 'gpu' ? 'GPU' : 'switch'} ${counts[value.kind]++}`,
    value,
  }))
}

function describe(fields: DeviceFields, { kind, chip, pdi }: DeviceIdentity): GpuDevice {
  const device = { kind, chip, id: pdi, vbios: fields.vbios }
  return fields.kind === 'gpu' ? { ...device, driver: fields.driver, mode: fields.mode } : device
}
