// Every way in which this verifier and @phala/dcap-qvl 0.3.9 are known to judge the same evidence differently, and why. What is
// not here fails the test. `docs/attestation-differential.md` is for people.
import { X509Certificate } from 'node:crypto'
import type { TdxCheckName } from '../../src/tdx/checklist.ts'
import { TCB_STATUSES, type TcbStatus } from '../../src/tdx/tcb-status.ts'
import type { Evidence, Verdicts } from './verdicts.ts'

/** Checks by which we refuse what they accept: they do not look, or read more than one form of the same. */
export const STRICTER: Readonly<Partial<Record<TdxCheckName, string>>> = {
  quote_qe_vendor: 'They do not compare the vendor of the quoting enclave.',
  quote_format: 'They let certification data lie about its frame, and ignore what follows inside it.',
  quote_certificates: 'They read PEM with other line lengths, and BER; what they do not need they do not read.',
  collateral_format: 'They read hex in capitals and text of any length, and ignore what does not decode.',
  collateral_certificates: 'As with the certificates of the quote.',
  root_pinned: 'They ignore the roots in the chains; here all four have to be the trusted one, by bytes.',
  environment: 'They know no mark of development.',
  pck_chain: 'They do not ask whether an issuer is a CA, may sign certificates, or is named by what it issued.',
  pck_crl_chain: 'They do not read the chain of the PCK CRL.',
  tcb_info_chain: 'As with the PCK chain.',
  qe_identity_chain: 'As with the PCK chain.',
  root_crl_format: 'They take a CRL that cannot be read for one that revokes nothing.',
  root_crl_issuer: 'They do not ask whose CRL it is.',
  root_crl_signature: 'They do not verify signatures of CRLs.',
  root_crl_window: 'They accept a CRL of any time.',
  pck_crl_format: 'As with the root CRL.',
  pck_crl_issuer: 'As with the root CRL.',
  pck_crl_signature: 'As with the root CRL.',
  pck_crl_window: 'As with the root CRL.',
  tcb_info_signer: 'They let a platform sign statements.',
  qe_identity_signer: 'They let a platform sign statements.',
  tcb_info_format: 'They read TCB info of later versions, and members that are not there.',
  qe_identity_format: 'They read QE identity of other versions.',
  pck_extension: 'They read the SGX extension by searching for bytes, and more than one of them.',
  pck_pce_id: 'They do not compare the PCE of TCB info with that of the PCK certificate.',
  qe_report_data: 'They compare 32 of the 64 bytes of report data.',
  qe_identity: 'They mask what is expected too, so bits that Intel set outside its mask are lost.',
  qe_tcb: 'They take a quoting enclave below every level for one of the last.',
  tdx_module: 'They do not judge the TDX module.',
  tdx_module_tcb: 'They do not judge the TDX module.',
  tcb_status: 'They do not judge the TDX module, which may be revoked.',
  td_service_td: 'Only their later versions look at service TDs.',
}

/** What they refuse and we accept, or where we arrive at another status: each has to be shown not to be a hole. */
interface Explained {
  readonly name: string
  readonly reason: string
  readonly holds: (verdicts: Verdicts, evidence: Evidence) => boolean
}

