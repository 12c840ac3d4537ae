// The certificates of an SEV-SNP report as one kind of signed statement.
import { constants, createHash, verify, type X509Certificate } from 'node:crypto'
import type { SnpEvidence, SnpProduct } from '@dcml/attestation'
import { concatBytes, equalBytes, toHex } from '@dcml/protocol'
import { derSigned, derValues } from '../collateral/der.ts'
import { disagree, unavailable } from '../collateral/fault.ts'
import type { Kind, Source } from '../collateral/source.ts'
import { certificateWindow, crlWindow, overlap, readX509 } from '../collateral/window.ts'
import { newerCrl } from '../tdx/kind.ts'
import { describe, isSignedBy, snpIdentity } from './report.ts'

/** What verifiers need beside an SEV-SNP report, as DER. */
export type SnpCertificates = Omit<SnpEvidence, 'tee' | 'report'>

/** A report, and the certificate of its key where the host brought a good one. */
export interface SnpQuestion {
  readonly report: Uint8Array
  /** DER. */
  readonly vek?: Uint8Array
  /** Family of this machine's processor, for reports that do not say it (version 2). */
  readonly product?: SnpProduct
}

/** Finds what verifiers need beside an SEV-SNP report. */
export type SnpCertificateSource = Source<SnpQuestion, SnpCertificates>

export const snpCertificates: Kind<SnpQuestion, SnpCertificates> = {
  name({ report, vek, product }) {
    const given = vek === undefined ? '' : ` (${createHash('sha256').update(vek).digest('hex').slice(0, 16)})`
    return `SNP certificates of ${describe(snpIdentity(report, product))}${given}`
  },
  window: ({ vek, ask, ark, crl }) =>
    overlap([...[vek, ask, ark].map(certificateWindow), ...(crl ? [crlWindow(crl)] : [])]),
  check({ vek, ask, ark, crl }, { report }) {
    const [leaf, issuer, root] = [vek, ask, ark].map(readX509) as [X509Certificate, X509Certificate, X509Certificate]
    const links = [leaf.verify(issuer.publicKey), issuer.verify(root.publicKey), root.verify(root.publicKey)]
    if (links.includes(false))
      throw unavailable(
        `the certificate of ${['the VCEK', 'the ASK', 'the ARK'][links.indexOf(false)]} is not signed by the next`,
      )
    if (!isSignedBy(report, vek)) throw unavailable('the report is signed by another key')
    if (crl !== undefined && !isSignedCrl(crl, root)) throw unavailable('the signature of the CRL does not verify')
  },
  newer(one, other) {
    for (const member of ['ask', 'ark'] as const)
      if (!equalBytes(one[member], other[member])) throw disagree(member, 'they are different certificates')
    const [a, b] = [one, other].map(({ vek }) => readX509(vek)) as [X509Certificate, X509Certificate]
    // certificates of one key are issued anew all the time
    if (!a.publicKey.equals(b.publicKey)) throw disagree('vek', 'they certify different keys')
    const { vek } = certificateWindow(one.vek).until >= certificateWindow(other.vek).until ? one : other
    const { crl } = newerList(one, other)
    return { vek, ask: one.ask, ark: one.ark, ...(crl && { crl }) }
  },
  encode: ({ vek, ask, ark, crl }) => concatBytes(vek, ask, ark, ...(crl ? [crl] : [])),
  decode(bytes) {
    const [vek, ask, ark, crl, ...more] = derValues(bytes).map(({ whole }) => whole.slice())
    if (vek === undefined || ask === undefined || ark === undefined || more.length > 0)
      throw unavailable(`${toHex(bytes.subarray(0, 8))}… is no set of certificates`)
    return { vek, ask, ark, ...(crl && { crl }) }
  },
}

function newerList(one: SnpCertificates, other: SnpCertificates): SnpCertificates {
  if (one.crl === undefined || other.crl === undefined) return one.crl === undefined ? other : one
  return newerCrl('crl', one.crl, other.crl) ? one : other
}

/** AMD signs with RSASSA-PSS, SHA-384, 48 bytes of salt (VCEK specification, 57230 §3). */
function isSignedCrl(crl: Uint8Array, ark: X509Certificate): boolean {
  const { body, signature } = derSigned(crl)
  const key = { key: ark.publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 48 }
  return verify('sha384', body.whole, key, signature)
}
