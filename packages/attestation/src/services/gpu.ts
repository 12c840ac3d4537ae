// GPUs of other services come without NVIDIA's reference manifests (RIMs): whether their firmware is NVIDIA's is then left
// open, and never assumed because somebody else's service said so.
import type { Check, Environment } from '../check.ts'
import { type GpuDevice, verifyGpuEvidence } from '../nvidia/verify.ts'
import type { GpuEvidence } from '../tee.ts'
import { NO_NONCE } from './connection.ts'
import { readDevice, rimIds } from './device.ts'
import type { JudgeOptions, Need } from './judgement.ts'
import type { NvidiaEvidence } from './nvidia.ts'
import { servicePolicy, withoutGpus } from './policy.ts'

interface JudgedGpus {
  readonly ok: boolean
  readonly checks: readonly Check[]
  readonly environment: Environment | undefined
  readonly facts: Readonly<Record<string, string>>
  readonly needs: readonly Need[]
}

/** What cannot be told for want of something, and why. */
const OPEN: Partial<Record<Need['kind'], readonly [checks: readonly string[], why: string]>> = {
  'gpu-rims': [
    [
      'gpu_rim_root_pinned',
      'gpu_rim_chain',
      'gpu_rim_signature',
      'gpu_rim_match',
      'gpu_rim_indices',
      'gpu_measurements',
    ],
    "NVIDIA's reference manifests (RIMs) were not given.",
  ],
  'gpu-switches': [
    ['gpu_mode', 'gpu_topology'],
    'The GPUs talk through switches without encryption, and there is no evidence of the switches.',
  ],
}

const NONE: JudgedGpus = { ok: true, checks: [], environment: undefined, facts: {}, needs: [] }

/** Judges the GPUs of a machine; there are no checks where it shows none and the policy does not ask for any. */
export async function judgeGpus(
  evidence: NvidiaEvidence | undefined,
  nonce: Uint8Array | undefined,
  options: JudgeOptions,
): Promise<JudgedGpus> {
  const { now, policy = servicePolicy, roots, rims = {} } = options
  if ((evidence ? policy : withoutGpus(policy)).gpu === undefined) return NONE
  const given = evidence?.devices ?? []
  const rimsOf = (device: GpuEvidence) => rimIds(device).flatMap((id) => rims[id] ?? [])
  const lacking = [...new Set(given.flatMap(rimIds))].filter((id) => rims[id] === undefined)
  const { ok, checks, devices, environment } = await verifyGpuEvidence({
    devices: given.map((device) => ({ ...device, rims: rimsOf(device) })),
    nonce: nonce ?? evidence?.nonce,
    ...(roots && { roots: { device: roots, rim: roots } }),
    now,
    policy,
  })
  const needs: Need[] = [
    ...(lacking.length > 0 ? [{ kind: 'gpu-rims', ids: lacking } as const] : []),
    ...(lackSwitches(given) ? [{ kind: 'gpu-switches' } as const] : []),
  ]
  const noRims = given.every((device) => rimsOf(device).length === 0)
  const left = needs.reduce<readonly Check[]>(
    (open, { kind }) => open.map((check) => leftOpen(check, kind, noRims)),
    nonce ? checks : checks.map(unasked),
  )
  return {
    ok: needs.length > 0 ? left.every(({ status }) => status !== 'fail') : ok,
    checks: left,
    environment,
    facts: devices.length > 0 ? { gpus: `${devices.length}: ${[...new Set(devices.map(describe))].join('; ')}` } : {},
    needs,
  }
}

/**
 * Whether these are the GPUs of a machine that shares switches among them without encryption (protected PCIe), and nothing
 * about those switches came along.
 */
function lackSwitches(devices: readonly GpuEvidence[]): boolean {
  const modes = devices.map((device) => readDevice(device))
  return devices.length > 1 && modes.every((fields) => fields?.kind === 'gpu' && fields.mode === 'ppcie')
}

const describe = ({ chip, driver, vbios }: GpuDevice): string =>
  `${chip}${driver === undefined ? '' : `, driver ${driver}`}, VBIOS ${vbios}`

/** Devices that signed what their own collector says was asked have answered nobody here. */
const unasked = (check: Check): Check =>
  check.name === 'gpu_nonce' && check.status === 'pass' ? { ...check, status: 'skipped', why: NO_NONCE } : check

function leftOpen(check: Check, kind: Need['kind'], noRims: boolean): Check {
  const [names, why] = OPEN[kind] ?? [[], '']
  // of no manifests at all, each is signed
  const isEmpty = noRims && kind === 'gpu-rims' && check.name.startsWith('gpu_rim_')
  const isOpen = isEmpty || (names.includes(check.name) && check.status !== 'pass')
  return isOpen ? { name: check.name, status: 'skipped', why } : check
}
