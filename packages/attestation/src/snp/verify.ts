import type { Check, Environment } from '../check.ts'
import type { Policy, SnpProduct, SnpTcb } from '../policy/policy.ts'
import { platform as platformPolicy } from '../policy/presets.ts'
import { amdRoots } from '../roots/amd.ts'
import type { Root } from '../roots/trust.ts'
import type { SnpEvidence } from '../tee.ts'
import { Chains } from '../x509/chain.ts'
import { type SignatureMemory, sharedSignatures } from '../x509/memory.ts'
import { signatureVerifier } from '../x509/signature.ts'
import { requireSigner, type SnpSigner } from './accept.ts'
import { snpChecklist } from './checklist.ts'
import { readReport, readSignature, requireAlgorithm, requireVersion, type SnpReport, signedPart } from './report.ts'
import { AMD_PKI, verifyCertificates } from './verify-certificates.ts'
import { type SnpTcbLevels, verifyReport } from './verify-report.ts'
import { verifyWorkload } from './verify-workload.ts'

const MAX_REPORT = 4096
const MAX_CERTIFICATE = 8192
const MAX_CRL = 65_536

export interface VerifySnpReportOptions extends Omit<SnpEvidence, 'tee' | 'crl'> {
  /** The ARK's revocation list, DER; needed where the policy asks for it (`snp.crl`). */
  crl?: Uint8Array | undefined
  /** Roots to trust instead of AMD's pinned ARKs of Milan, Genoa and Turin: DER, or PEM text. */
  roots?: readonly Root[]
  /** The time to judge at. */
  now: Date
  /** Default: {@link platform}. */
  policy?: Policy
  /** Signatures known to hold, which are not computed again. Default: one memory for this process. */
  signatures?: SignatureMemory
}

/** The outcome: every check by name, and what the report says, to be believed only where `ok`. */
export interface SnpVerification {
  /** True only if every required check passed. */
  readonly ok: boolean
  /** All checks in the order of {@link SNP_CHECKS}, whatever the outcome. */
  readonly checks: readonly Check[]
  /** Which roots stand behind the report; undefined where its chain ends in none of those trusted. */
  readonly environment: Environment | undefined
  /** Undefined where the report could not be read. */
  readonly report: SnpReport | undefined
  /** Processor family; undefined where report and certificate do not agree on one. */
  readonly product: SnpProduct | undefined
  /** The reported TCB, which the VEK was derived for; undefined where no verified report led to it. */
  readonly tcb: SnpTcb | undefined
  /** All TCB versions that the report states. */
  readonly levels: SnpTcbLevels | undefined
  readonly signer: SnpSigner | undefined
  /** 64 bytes: the chip, as certified (VCEK) or reported (VLEK; zeros where the host masks it). */
  readonly chipId: Uint8Array | undefined
  /** The cloud provider that a VLEK was given to. */
  readonly cspId: string | undefined
}

/**
 * Verifies a SEV-SNP report (versions 2 to 5; Milan, Genoa, Turin) against AMD's certificates without I/O, clock or
 * randomness. Never rejects because of what report, certificates or roots contain: hostile bytes become failed checks.
 */
export async function verifySnpReport(options: VerifySnpReportOptions): Promise<SnpVerification> {
  const { roots = amdRoots(), policy = platformPolicy, signatures = sharedSignatures } = options
  // Copies, for the caller's buffers could change between two checks.
  const bytes = copy(options.report, MAX_REPORT)
  const certificates = [options.vek, options.ask, options.ark].map((der) => copy(der, MAX_CERTIFICATE))
  const crl = options.crl && copy(options.crl, MAX_CRL)
  const now = options.now.getTime()
  const list = snpChecklist()
  const verify = signatures.over(await signatureVerifier())
  const judge = { list, verify, chains: new Chains(AMD_PKI, verify, now), now }

  const report = await list.run('snp_report_format', [], () => readReport(bytes))
  const versioned = await list.run('snp_report_version', [report], requireVersion)
  const algorithm = await list.run('snp_signature_algorithm', [versioned], requireAlgorithm)
  const signer = await list.run('snp_signing_key', [versioned], (it) => requireSigner(it, policy.snp))
  const read = await list.run('snp_certificates', [], () => certificates.map((der) => judge.chains.readDer(der)))
  // The slowest step, so it starts first. It counts only once the chain is valid.
  const key = read?.[0]?.publicKey
  const signed = key?.kind === 'p384' ? verify(key, signedPart(bytes), readSignature(bytes)) : undefined
  const { environment, vek } = await verifyCertificates(judge, { read, crl }, roots, policy)
  const verified = await verifyReport(list, { bytes, report: algorithm, signer, certificate: vek, signed })
  await verifyWorkload(list, verified, policy)

  const { product, levels, chipId, cspId } = verified
  return { ...list.finish(), environment, report, product, tcb: levels?.reported, levels, signer, chipId, cspId }
}

/** One byte more than the most shows that there is too much. */
const copy = (bytes: Uint8Array, most: number): Uint8Array => Uint8Array.from(bytes.subarray(0, most + 1))