export const OTHERWISE: readonly Explained[] = [
  {
    name: 'authentication data',
    reason: 'They hash 32 bytes of authentication data whatever its length; Intel hashes what is there.',
    holds: ({ theirs }, { quote }) => theirs.why === 'QE report hash mismatch' && authDataLength(quote) !== 32,
  },
  {
    name: 'self-signature of the root',
    reason: 'They verify the signature of the root by itself; ours is trusted by its bytes (RFC 5280 §6.1).',
    holds: ({ theirs }, evidence) =>
      theirs.why.includes('signature invalid') && !isSelfSigned(evidence.root) && linksHold(evidence),
  },
  {
    name: 'serial without issuer',
    reason:
      'They look a serial number up in both CRLs, whoever issued the certificate (RFC 5280 §5.3.3: issuer and serial).',
    holds: ({ theirs }, evidence) => theirs.why === 'Certificate is revoked' && !isRevoked(evidence),
  },
  {
    name: 'index 2',
    reason:
      'They compare all 16 TEE TCB SVNs though the TDX module has ratings of its own (Intel PCS v4: from index 2).',
    holds: ({ ours, theirs }, { collateral }) =>
      (!theirs.ok ? theirs.why === 'No matching TCB level found' : worse(theirs.status, ours.status)) &&
      ours.report!.teeTcbSvn[1] !== 0 &&
      tdxComponents(collateral).some((svns) => [0, 1].some((i) => ours.report!.teeTcbSvn[i]! < svns[i]!)),
  },
  {
    name: 'TDX module',
    reason: 'They leave out the rating of the TDX module, which is worse here.',
    holds: ({ ours, theirs }) => theirs.ok && ours.report!.teeTcbSvn[1] !== 0 && worse(ours.status, theirs.status),
  },
  {
    name: 'merged statuses',
    reason: 'They take the worse of two statuses; Intel has one for both faults.',
    holds: ({ ours, theirs }) =>
      theirs.ok && worse(ours.status, theirs.status) && /And|OutOfDateConfiguration/.test(ours.status),
  },
  {
    name: 'relaunch',
    reason: 'They do not read TEE TCB SVN 2, which tells a TD to be launched anew from an outdated platform.',
    holds: ({ ours, theirs }) =>
      theirs.ok &&
      ours.report!.teeTcbSvn2 !== undefined &&
      ours.status.startsWith('TDRelaunchAdvised') &&
      theirs.status.startsWith('OutOfDate'),
  },
]

const worse = (a: string, b: string): boolean =>
  TCB_STATUSES.indexOf(a as TcbStatus) > TCB_STATUSES.indexOf(b as TcbStatus)

const tdxComponents = ({ tcb_info }: Evidence['collateral']): number[][] =>
  JSON.parse(tcb_info).tcbLevels.map(({ tcb }: { tcb: { tdxtcbcomponents: { svn: number }[] } }) =>
    tcb.tdxtcbcomponents.map(({ svn }) => svn),
  )

/** Start of the signature data, from the header and, in version 5, the size of the report. */
const signatureData = (quote: Buffer): number =>
  quote.readUInt16LE(0) === 5 ? 54 + quote.readUInt32LE(50) + 4 : 48 + 584 + 4

const authDataLength = (quote: Uint8Array): number => {
  const bytes = Buffer.from(quote)
  return bytes.readUInt16LE(signatureData(bytes) + 64 + 64 + 6 + 384 + 64)
}

// The rest asks OpenSSL, not us.
const certificatesOf = (pem: string): X509Certificate[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (text) => new X509Certificate(text),
  )

const isSelfSigned = (der: Uint8Array): boolean => {
  const root = new X509Certificate(der)
  return root.verify(root.publicKey)
}

const chainsOf = ({ quote, collateral }: Evidence): { pck: X509Certificate[]; signers: X509Certificate[][] } => ({
  pck: certificatesOf(Buffer.from(quote).toString('latin1')),
  signers: [collateral.tcb_info_issuer_chain, collateral.qe_identity_issuer_chain].map(certificatesOf),
})

/** Whether below the root every certificate is signed by the next. */
function linksHold(evidence: Evidence): boolean {
  const { pck, signers } = chainsOf(evidence)
  return [pck, ...signers].every((chain) =>
    chain.slice(0, -1).every((certificate, i) => certificate.verify(chain[i + 1]!.publicKey)),
  )
}

/** Whether a CRL lists the serial number of a certificate that its issuer issued: every CRL is searched as hex. */
function isRevoked(evidence: Evidence): boolean {
  const { pck, signers } = chainsOf(evidence)
  const lists = (crl: string, certificate: X509Certificate | undefined) =>
    crl.includes(certificate!.serialNumber.toLowerCase())
  const { root_ca_crl, pck_crl } = evidence.collateral
  return lists(pck_crl, pck[0]) || [pck[1], ...signers.map(([signer]) => signer)].some((one) => lists(root_ca_crl, one))
}
