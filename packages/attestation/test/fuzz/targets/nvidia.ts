import { utf8 } from '@dcml/protocol'
import { readGpuFields } from '../../../src/nvidia/fields.ts'
import { readDeviceClaims, readOverallClaims, readStapledVerdict } from '../../../src/nvidia/nras/token.ts'
import { NVIDIA_PKI } from '../../../src/nvidia/pki.ts'
import { readStatement } from '../../../src/nvidia/revocation.ts'
import { MAX_RIM_CHARACTERS, readRim } from '../../../src/nvidia/rim.ts'
import { MAX_GPU_REPORT_BYTES, readGpuReport } from '../../../src/nvidia/spdm.ts'
import { Chains } from '../../../src/x509/chain.ts'
import type { Target } from '../target.ts'
import { blackwell, hopper, now, textOf } from './world.ts'

const all = [...hopper, ...blackwell]
const [gpus, switches] = (['gpu', 'switch'] as const).map((kind) => all.filter((device) => device.kind === kind))
const opaques = (devices: typeof all) => devices.map(({ report }) => readGpuReport(report).opaque)

const verdict = utf8(all[0]!.nras!)
const payload = (token: string) => Uint8Array.from(Buffer.from(token.split('.')[1]!, 'base64url'))
const { answer } = JSON.parse(all[0]!.nras!) as { answer: [[string, string], Record<string, string>] }
const LONGEST_PAYLOAD = 12_288

export const nvidia: readonly Target[] = [
  {
    name: 'SPDM report',
    form: 'bytes',
    seeds: all.map(({ report }) => report),
    longest: MAX_GPU_REPORT_BYTES,
    memory: 2,
    refusals: ['Refusal'],
    parse: readGpuReport,
  },
  {
    name: 'opaque fields of a GPU',
    form: 'bytes',
    seeds: opaques(gpus!),
    longest: 65_535,
    memory: 4,
    refusals: ['Refusal'],
    parse: (opaque) => readGpuFields('gpu', opaque),
  },
  {
    name: 'opaque fields of a switch',
    form: 'bytes',
    seeds: opaques(switches!),
    longest: 65_535,
    memory: 4,
    refusals: ['Refusal'],
    parse: (opaque) => readGpuFields('switch', opaque),
  },
  {
    name: 'RIM',
    form: 'text',
    seeds: [...new Set(all.flatMap(({ rims }) => rims))].map(utf8),
    longest: MAX_RIM_CHARACTERS,
    memory: 16,
    refusals: ['Refusal'],
    share: 0.3,
    parse: (text) => readRim(textOf(text)),
  },
  {
    name: 'OCSP response or CRL',
    form: 'der',
    seeds: all.flatMap(({ revocations }) => revocations),
    longest: 65_536,
    memory: 8,
    refusals: ['Refusal'],
    parse: (der) => readStatement(der, new Chains(NVIDIA_PKI, async () => false, now.getTime())),
  },
  {
    name: 'NRAS answer',
    form: 'json',
    seeds: [verdict],
    longest: 131_072,
    memory: 16,
    refusals: ['Refusal'],
    parse: (text) => readStapledVerdict(textOf(text)),
  },
  {
    name: 'NRAS token, overall',
    form: 'json',
    seeds: [payload(answer[0][1])],
    longest: LONGEST_PAYLOAD,
    memory: 4,
    refusals: ['Refusal'],
    parse: (text) => readOverallClaims(textOf(text)),
  },
  {
    name: 'NRAS token, device',
    form: 'json',
    seeds: Object.values(answer[1]).map(payload),
    longest: LONGEST_PAYLOAD,
    memory: 4,
    refusals: ['Refusal'],
    parse: (text) => readDeviceClaims(textOf(text)),
  },
]
