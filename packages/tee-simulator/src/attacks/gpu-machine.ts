import { concatBytes } from '@dcml/protocol'
import type { DeviceBlueprint } from '../nvidia/blueprint.ts'
import { FEATURE, OPAQUE, type OpaqueField } from '../nvidia/spdm.ts'
import { type GpuAttack, gpuAttack, gpuPlan } from './gpu-forge.ts'

const field = ({ response }: DeviceBlueprint, name: keyof typeof OPAQUE): OpaqueField =>
  response.opaque.find(({ type }) => type === OPAQUE[name])!

const pair = { machine: { gpus: 2 } }
const board = { machine: { gpus: 2, switches: 2 } }

/** Devices that are missing, too many, there twice, or of another kind than was asked for. */
const counts: readonly GpuAttack[] = [
  gpuAttack('no GPU where the victim demands one', 'gpu_count', { evidence: () => [] }),
  gpuAttack('fewer GPUs than the victim demands', 'gpu_count', { demands: { count: 2 } }),
  gpuAttack('more GPUs than the victim demands', 'gpu_count', { ...pair, demands: { count: 1 } }),
  gpuAttack('fewer switches than the victim demands', 'gpu_count', { ...board, demands: { switches: 4 } }),
  gpuAttack('switches and no GPU', 'gpu_count', {
    ...board,
    evidence: (devices) => devices.slice(2),
  }),
  gpuAttack('the same GPU twice', 'gpu_distinct', {
    ...pair,
    evidence: ([gpu]) => [gpu!, gpu!],
    demands: { count: 2 },
  }),
  gpuAttack('the same GPU twice, with two reports', 'gpu_distinct', {
    ...pair,
    plan: (devices) => {
      const [gpu] = devices as [DeviceBlueprint, DeviceBlueprint]
      devices[1] = { ...gpu, response: { ...gpu.response, nonce: new Uint8Array(32) } }
    },
    demands: { count: 2 },
  }),
  gpuAttack('Blackwell where the victim accepts Hopper', 'gpu_chip', {
    machine: { chip: 'GB100' },
    demands: { chips: ['GH100'] },
  }),
  gpuAttack('driver older than the victim demands', 'gpu_min_driver', { demands: { minDriver: '590.13' } }),
  gpuAttack('driver of a lower number that sorts higher as text', 'gpu_min_driver', {
    demands: { minDriver: '1000.1' },
  }),
  gpuAttack('VBIOS older than the victim demands', 'gpu_min_vbios', { demands: { minVbios: '96.00.A5.00.02' } }),
]

/** Evidence that was made for someone else. */
const bindings: readonly GpuAttack[] = [
  gpuPlan('GPU evidence of another enclave', 'gpu_nonce', ({ request }) => {
    request.nonce = new Uint8Array(32).fill(0x77)
  }),
  gpuPlan('replayed GPU evidence', 'gpu_nonce', ({ request }) => {
    request.nonce = request.nonce.with(31, 0)
  }),
  gpuAttack('one GPU of several with another nonce', 'gpu_nonce', {
    ...pair,
    plan: ([, second]) => {
      second!.request.nonce = new Uint8Array(32)
    },
  }),
  gpuAttack('responder’s nonce in place of the asker’s', 'gpu_nonce', {
    plan: ([gpu]) => {
      const { nonce } = gpu!.request
      gpu!.request.nonce = gpu!.response.nonce
      gpu!.response.nonce = nonce
    },
  }),
  gpuAttack('two GPUs with each other’s certificates', 'gpu_signature', {
    ...pair,
    evidence: ([first, second]) => [
      { ...first!, certificates: second!.certificates, revocations: second!.revocations },
      { ...second!, certificates: first!.certificates, revocations: first!.revocations },
    ],
  }),
]

/** GPUs and switches that are not of one machine. */
const machines: readonly GpuAttack[] = [
  gpuAttack('two GPUs of which each says it is alone', 'gpu_mode', {
    ...pair,
    plan: (devices) => {
      for (const gpu of devices) field(gpu, 'featureFlag').value = Uint8Array.of(FEATURE.single, 0)
    },
  }),
  gpuAttack('two GPUs of which one says it is alone', 'gpu_mode', {
    ...pair,
    plan: ([gpu]) => {
      field(gpu!, 'featureFlag').value = Uint8Array.of(FEATURE.single, 0)
    },
  }),
  gpuPlan('GPU behind protected PCIe without its switches', 'gpu_mode', (gpu) => {
    field(gpu, 'featureFlag').value = Uint8Array.of(FEATURE.protectedPcie, 0)
  }),
  gpuAttack('GPU wired to a switch that brings no evidence', 'gpu_topology', {
    ...board,
    evidence: (devices) => devices.slice(0, -1),
  }),
  gpuAttack('GPU wired to a switch of another machine', 'gpu_topology', {
    ...board,
    plan: ([gpu], strangers) => {
      const links = field(gpu!, 'pdis')
      links.value = concatBytes(field(strangers[0]!, 'pdis').value.subarray(0, 8), links.value.subarray(8))
    },
  }),
  gpuAttack('GPU that is wired to no switch', 'gpu_topology', {
    ...board,
    plan: ([gpu]) => {
      field(gpu!, 'pdis').value = new Uint8Array(144)
    },
  }),
  gpuAttack('switch with a GPU that brings no evidence', 'gpu_topology', {
    machine: { gpus: 3, switches: 2 },
    evidence: ([, ...devices]) => devices,
  }),
  gpuAttack('switch that knows none of the GPUs', 'gpu_topology', {
    ...board,
    plan: (devices, strangers) => {
      field(devices.at(-1)!, 'switchGpuPdis').value = field(strangers.at(-1)!, 'switchGpuPdis').value
    },
  }),
  gpuAttack('switch that can still be configured from outside', 'gpu_topology', {
    ...board,
    plan: (devices) => {
      field(devices.at(-1)!, 'switchLock').value = Uint8Array.of(0, 0)
    },
  }),
  gpuAttack('switch that does not say whether it is locked', 'gpu_topology', {
    ...board,
    plan: (devices) => {
      const { response } = devices.at(-1)!
      response.opaque = response.opaque.filter(({ type }) => type !== OPAQUE.switchLock)
    },
  }),
  gpuAttack('switch whose report names another switch', 'gpu_identity', {
    ...board,
    plan: (devices, strangers) => {
      field(devices.at(-1)!, 'pdis').value = field(strangers.at(-1)!, 'pdis').value
    },
  }),
]

export const gpuMachineAttacks: readonly GpuAttack[] = [...counts, ...bindings, ...machines]
