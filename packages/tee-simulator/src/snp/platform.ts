import { issueCertificate, issueCrl } from '../certificate.ts'
import { fastSigner } from '../keys.ts'
import { type SnpBlueprint, type SnpForm, snpBlueprint } from './blueprint.ts'
import { assembleReport, encodeReport } from './report.ts'

/** What a simulated SEV-SNP guest hands to a verifier: `SnpEvidence` of `@dcml/attestation`. */
export interface SimulatedSnpEvidence {
  readonly tee: 'snp'
  readonly report: Uint8Array
  readonly vek: Uint8Array
  readonly ask: Uint8Array
  readonly ark: Uint8Array
  readonly crl: Uint8Array
}

/** Signs whatever the blueprint says. */
export const issueSnp = (plan: SnpBlueprint): SimulatedSnpEvidence => ({ ...certify(plan), report: signReport(plan) })

function signReport({ report, reportSigner }: SnpBlueprint): Uint8Array {
  const signed = encodeReport(report)
  return assembleReport(signed, fastSigner(reportSigner)(signed))
}

function certify(plan: SnpBlueprint): Omit<SimulatedSnpEvidence, 'report'> {
  return {
    tee: 'snp',
    vek: issueCertificate(plan.vek),
    ask: issueCertificate(plan.ask),
    ark: issueCertificate(plan.ark),
    crl: issueCrl(plan.crl),
  }
}

/** The root certificate (ARK) behind SEV-SNP reports of a seed, DER. */
export const snpRoot = (seed: Uint8Array): Uint8Array => issueCertificate(snpBlueprint(seed, new Date(0)).ark)

/** Report data (64 bytes) and image hash (32 bytes) of a guest. */
export interface SnpReportRequest {
  readonly reportData: Uint8Array
  readonly imageH: Uint8Array
}

/** A platform that signs reports of guests; what does not change from report to report is issued once a day. */
export function snpPlatform(
  seed: Uint8Array,
  now: () => Date,
  form?: SnpForm,
): (request: SnpReportRequest) => SimulatedSnpEvidence {
  let kept: { day: string; certified: Omit<SimulatedSnpEvidence, 'report'> } | undefined
  return ({ reportData, imageH }) => {
    const at = now()
    const day = at.toISOString().slice(0, 10)
    const plan = snpBlueprint(seed, at, form)
    Object.assign(plan.report, { reportData, hostData: imageH })
    if (kept?.day !== day) kept = { day, certified: certify(plan) }
    return { ...kept.certified, report: signReport(plan) }
  }
}
