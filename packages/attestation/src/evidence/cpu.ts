// What the CPU's TEE signed, whichever TEE it is: a verdict, 64 bytes of report data, and the image it was started for.
import type { Check, Environment } from '../check.ts'
import type { Policy } from '../policy/policy.ts'
import type { Root } from '../roots/trust.ts'
import { SNP_CHECKS } from '../snp/checklist.ts'
import { isAllowed } from '../snp/guest-policy.ts'
import { type SnpVerification, verifySnpReport } from '../snp/verify.ts'
import { TDX_CHECKS } from '../tdx/checklist.ts'
import { issuedAt } from '../tdx/collateral.ts'
import { isSet, readTdAttributes } from '../tdx/td-attributes.ts'
import { type TdxVerification, verifyTdxQuote } from '../tdx/verify.ts'
import type { CpuEvidence, SnpEvidence, TdxEvidence } from '../tee.ts'
import type { SignatureMemory } from '../x509/memory.ts'
import type { Claims } from './claims.ts'
import { configIdCheck, eventLogCheck, hostDataCheck, imageNaming } from './identity.ts'
import type { WorkloadManifest } from './workload.ts'

/** The machine that a workload runs on, as its maker rates it. */
export type Platform =
  | ({ readonly tee: 'tdx' } & Pick<TdxVerification, 'tcb'>)
  | ({ readonly tee: 'snp' } & Pick<SnpVerification, 'product' | 'tcb' | 'signer' | 'cspId'>)

/** What was found about the CPU's TEE. */
export interface CpuVerdict {
  readonly ok: boolean
  readonly checks: readonly Check[]
  readonly environment: Environment | undefined
  readonly platform: Platform
  /** The 64 bytes that were signed; undefined where the report could not be read. */
  readonly reportData: Uint8Array | undefined
  /** Whether the TEE was started for the image that the claims name. */
  readonly identity: (claims: Claims, kind: WorkloadManifest['kind'] | undefined) => Check[]
  readonly upToDate: boolean
  readonly debug: boolean
  /** Unix milliseconds, where a statement of Intel's was believed. */
  readonly tcbInfoIssued?: number
}

/** Names of the checks that a kind of CPU evidence undergoes. */
export const cpuChecksOf = (tee: CpuEvidence['tee']): string[] => Object.keys(tee === 'tdx' ? TDX_CHECKS : SNP_CHECKS)

/** What evidence is judged by, whatever it is of. */
export interface Circumstances {
  readonly policy: Policy
  readonly roots?: readonly Root[]
  readonly now: Date
  readonly signatures?: SignatureMemory
}

/** Verifies a quote or report by the rules of its TEE. */
export const judgeCpu = (cpu: CpuEvidence, circumstances: Circumstances): Promise<CpuVerdict> =>
  cpu.tee === 'tdx' ? judgeTdx(cpu, circumstances) : judgeSnp(cpu, circumstances)

async function judgeTdx(cpu: TdxEvidence, circumstances: Circumstances): Promise<CpuVerdict> {
  const { quote, collateral } = cpu
  const namesImage = imageNaming(cpu)
  const judged = await verifyTdxQuote({ quote, collateral, namesImage, ...circumstances })
  const { ok, checks, environment, tcb, report } = judged
  return {
    ok,
    checks,
    environment,
    platform: { tee: 'tdx', tcb },
    reportData: report?.reportData,
    identity: (claims, kind) =>
      report ? [configIdCheck(report, claims, kind, namesImage), eventLogCheck(cpu, report, claims, kind)] : [],
    upToDate: tcb.status === 'UpToDate',
    debug: report !== undefined && isSet(readTdAttributes(report), 'debug'),
    ...(ok && { tcbInfoIssued: issuedAt(collateral) }),
  }
}

async function judgeSnp({ tee: _, ...signed }: SnpEvidence, circumstances: Circumstances): Promise<CpuVerdict> {
  const verification = await verifySnpReport({ ...signed, ...circumstances })
  const { ok, checks, environment, product, tcb, signer, cspId, report } = verification
  return {
    ok,
    checks,
    environment,
    platform: { tee: 'snp', product, tcb, signer, cspId },
    reportData: report?.reportData,
    identity: (claims, kind) => (report ? [hostDataCheck(report, claims, kind)] : []),
    upToDate: true,
    debug: report !== undefined && isAllowed(report, 'debug'),
  }
}
