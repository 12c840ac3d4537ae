import { concatBytes, toHex } from '@dcml/protocol'
import { p384 } from '@noble/curves/nist.js'
import * as der from '../der.ts'
import { developmentSnpImage } from '../snp/blueprint.ts'
import { AMD } from '../snp/vek.ts'
import { snpCertificateAttacks } from './snp-certificates.ts'
import { type SnpAttack, type SnpControl, snpControl } from './snp-forge.ts'
import { snpReportAttacks } from './snp-reports.ts'
import { snpWorkloadAttacks } from './snp-workload.ts'

/** Every attack on SEV-SNP reports; each is refused by the check it targets and by nothing else. */
export const snpAttacks: readonly SnpAttack[] = [...snpReportAttacks, ...snpCertificateAttacks, ...snpWorkloadAttacks]

/** s and n - s sign the same message: AMD's firmware produces both. */
function otherSignature(report: Uint8Array): Uint8Array {
  const at = 0x2a0 + 72
  const s = p384.Point.Fn.fromBytes(report.slice(at, at + 48).reverse())
  return concatBytes(report.slice(0, at), p384.Point.Fn.toBytes(p384.Point.Fn.neg(s)).reverse(), report.slice(at + 48))
}

/** Evidence that must be accepted. */
export const snpControls: readonly SnpControl[] = [
  snpControl('honest evidence', {}),
  ...(['Milan', 'Genoa', 'Turin'] as const).flatMap((product) =>
    [2, 3, 4, 5].map((version) =>
      snpControl(`report of version ${version} of ${product}`, {
        form: { product, version },
        demands: ({ report }) => ({ snp: { minTcb: { [product]: { ...report.tcb.reported } } } }),
      }),
    ),
  ),
  ...(
    [
      ['Genoa', 0x19, 0xa0],
      ['Turin', 0x1a, 0x11],
    ] as const
  ).map(([product, family, model]) =>
    snpControl(`dense variant of ${product}`, {
      form: { product },
      plan: ({ report }) => {
        report.cpuid = { family, model, stepping: 2 }
      },
    }),
  ),
  snpControl('VEK certificate that names a stepping', {
    form: { product: 'Milan', version: 2 },
    plan: ({ vek }) => {
      const value = der.tlv(0x16, new TextEncoder().encode('Milan-B0'))
      vek.extensions = vek.extensions.map((it) => (it.oid === AMD.product ? { ...it, value } : it))
    },
  }),
  snpControl('chip id in an OCTET STRING', {
    plan: ({ vek }) => {
      vek.extensions = vek.extensions.map((it) =>
        it.oid === AMD.hwId ? { ...it, value: der.octetString(it.value) } : it,
      )
    },
  }),
  snpControl('VLEK, where the policy takes it', { form: { signer: 'VLEK' }, demands: { snp: { vlek: true } } }),
  snpControl('VLEK of a chip on the list', {
    form: { signer: 'VLEK' },
    demands: ({ report }) => ({ snp: { vlek: true }, platforms: [toHex(report.chipId)] }),
  }),
  snpControl('VLEK with the chip masked and the VCEK turned off', {
    form: { signer: 'VLEK' },
    plan: ({ report }) => {
      report.chipId.fill(0)
      report.maskChipKey = true
    },
    demands: { snp: { vlek: true } },
  }),
  snpControl('masked chip id of a chip that its certificate shows to be on the list', {
    plan: ({ report }) => {
      report.chipId = new Uint8Array(64)
    },
    demands: ({ vek }) => ({ platforms: [toHex(vek.extensions.find(({ oid }) => oid === AMD.hwId)!.value)] }),
  }),
  snpControl('everything named that can be named', {
    demands: ({ report }) => ({
      imageH: [toHex(report.hostData)],
      images: [developmentSnpImage],
      platforms: [toHex(report.chipId)],
      snp: { minTcb: { Genoa: { ...report.tcb.reported } } },
    }),
  }),
  snpControl('the other one of two valid signatures', {
    evidence: ({ report }) => ({ report: otherSignature(report) }),
  }),
  snpControl('no CRL, where the policy does not ask for one', {
    evidence: () => ({ crl: undefined as unknown as Uint8Array }),
    demands: { snp: { crl: false } },
  }),
  snpControl('CRL that revokes others', {
    plan: ({ crl }) => {
      crl.revoked = Array.from({ length: 20 }, (_, i) => Uint8Array.of(i + 1, 0, 1))
    },
  }),
  snpControl('firmware newer than what is committed and reported', {
    plan: ({ report }) => {
      report.tcb.current.microcode = 200
      report.tcb.committed.microcode = 199
    },
  }),
  snpControl('guest that asks for a single socket, AES-256, no RAPL, hidden ciphertext and no swapping', {
    plan: ({ report }) => {
      report.policy |= 0x3d00000n
      report.policy &= ~0x10000n
    },
    demands: { snp: { smt: false } },
  }),
]
