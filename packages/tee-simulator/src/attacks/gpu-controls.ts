import type { DeviceBlueprint } from '../nvidia/blueprint.ts'
import { emptyCrl, revocable } from '../nvidia/blueprint.ts'
import { OPAQUE, STATUS } from '../nvidia/spdm.ts'
import { forgeGpus, type GpuControl, type GpuForgery } from './gpu-forge.ts'

const control = (name: string, forgery: GpuForgery): GpuControl => ({
  name,
  mint: (simulator) => forgeGpus(simulator, forgery),
})

const onGpu = (name: string, bend: (gpu: DeviceBlueprint) => void): GpuControl =>
  control(name, { plan: ([gpu]) => bend(gpu!) })

/** Evidence of GPUs that must be accepted. */
export const gpuControls: readonly GpuControl[] = [
  control('one Hopper GPU', {}),
  control('one Blackwell GPU', { machine: { chip: 'GB100' } }),
  control('two GPUs that share one confidential VM', { machine: { gpus: 2 }, demands: { count: 2, switches: 0 } }),
  control('eight GPUs and four switches behind protected PCIe', {
    machine: { gpus: 8, switches: 4 },
    demands: { count: 8, switches: 4 },
  }),
  control('driver and VBIOS at the least version that is demanded', {
    demands: { minDriver: '590.12', minVbios: '96.00.A5.00.01' },
  }),
  control('driver newer than demanded, by a number that sorts lower as text', { demands: { minDriver: '90.2' } }),
  onGpu('other microcode of a video decoder that is off', ({ response }) => {
    response.opaque.find(({ type }) => type === OPAQUE.nvdec0)!.value = Uint8Array.of(STATUS.disabled)
    response.blocks[35]!.value = new Uint8Array(48).fill(1)
  }),
  onGpu('other values of measurements that no RIM speaks of', ({ response, rims }) => {
    const spoken = new Set(
      rims.flatMap(({ entries }) => entries.filter(({ active }) => active).map(({ index }) => index)),
    )
    for (const block of response.blocks) if (!spoken.has(block.index - 1)) block.value = new Uint8Array(48).fill(1)
  }),
  onGpu('RIM whose other values the GPU does not show', ({ rims }) => {
    for (const { entries } of rims)
      for (const entry of entries) if (entry.active) entry.values.push(new Uint8Array(48).fill(1))
  }),
  onGpu('CRLs in place of OCSP responses', (gpu) => {
    const start = gpu.ocsp[0]!.producedAt
    gpu.crls = [...revocable(gpu.chain.slice(1)), ...revocable(gpu.rimChain)].map((pair) => emptyCrl(pair, start))
    gpu.ocsp = []
  }),
  onGpu('CRLs signed with SHA-384', (gpu) => {
    const start = gpu.ocsp[0]!.producedAt
    gpu.crls = [...revocable(gpu.chain.slice(1)), ...revocable(gpu.rimChain)].map((pair) => ({
      ...emptyCrl(pair, start),
      hash: { named: 'sha384', used: 'sha384' },
    }))
    gpu.ocsp = []
  }),
  onGpu('CRLs that revoke others', (gpu) => {
    const start = gpu.ocsp[0]!.producedAt
    gpu.crls = revocable(gpu.chain.slice(1)).map((pair) => ({
      ...emptyCrl(pair, start),
      revoked: Array.from({ length: 57 }, (_, i) => Uint8Array.of(i + 1, 0, 0)),
    }))
  }),
  onGpu('OCSP responses by the issuers themselves', ({ ocsp, chain, rimChain }) => {
    const issuers = [...revocable(chain.slice(1)), ...revocable(rimChain)].map(([, issuer]) => issuer)
    for (const [i, response] of ocsp.entries())
      Object.assign(response, { responder: undefined, signer: issuers[i]!.key })
  }),
  onGpu('OCSP responders named by subject, certificates by SHA-256', ({ ocsp }) => {
    for (const response of ocsp) {
      response.responderName = 'subject'
      for (const statement of response.statements) statement.hash = 'sha256'
    }
  }),
  onGpu('one OCSP response about several certificates', ({ ocsp }) => {
    const others = structuredClone(ocsp[0]!.statements[0]!)
    ocsp[0]!.statements.unshift({ ...others, serial: Uint8Array.of(9) })
  }),
  onGpu('OCSP response with a nonce', ({ ocsp }) => {
    const nonce = Uint8Array.from([4, 2, 1, 2])
    ocsp[0]!.extensions.push({ oid: '1.3.6.1.5.5.7.48.1.2', value: nonce })
  }),
  control('a verdict of NVIDIA on GPUs and switches', { machine: { gpus: 2, switches: 1 }, verdict: () => {} }),
  control('revocation that the victim does not ask for', {
    plan: ([gpu]) => {
      gpu!.ocsp = []
    },
    demands: { revocation: 'off' },
  }),
]
