import { toHex, utf8 } from '@dcml/protocol'
import type { Blueprint } from './blueprint.ts'
import { issueCertificate, issueCrl, toPem } from './certificate.ts'
import { fastSigner, type KeyPair, signRaw } from './keys.ts'
import { assembleQuote, encodeBody, encodeCertification, encodeQeReport, isTd15 } from './quote.ts'

/**
 * Intel's signed statements about a platform, in the flat JSON shape that `@dcml/attestation` reads: signatures
 * (r || s) and CRLs (DER) in hex, issuer chains in PEM, `tcb_info` and `qe_identity` the exact signed text.
 */
export interface Collateral {
  readonly pck_crl_issuer_chain: string
  readonly root_ca_crl: string
  readonly pck_crl: string
  readonly tcb_info_issuer_chain: string
  readonly tcb_info: string
  readonly tcb_info_signature: string
  readonly qe_identity_issuer_chain: string
  readonly qe_identity: string
  readonly qe_identity_signature: string
}

/** The four certificates, DER. */
export interface Certificates {
  readonly root: Uint8Array
  readonly intermediate: Uint8Array
  readonly pck: Uint8Array
  readonly tcbSigner: Uint8Array
}

export const issueCertificates = (plan: Blueprint): Certificates => ({
  root: issueCertificate(plan.root),
  intermediate: issueCertificate(plan.intermediate),
  pck: issueCertificate(plan.pck),
  tcbSigner: issueCertificate(plan.tcbSigner),
})

export const pemChain = (...certificates: readonly Uint8Array[]): string => certificates.map(toPem).join('')

export function issueCollateral(plan: Blueprint, { root, intermediate, tcbSigner }: Certificates): Collateral {
  const statement = (text: string, signer: KeyPair): string => toHex(signRaw(signer, utf8(text)))
  const [tcbInfo, qeIdentity] = [JSON.stringify(plan.tcbInfo), JSON.stringify(plan.qeIdentity)]
  return {
    pck_crl_issuer_chain: pemChain(intermediate, root),
    root_ca_crl: toHex(issueCrl(plan.rootCrl)),
    pck_crl: toHex(issueCrl(plan.pckCrl)),
    tcb_info_issuer_chain: pemChain(tcbSigner, root),
    tcb_info: tcbInfo,
    tcb_info_signature: statement(tcbInfo, plan.tcbInfoSigner),
    qe_identity_issuer_chain: pemChain(tcbSigner, root),
    qe_identity: qeIdentity,
    qe_identity_signature: statement(qeIdentity, plan.qeIdentitySigner),
  }
}

/** Signs quotes of one platform. What does not change from quote to quote is built and signed once. */
export function quoter(plan: Blueprint, pckChain: string): (td: Blueprint['td']) => Uint8Array {
  const qeReport = encodeQeReport(plan.qeReport, plan.certifiedKey, plan.authData)
  const certification = encodeCertification({
    attestationKey: plan.attestationKey.point,
    qeReport,
    qeReportSignature: signRaw(plan.qeReportSigner, qeReport),
    authData: plan.authData,
    pckChain,
  })
  const sign = fastSigner(plan.attestationKey)
  return (td) => {
    const version = isTd15(td) ? Math.max(5, plan.header.version) : plan.header.version
    const body = encodeBody({ ...plan.header, version }, td)
    return assembleQuote(body, sign(body), certification)
  }
}

/** PEM of the chain that goes into quotes. */
export const quoteChain = ({ pck, intermediate, root }: Certificates): string => pemChain(pck, intermediate, root)
