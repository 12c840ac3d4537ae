import { concatBytes } from '@dcml/protocol'
import {
  basicConstraints,
  type CertificateTemplate,
  developmentMarker,
  issueCertificate,
  keyUsage,
  type SigningKey,
} from '../certificate.ts'
import * as der from '../der.ts'
import { type SnpAttack, snpAttack } from './snp-forge.ts'

const tail = Uint8Array.of(0)
const garbage = new Uint8Array(300).fill(0xde)

function replaceExtension(
  certificate: CertificateTemplate<SigningKey>,
  replacement: ReturnType<typeof keyUsage>,
): void {
  certificate.extensions = certificate.extensions.map((it) => (it.oid === replacement.oid ? replacement : it))
}

/** Certificates that are none, lead to no trusted root, or whose links do not hold. */
const chainAttacks: readonly SnpAttack[] = [
  snpAttack('VEK certificate garbage', 'snp_certificates', { evidence: () => ({ vek: garbage }) }),
  snpAttack('ASK missing', 'snp_certificates', { evidence: () => ({ ask: new Uint8Array() }) }),
  snpAttack('bytes after the ARK', 'snp_certificates', { evidence: ({ ark }) => ({ ark: concatBytes(ark, tail) }) }),
  snpAttack('VEK certificate of more than 8 KiB', 'snp_certificates', {
    evidence: ({ vek }) => ({ vek: concatBytes(vek, new Uint8Array(8192)) }),
  }),
  snpAttack("a stranger's whole platform", 'snp_root_pinned', {
    plan: (plan, stranger) => void Object.assign(plan, stranger),
  }),
  snpAttack('VEK in place of the ARK', 'snp_root_pinned', { evidence: ({ vek }) => ({ ark: vek }) }),
  snpAttack('ARK without the DEVELOPMENT marker', 'snp_environment', {
    plan: ({ ark }) => {
      ark.extensions = ark.extensions.filter((extension) => extension !== developmentMarker)
    },
    ownRoot: true,
  }),
  snpAttack('VEK certificate expired', 'snp_chain', {
    plan: ({ vek }) => {
      vek.notAfter = new Date('2021-01-01T00:00:00Z')
    },
  }),
  snpAttack('ASK from the future', 'snp_chain', {
    plan: ({ ask }) => {
      ask.notBefore = new Date('2049-01-01T00:00:00Z')
    },
  }),
  snpAttack('VEK certified by a stranger', 'snp_chain', {
    plan: ({ vek }, stranger) => {
      vek.signer = stranger.ask.key
    },
  }),
  snpAttack('ASK certified by a stranger', 'snp_chain', {
    plan: ({ ask }, stranger) => {
      ask.signer = stranger.ark.key
    },
  }),
  snpAttack('VEK certificate changed after signing', 'snp_chain', {
    evidence: ({ vek }) => ({ vek: vek.with(-600, vek.at(-600)! ^ 1) }),
  }),
  snpAttack('VEK certified by the ARK itself, an ASK beside it', 'snp_chain', {
    plan: ({ vek, ark }) => {
      vek.signer = ark.key
      vek.issuer = ark.subject
    },
  }),
  snpAttack('ASK that is no CA', 'snp_chain', { plan: ({ ask }) => replaceExtension(ask, basicConstraints(false)) }),
  snpAttack('ASK that may not certify', 'snp_chain', {
    plan: ({ ask }) => replaceExtension(ask, keyUsage('signData')),
  }),
  snpAttack('ARK that allows no ASK below it', 'snp_chain', {
    plan: ({ ark }) => replaceExtension(ark, basicConstraints(true, 0)),
    ownRoot: true,
  }),
  snpAttack('a VEK that certifies another', 'snp_chain', {
    plan: ({ vek, reportSigner }) => {
      vek.signer = reportSigner
      vek.issuer = vek.subject
    },
    evidence: (_, { vek, ask }) => ({ ask: issueCertificate({ ...vek, signer: ask.key, issuer: ask.subject }) }),
  }),
  snpAttack('VEK certificate with an unknown critical extension', 'snp_chain', {
    plan: ({ vek }) => {
      vek.extensions.push({ oid: '1.2.3.4', critical: true, value: der.boolean(true) })
    },
  }),
]

/** Revocation lists that are missing, damaged, of someone else, out of their window or partial; a revoked ASK. */
const crlAttacks: readonly SnpAttack[] = [
  snpAttack('CRL missing', 'snp_crl_format', {
    evidence: () => ({ crl: undefined as unknown as Uint8Array }),
  }),
  snpAttack('CRL garbage', 'snp_crl_format', { evidence: () => ({ crl: garbage }) }),
  snpAttack('bytes after the CRL', 'snp_crl_format', { evidence: ({ crl }) => ({ crl: concatBytes(crl, tail) }) }),
  snpAttack('CRL that only states changes', 'snp_crl_format', {
    plan: ({ crl }) => {
      crl.extensions.push({ oid: '2.5.29.27', critical: true, value: der.integer(1) })
    },
  }),
  snpAttack('CRL of another issuer', 'snp_crl_issuer', {
    plan: ({ crl, ask }) => {
      crl.issuer = ask.subject
    },
  }),
  snpAttack('CRL of an ARK that may not sign CRLs', 'snp_crl_issuer', {
    plan: ({ ark }) => replaceExtension(ark, keyUsage('signCertificatesOnly')),
    ownRoot: true,
  }),
  snpAttack('CRL signed by the ASK', 'snp_crl_signature', {
    plan: ({ crl, ask }) => {
      crl.signer = ask.key
    },
  }),
  snpAttack('CRL signed by a VEK', 'snp_crl_signature', {
    plan: ({ crl, reportSigner }) => {
      crl.signer = reportSigner
    },
  }),
  snpAttack('CRL signed by a stranger', 'snp_crl_signature', {
    plan: ({ crl }, stranger) => {
      crl.signer = stranger.ark.key
    },
  }),
  snpAttack('CRL expired', 'snp_crl_window', {
    plan: ({ crl }) => {
      crl.nextUpdate = crl.thisUpdate
    },
  }),
  snpAttack('CRL from the future', 'snp_crl_window', {
    plan: ({ crl }) => {
      crl.thisUpdate = crl.nextUpdate
    },
  }),
  snpAttack('ASK revoked', 'snp_ask_not_revoked', {
    plan: ({ crl, ask }) => {
      crl.revoked = [Uint8Array.of(7), ask.serial]
    },
  }),
  snpAttack(
    'ASK revoked by a CRL that has expired',
    'snp_ask_not_revoked',
    {
      plan: ({ crl, ask }) => {
        crl.revoked = [ask.serial]
        crl.nextUpdate = crl.thisUpdate
      },
    },
    ['snp_crl_window'],
  ),
]

export const snpCertificateAttacks: readonly SnpAttack[] = [...chainAttacks, ...crlAttacks]
