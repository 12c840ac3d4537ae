import { concatBytes } from '@dcml/protocol'
import { basicConstraints, type Extension } from '../certificate.ts'
import * as der from '../der.ts'
import type { SnpBlueprint } from '../snp/blueprint.ts'
import { AMD } from '../snp/vek.ts'
import { type SnpAttack, type SnpForgery, snpAttack } from './snp-forge.ts'

/** Where a report's signature begins, and s in it. */
const SIGNATURE = 0x2a0
const S = SIGNATURE + 72

const report = (
  name: string,
  targets: string,
  bend: (report: SnpBlueprint['report']) => unknown,
  rest: SnpForgery = {},
) => snpAttack(name, targets, { ...rest, plan: (plan) => void bend(plan.report) })

/** A byte of the finished report set; nothing is signed again. */
const byte = (name: string, targets: string, at: number, value: number) =>
  snpAttack(name, targets, { evidence: (evidence) => ({ report: evidence.report.with(at, value) }) })

const formatAttacks: readonly SnpAttack[] = [
  snpAttack('empty report', 'snp_report_format', { evidence: () => ({ report: new Uint8Array() }) }),
  snpAttack('report cut short', 'snp_report_format', { evidence: (it) => ({ report: it.report.slice(0, -1) }) }),
  snpAttack('bytes after the report', 'snp_report_format', {
    evidence: (it) => ({ report: concatBytes(it.report, Uint8Array.of(0)) }),
  }),
  ...[0, 1, 6].map((version) =>
    report(`report of version ${version}`, 'snp_report_version', (it) => {
      it.version = version
    }),
  ),
  report('report signed with an unknown algorithm', 'snp_signature_algorithm', (it) => {
    it.signatureAlgorithm = 2
  }),
  snpAttack('report of a VLEK, which the policy does not take', 'snp_signing_key', { form: { signer: 'VLEK' } }),
  report('report that says it is not signed', 'snp_signing_key', (it) => {
    it.signingKey = 7
  }),
  report('report of a reserved kind of key', 'snp_signing_key', (it) => {
    it.signingKey = 2
  }),
  report('report of a VCEK that was turned off', 'snp_signing_key', (it) => {
    it.maskChipKey = true
  }),
]

const signatureAttacks: readonly SnpAttack[] = [
  byte('report data changed after signing', 'snp_report_signature', 0x50, 1),
  byte('measurement changed after signing', 'snp_report_signature', 0x90, 1),
  snpAttack('report with an all-zero signature', 'snp_report_signature', {
    evidence: (it) => ({ report: concatBytes(it.report.slice(0, SIGNATURE), new Uint8Array(512)) }),
  }),
  snpAttack('report signed by a stranger', 'snp_report_signature', {
    plan: (plan, stranger) => {
      plan.reportSigner = stranger.reportSigner
    },
  }),
  byte('bits of r above P-384', 'snp_reserved', SIGNATURE + 48, 1),
  byte('bits of s above P-384', 'snp_reserved', S + 48, 1),
  byte('a note behind the signature', 'snp_reserved', 1183, 1),
  snpAttack('mitigations in a report of version 4, which has none', 'snp_reserved', {
    ...reservedByte(0x1f8),
    form: { version: 4 },
  }),
  snpAttack('processor family in a report of version 2, which has none', 'snp_reserved', {
    ...reservedByte(0x188),
    form: { version: 2, product: 'Milan' },
  }),
  snpAttack('reserved bits of the key information', 'snp_reserved', reservedByte(0x48, 0x20)),
  ...[0x4c, 0x18b, 0x19f, 0x1eb, 0x1ef, 0x208, 0x29f].map((at) =>
    snpAttack(`reserved byte 0x${at.toString(16)}`, 'snp_reserved', reservedByte(at)),
  ),
  snpAttack('reserved byte of the reported TCB', 'snp_reserved', reservedByte(0x182)),
  snpAttack("reserved byte of Turin's launch TCB", 'snp_reserved', {
    ...reservedByte(0x1f5),
    form: { product: 'Turin' },
  }),
]

