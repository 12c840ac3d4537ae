import { utf8 } from '@dcml/protocol'
import type { DeviceBlueprint } from '../nvidia/blueprint.ts'
import { OPAQUE, type OpaqueField, textField } from '../nvidia/spdm.ts'
import { type GpuAttack, gpuEvidence, gpuPlan } from './gpu-forge.ts'

const field = ({ response }: DeviceBlueprint, name: keyof typeof OPAQUE): OpaqueField =>
  response.opaque.find(({ type }) => type === OPAQUE[name])!

const without = (gpu: DeviceBlueprint, name: keyof typeof OPAQUE): void => {
  gpu.response.opaque = gpu.response.opaque.filter(({ type }) => type !== OPAQUE[name])
}

const report = (name: string, change: (report: Uint8Array) => Uint8Array): GpuAttack =>
  gpuEvidence(name, 'gpu_report_format', (gpu) => ({ report: change(gpu.report) }))

const message = (name: string, bend: (gpu: DeviceBlueprint) => void): GpuAttack =>
  gpuPlan(name, 'gpu_report_format', bend)

/** Reports that are no answer to the question that was asked, or that two readers read in two ways. All are signed. */
const messages: readonly GpuAttack[] = [
  report('empty GPU report', () => new Uint8Array()),
  report('GPU report cut in the signature', (bytes) => bytes.subarray(0, -1)),
  report('bytes behind the signature of a GPU report', (bytes) => Uint8Array.from([...bytes, 0])),
  report('the response without the request', (bytes) => bytes.subarray(37)),
  message('request of SPDM 1.2', ({ request }) => {
    request.version = 0x12
  }),
  message('request for a certificate instead of measurements', ({ request }) => {
    request.code = 0x82
  }),
  message('request that asks for no signature', ({ request }) => {
    request.attributes = 0
  }),
  message('request for a single measurement', ({ request }) => {
    request.operation = 1
  }),
  message('request for the key of another slot', ({ request }) => {
    request.slot = 1
  }),
  message('an error as response', ({ response }) => {
    response.code = 0x7f
  }),
  message('response of SPDM 1.0', ({ response }) => {
    response.version = 0x10
  }),
  message('response from another slot', ({ response }) => {
    response.slot = 1
  }),
  message('response without measurements', ({ response }) => {
    response.blocks = []
  }),
  message('two measurements in each other’s place', ({ response }) => {
    response.blocks = [response.blocks[1]!, response.blocks[0]!, ...response.blocks.slice(2)]
  }),
  message('one measurement twice', ({ response }) => {
    response.blocks[8]!.index = 8
  }),
  message('measurements counted from zero', ({ response }) => {
    for (const block of response.blocks) block.index--
  }),
  message('measurement in another format than DMTF’s', ({ response }) => {
    response.blocks[0]!.specification = 2
  }),
  message('measurement that is no hash', ({ response }) => {
    response.blocks[0]!.type = 0x81
  }),
  message('measurement of SHA-256', ({ response }) => {
    response.blocks[0]!.value = new Uint8Array(32)
  }),
]

const fields = (name: string, bend: (gpu: DeviceBlueprint) => void): GpuAttack => gpuPlan(name, 'gpu_fields', bend)

/** Reports whose fields are missing, doubled or of no known form. All are signed. */
const fieldForms: readonly GpuAttack[] = [
  ...(['driverVersion', 'vbiosVersion', 'project', 'projectSku', 'chipSku'] as const).map((name) =>
    fields(`GPU report without ${name}`, (gpu) => without(gpu, name)),
  ),
  fields('driver version twice', ({ response }) => {
    response.opaque.push(textField(OPAQUE.driverVersion, '999.99'))
  }),
  fields('driver version that is a path', (gpu) => {
    field(gpu, 'driverVersion').value = utf8('../590.12\0')
  }),
  fields('driver version with something behind its end', (gpu) => {
    field(gpu, 'driverVersion').value = utf8('590.12\x00999.99')
  }),
  fields('VBIOS version that is too short', (gpu) => {
    field(gpu, 'vbiosVersion').value = new Uint8Array(4)
  }),
  fields('VBIOS version with something behind it', (gpu) => {
    field(gpu, 'vbiosVersion').value[7] = 1
  }),
  fields('video decoder neither on nor off', (gpu) => {
    field(gpu, 'nvdec0').value = Uint8Array.of(0)
  }),
  fields('mode that nobody knows', (gpu) => {
    field(gpu, 'featureFlag').value = Uint8Array.of(3, 0)
  }),
  fields('firmware id of SHA-256', (gpu) => {
    field(gpu, 'fwid').value = new Uint8Array(32)
  }),
  fields('half an identifier of a switch', (gpu) => {
    field(gpu, 'pdis').value = new Uint8Array(12)
  }),
  fields('field longer than the report', (gpu) => {
    gpu.response.opaque.push({ type: 0x1234, value: Uint8Array.of(1), length: 9 })
  }),
  gpuEvidence('a GPU that is passed off as a switch', 'gpu_fields', () => ({ kind: 'switch' }), {
    machine: { gpus: 2 },
  }),
]

/** Reports that the device did not sign, or signed for someone else. */
const signatures: readonly GpuAttack[] = [
  ...[
    { what: 'request', at: 5 },
    { what: 'measurement', at: 60 },
    { what: 'responder’s nonce', at: 3570 },
  ].map(({ what, at }) =>
    gpuEvidence(`${what} changed after the GPU signed`, 'gpu_signature', ({ report }) => ({
      report: flip(report, at),
    })),
  ),
  gpuEvidence('GPU report with an all-zero signature', 'gpu_signature', ({ report }) => ({
    report: report.slice().fill(0, -96),
  })),
  gpuEvidence('GPU report with a changed signature', 'gpu_signature', ({ report }) => ({ report: flip(report, -1) })),
  gpuPlan('GPU report signed by a stranger', 'gpu_signature', (gpu, stranger) => {
    gpu.reportSigner = stranger.reportSigner
  }),
  gpuPlan('GPU report signed by the boot ROM', 'gpu_signature', (gpu) => {
    gpu.reportSigner = gpu.chain[1]!.key
  }),
]

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const index = at < 0 ? bytes.length + at : at
  return bytes.with(index, bytes[index]! ^ 1)
}

export const gpuReportAttacks: readonly GpuAttack[] = [...messages, ...fieldForms, ...signatures]
