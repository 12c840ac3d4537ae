import { equalBytes, toHex } from '@dcml/protocol'
import type { Policy } from '../policy/policy.ts'
import type { Certificate } from '../x509/certificate.ts'
import { Refusal } from '../x509/der.ts'
import { requireAdvisories, requireStatus } from './accept.ts'
import type { QeIdentity, TcbInfo } from './collateral.ts'
import { type Platform, readPlatform } from './pck.ts'
import type { Quote, TdReport } from './quote.ts'
import { readQeReport, requireQeIdentity, requireVouchedKey } from './quoting-enclave.ts'
import { isRelaunchAdvised, type Ratings, rateModule } from './relaunch.ts'
import { findEnclaveLevel, findModule, findTcbLevel, type MergedTcb, mergeRatings } from './tcb.ts'
import type { Judge } from './verify-certificates.ts'

interface Evidence {
  readonly quote: Quote | undefined
  readonly pck: Certificate | undefined
  readonly tcbInfo: TcbInfo | undefined
  readonly qeIdentity: QeIdentity | undefined
}

/** What the signatures vouch for; each part undefined where a check it needs failed. */
export interface VerifiedPlatform {
  readonly platform: Platform | undefined
  readonly report: TdReport | undefined
  readonly tcb: MergedTcb | undefined
}

/** From the PCK certificate through the quoting enclave to the TD report, and what Intel says about each. */
export async function verifyPlatform(
  judge: Judge,
  evidence: Evidence,
  policy: Policy['tcb'],
): Promise<VerifiedPlatform> {
  const { list, now } = judge
  const { quote, pck, tcbInfo, qeIdentity } = evidence
  const described = await list.run('pck_extension', [pck], readPlatform)
  const family = await list.run('pck_fmspc', [described, tcbInfo], (platform, { fmspc }) => {
    requireSame('FMSPC', platform.fmspc, fmspc)
    return platform
  })
  const platform = await list.run('pck_pce_id', [family, tcbInfo], (candidate, { pceId }) => {
    requireSame('PCE id', candidate.pceId, pceId)
    return candidate
  })

  const { report, qeSvn } = await verifySignatures(judge, quote, pck, qeIdentity)
  const qe = await list.run('qe_tcb', [qeSvn, qeIdentity], (svn, { tcbLevels }) => findEnclaveLevel(tcbLevels, svn))
  const level = await list.run('tcb_level', [tcbInfo, platform, report], findTcbLevel)
  const module = await list.run('tdx_module', [tcbInfo, report], findModule)
  const ofModule = await list.run('tdx_module_tcb', [module, tcbInfo, report], rateModule)
  const ratings = level && qe && ofModule && { level, qe, ...ofModule }
  const tcb = ratings && rate(ratings, tcbInfo!, platform!, report!)
  await list.run('tcb_status', [tcb], (merged) => requireStatus(merged, policy, now))
  await list.run('tcb_advisories', [tcb], (merged) => requireAdvisories(merged, policy))
  return { platform, report, tcb }
}

function rate(ratings: Ratings, tcbInfo: TcbInfo, platform: Platform, report: TdReport): MergedTcb {
  const { level, qe, module } = ratings
  const advised = isRelaunchAdvised(ratings, tcbInfo, platform, report)
  return mergeRatings([level, qe, ...(module ? [module] : [])], advised)
}

/** PCK signs the quoting enclave's report, which vouches for the attestation key, which signs the TD report. */
async function verifySignatures(
  { list, verify }: Judge,
  quote: Quote | undefined,
  pck: Certificate | undefined,
  qeIdentity: QeIdentity | undefined,
): Promise<{ report: TdReport | undefined; qeSvn: number | undefined }> {
  const genuine = await list.run('qe_report_signature', [quote, pck], async (parts, { publicKey }) => {
    if (!(await verify(publicKey, parts.qeReport, parts.qeReportSignature)))
      throw new Refusal('the QE report signature does not verify')
    return parts
  })
  const vouched = await list.run('qe_report_data', [genuine], (parts) => {
    requireVouchedKey(parts)
    return parts
  })
  const qeSvn = await list.run('qe_identity', [genuine, qeIdentity], ({ qeReport }, identity) => {
    const report = readQeReport(qeReport)
    requireQeIdentity(report, identity)
    return report.isvSvn
  })
  const report = await list.run('quote_signature', [vouched], async (parts) => {
    if (!(await verify(parts.attestationKey, parts.signed, parts.signature)))
      throw new Refusal('the quote signature does not verify')
    return parts.report
  })
  return { report, qeSvn }
}

function requireSame(what: string, actual: Uint8Array, expected: Uint8Array): void {
  if (!equalBytes(actual, expected))
    throw new Refusal(`${what} is ${toHex(actual)} in the PCK certificate, ${toHex(expected)} in TCB info`)
}