/** A byte that the platform signed, though it should be zero. */
function reservedByte(at: number, value = 1): SnpForgery {
  return {
    plan: ({ report: fields }) => void fields.bytes.set(at, value),
  }
}

const replaceIn = (plan: SnpBlueprint, replacement: Extension): void => {
  plan.vek.extensions = plan.vek.extensions.map((it) => (it.oid === replacement.oid ? replacement : it))
}
const extension = (name: string, targets: string, oid: string, value: Uint8Array, form: SnpForgery['form'] = {}) =>
  snpAttack(name, targets, { form, plan: (plan) => replaceIn(plan, { oid, value }) })
const ia5 = (text: string) => der.tlv(0x16, new TextEncoder().encode(text))

const vekAttacks: readonly SnpAttack[] = [
  ...(['product', 'bootloader', 'tee', 'snp', 'microcode'] as const).map((name) =>
    snpAttack(`VEK certificate without its ${name}`, 'snp_vek_extensions', {
      plan: ({ vek }) => {
        vek.extensions = vek.extensions.filter(({ oid }) => oid !== AMD[name])
      },
    }),
  ),
  snpAttack('VEK certificate for two chips', 'snp_vek_extensions', {
    plan: ({ vek }) => {
      vek.extensions.push({ oid: AMD.hwId, value: new Uint8Array(64) })
    },
  }),
  extension('VEK certificate with a patch level of 256', 'snp_vek_extensions', AMD.snp, der.integer(256)),
  extension('VEK certificate with a negative patch level', 'snp_vek_extensions', AMD.snp, Uint8Array.of(2, 1, 0x97)),
  extension('VEK certificate with a chip id of 63 bytes', 'snp_vek_extensions', AMD.hwId, new Uint8Array(63)),
  extension(
    'VEK certificate whose product is no IA5String',
    'snp_vek_extensions',
    AMD.product,
    der.utf8String('Genoa'),
  ),
  snpAttack('VEK that is a CA', 'snp_vek_extensions', {
    plan: ({ vek }) => {
      vek.extensions.push(basicConstraints(true))
    },
  }),
  snpAttack('report that calls its VCEK a VLEK', 'snp_vek_kind', {
    plan: (plan) => {
      plan.report.signingKey = 1
    },
    demands: { snp: { vlek: true } },
  }),
  snpAttack('report that calls its VLEK a VCEK', 'snp_vek_kind', {
    form: { signer: 'VLEK' },
    plan: (plan) => {
      plan.report.signingKey = 0
    },
  }),
  snpAttack('VEK of a chip and of a cloud provider', 'snp_vek_kind', {
    plan: ({ vek }) => {
      vek.extensions.push({ oid: AMD.cspId, value: ia5('CN=cloud.invalid') })
    },
  }),
  report('report of another processor family than its VEK', 'snp_product', (it) => {
    it.cpuid.model = 1
  }),
  report('report of a processor family nobody knows', 'snp_product', (it) => {
    it.cpuid.family = 0x1b
  }),
  extension('VEK of a processor family nobody knows', 'snp_product', AMD.product, ia5('Genoas'), { version: 2 }),
  extension('VEK of another chip', 'snp_chip_id', AMD.hwId, new Uint8Array(64).fill(7)),
  extension('VEK of a Turin with a long chip id', 'snp_chip_id', AMD.hwId, new Uint8Array(64), { product: 'Turin' }),
  report("report whose chip id goes on after Turin's eight bytes", 'snp_chip_id', (it) => it.chipId.fill(1, 8, 9), {
    form: { product: 'Turin' },
  }),
  extension('VEK of a Genoa with a short chip id', 'snp_chip_id', AMD.hwId, new Uint8Array(8).fill(7)),
  extension('VEK of an older TCB than reported', 'snp_vek_tcb', AMD.microcode, der.integer(83)),
  extension('VEK of a newer TCB than reported', 'snp_vek_tcb', AMD.snp, der.integer(24)),
  extension("VEK of another FMC than Turin's report", 'snp_vek_tcb', AMD.fmc, der.integer(0), { product: 'Turin' }),
]

export const snpReportAttacks: readonly SnpAttack[] = [...formatAttacks, ...signatureAttacks, ...vekAttacks]
