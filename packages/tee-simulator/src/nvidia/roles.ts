import {
  authorityKeyIdentifier,
  basicConstraints,
  type CertificateTemplate,
  developmentMarker,
  issueCertificate,
  keyUsage,
  type Name,
  subjectKeyIdentifier,
} from '../certificate.ts'
import { derive, deriveKey } from '../keys.ts'

/** NVIDIA's device certificates do not end. */
export const always = { notBefore: new Date('2020-10-17T00:00:00Z'), notAfter: new Date('9999-12-31T23:59:59Z') }

/** Who a certificate is for, and which key is his. */
export interface Role {
  readonly subject: Name
  readonly label: string
  readonly ca: boolean
  readonly pathLength?: number
}

/** A chain, leaf first, whose last certificate signs itself. */
export function certificates(seed: Uint8Array, roles: readonly Role[]): CertificateTemplate[] {
  const keys = roles.map(({ label }) => deriveKey(seed, label, 'p384'))
  return roles.map(({ subject, label, ca, pathLength }, i) => {
    const above = Math.min(i + 1, roles.length - 1)
    return {
      ...always,
      subject,
      issuer: roles[above]!.subject,
      serial: derive(seed, `serial ${label}`, 16),
      key: keys[i]!,
      signer: keys[above]!,
      extensions: [
        ...(ca ? [basicConstraints(true, pathLength)] : []),
        keyUsage(ca ? 'signCertificates' : 'signData'),
        subjectKeyIdentifier(keys[i]!),
        authorityKeyIdentifier(keys[above]!),
        developmentMarker,
      ],
    }
  })
}

/** The two roots. */
export const rootRoles = {
  device: { subject: 'DEVELOPMENT Device Identity CA', label: 'gpu root', ca: true },
  rim: { subject: 'DEVELOPMENT CoRIM signing Root CA', label: 'rim root', ca: true },
}

/** Roots of devices and of reference values, DER. */
export interface GpuRoots {
  readonly device: readonly Uint8Array[]
  readonly rim: readonly Uint8Array[]
}

/** The two roots of a seed. */
export const gpuRoots = (seed: Uint8Array): GpuRoots => ({
  device: certificates(seed, [rootRoles.device]).map(issueCertificate),
  rim: certificates(seed, [rootRoles.rim]).map(issueCertificate),
})
