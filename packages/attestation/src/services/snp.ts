// A report of SEV-SNP from elsewhere comes without AMD's certificates, or with the chip's alone.
import { equalBytes, toHex } from '@dcml/protocol'
import type { Check } from '../check.ts'
import { warning } from '../evidence/warnings.ts'
import type { Policy, SnpProduct } from '../policy/policy.ts'
import { isAllowed } from '../snp/guest-policy.ts'
import { readTcb } from '../snp/product.ts'
import { readReport, type SnpReport } from '../snp/report.ts'
import { readVek } from '../snp/vek.ts'
import { verifySnpReport } from '../snp/verify.ts'
import { readCertificate } from '../x509/certificate.ts'
import type { JudgeOptions, Need, SnpCertificates } from './judgement.ts'
import { servicePolicy } from './policy.ts'
import type { JudgedCpu } from './tdx.ts'

/**
 * Judges a report with the certificates of its chip; without them, all that is left open is skipped.
 * @param own the chip's certificate where it came along, to be completed by AMD's
 */
export async function judgeSnp(bytes: Uint8Array, options: JudgeOptions, own?: Uint8Array): Promise<JudgedCpu> {
  const { now, policy = servicePolicy, roots, snpCertificates = [] } = options
  const report = read(bytes)
  const fitting = report && snpCertificates.find(({ vek }) => fits(vek, report))
  const missing = report !== undefined && fitting === undefined
  const nothing = new Uint8Array()
  const { vek, ask, ark, crl }: SnpCertificates = fitting ?? { vek: nothing, ask: nothing, ark: nothing }
  const judged = await verifySnpReport({
    report: bytes,
    vek,
    ask,
    ark,
    ...(crl && { crl }),
    ...(roots && { roots }),
    now,
    // a list that is at hand is looked at, whether the policy demands one or not
    policy: crl ? { ...policy, snp: { ...policy.snp, crl: true } } : policy,
  })
  const checks = missing ? judged.checks.map(leftOpen) : judged.checks
  return {
    ok: missing ? checks.every(({ status }) => status !== 'fail') : judged.ok,
    checks,
    environment: judged.environment,
    reportData: report?.reportData,
    facts: {
      tee: 'AMD SEV-SNP',
      ...(report && { measurement: toHex(report.measurement), hostData: toHex(report.hostData) }),
    },
    limits: report ? limitsOf(report, policy) : [],
    needs: missing ? [{ ...needOf(bytes, report), ...(own && { vek: own }) }] : [],
    warnings: [
      ...(report && isAllowed(report, 'debug') ? [warning('debug_tolerated')] : []),
      ...(judged.ok && !policy.snp.crl && !crl ? [warning('snp_revocation_off')] : []),
    ],
  }
}

function read(bytes: Uint8Array): SnpReport | undefined {
  try {
    return readReport(bytes)
  } catch {
    return undefined // the verifier says why
  }
}

/** Whether a certificate is of the chip of this report. What it is worth, the verifier says. */
function fits(vek: Uint8Array, report: SnpReport): boolean {
  try {
    const { hwId } = readVek(readCertificate(vek, ['p384', 'rsa']))
    return hwId === undefined || equalBytes(hwId, report.chipId.subarray(0, hwId.length))
  } catch {
    return false
  }
}

/** What is known against a family of chips, or not judged. */
function limitsOf(report: SnpReport, { snp }: Policy): string[] {
  const product = productOf(report)
  const least = snp.minTcb[product]
  return [
    ...(product === 'Milan'
      ? ['That a Milan chip made this report: a published attack forges them from software alone (arXiv 2605.12990).']
      : []),
    ...(least && Object.values(least).every((svn) => svn === 0)
      ? [`That the firmware of the chip is current: the policy asks for no patch levels of ${product}.`]
      : []),
  ]
}

/** Reports of version 2 do not name their family: Milan is the one that made them. */
const productOf = ({ cpuid }: SnpReport): SnpProduct =>
  cpuid?.family === 0x1a ? 'Turin' : cpuid && cpuid.model >= 0x10 ? 'Genoa' : 'Milan'

/** What AMD's service is asked with. */
function needOf(bytes: Uint8Array, report: SnpReport): Need {
  const { chipId, tcb } = report
  const product = productOf(report)
  // Turin's ids are shorter, and padded in reports
  const id = product === 'Turin' ? chipId.subarray(0, 8) : chipId
  return { kind: 'snp-certificates', report: bytes, product, chipId: toHex(id), tcb: readTcb(tcb.reported, product) }
}

const leftOpen = (check: Check): Check =>
  check.name === 'snp_certificates'
    ? { name: check.name, status: 'skipped', why: "AMD's certificates of this chip were not given." }
    : check.status === 'skipped' && check.why.startsWith('Not reached')
      ? { ...check, why: "Not reached: it needs AMD's certificates of this chip." }
      : check
