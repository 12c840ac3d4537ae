import { createHash } from 'node:crypto'
import { fromHex } from '@dcml/protocol'
import { windowAround } from '../blueprint.ts'
import {
  authorityKeyIdentifier,
  basicConstraints,
  type CertificateTemplate,
  type CrlTemplate,
  crlNumber,
  developmentMarker,
  keyUsage,
  type SigningKey,
  subjectKeyIdentifier,
} from '../certificate.ts'
import { derive, deriveKey, type KeyPair } from '../keys.ts'
import type { Product, ReportFields, Tcb } from './report.ts'
import { rsaKey } from './rsa.ts'
import { vekExtensions } from './vek.ts'

/** Which of the forms that reports come in. */
export interface SnpForm {
  readonly product: Product
  readonly version: number
  readonly signer: 'VCEK' | 'VLEK'
}

/** The form that simulated TEEs use. */
export const usualForm: SnpForm = { product: 'Genoa', version: 5, signer: 'VCEK' }

/** The boot image that every simulated guest claims to have started, as the `images` of a policy list it. */
export const developmentSnpImage: { readonly snpMeasurement: string; readonly label: string } = {
  snpMeasurement: createHash('sha384').update('DEVELOPMENT MEASUREMENT').digest('hex'),
  label: 'DEVELOPMENT',
}

/** A whole SEV-SNP platform as plain data, before anything is signed. An attack bends a fresh copy. */
export interface SnpBlueprint {
  ark: CertificateTemplate<SigningKey>
  ask: CertificateTemplate<SigningKey>
  vek: CertificateTemplate<SigningKey>
  crl: CrlTemplate<SigningKey>
  report: ReportFields
  reportSigner: KeyPair
}

/** As AMD's: certificates of chips live seven years, the roots 25; UTCTime ends in 2049. */
const lifetime = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2049-12-31T23:59:59Z') }

const FAMILIES: Readonly<Record<Product, { cpuid: ReportFields['cpuid']; tcb: Tcb }>> = {
  Milan: {
    cpuid: { family: 0x19, model: 0x01, stepping: 1 },
    tcb: { bootloader: 4, tee: 0, snp: 24, microcode: 219 },
  },
  Genoa: {
    cpuid: { family: 0x19, model: 0x11, stepping: 1 },
    tcb: { bootloader: 10, tee: 0, snp: 23, microcode: 84 },
  },
  Turin: {
    cpuid: { family: 0x1a, model: 0x02, stepping: 1 },
    tcb: { fmc: 1, bootloader: 3, tee: 2, snp: 5, microcode: 117 },
  },
}

/** SMT allowed, and bit 17, which always is. */
const GUEST_POLICY = 0x30000n

/** The honest platform of a seed, running one workload. The RSA keys are fixed: whose they are, `owner` says. */
export function snpBlueprint(
  seed: Uint8Array,
  now: Date,
  { product, version, signer }: SnpForm = usualForm,
  owner: 'developer' | 'stranger' = 'developer',
): SnpBlueprint {
  const keys = {
    ark: rsaKey(owner === 'developer' ? 'ark' : 'stranger'),
    ask: rsaKey(owner === 'developer' ? 'ask' : 'stranger'),
    vek: deriveKey(seed, `snp ${signer} ${product}`, 'p384'),
  }
  const names = { ark: 'DEVELOPMENT ARK', ask: 'DEVELOPMENT SEV', vek: `DEVELOPMENT SEV-${signer}` }
  const authority = (role: 'ark' | 'ask', pathLength?: number): CertificateTemplate<SigningKey> => ({
    ...lifetime,
    subject: names[role],
    issuer: names.ark,
    serial: derive(seed, `snp serial ${role}`, 8),
    key: keys[role],
    signer: keys.ark,
    extensions: [
      subjectKeyIdentifier(keys[role]),
      authorityKeyIdentifier(keys.ark),
      basicConstraints(true, pathLength),
      keyUsage(role === 'ark' ? 'signCertificates' : 'signCertificatesOnly'),
      developmentMarker,
    ],
  })

  const { cpuid, tcb } = structuredClone(FAMILIES[product])
  const hwId = derive(seed, 'snp chip', product === 'Turin' ? 8 : 64)
  const chipId = new Uint8Array(64)
  chipId.set(hwId)
  const certified = signer === 'VCEK' ? { hwId } : { cspId: 'CN=cloud.invalid' }
  const window = windowAround(now)
  return {
    ark: authority('ark'),
    ask: authority('ask', 0),
    vek: {
      ...lifetime,
      subject: names.vek,
      issuer: names.ask,
      serial: Uint8Array.of(0),
      key: keys.vek,
      signer: keys.ask,
      extensions: [...vekExtensions({ product, tcb, ...certified }), developmentMarker],
    },
    crl: {
      issuer: names.ark,
      thisUpdate: window.issueDate,
      nextUpdate: window.nextUpdate,
      revoked: [],
      signer: keys.ark,
      extensions: [authorityKeyIdentifier(keys.ark), crlNumber(1)],
    },
    report: {
      version,
      guestSvn: 0,
      policy: GUEST_POLICY,
      vmpl: 0,
      signatureAlgorithm: 1,
      platformInfo: 0x25n,
      authorKeyEnabled: false,
      maskChipKey: false,
      signingKey: signer === 'VCEK' ? 0 : 1,
      reportData: new Uint8Array(64),
      measurement: fromHex(developmentSnpImage.snpMeasurement),
      hostData: new Uint8Array(32),
      reportId: derive(seed, 'snp report id', 32),
      cpuid,
      chipId,
      tcb: { current: { ...tcb }, reported: { ...tcb }, committed: { ...tcb }, launch: { ...tcb } },
      mitigations: [0x0bn, 0x0bn],
      bytes: new Map(),
    },
    reportSigner: keys.vek,
  }
}
