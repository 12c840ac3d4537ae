import { bindingChecks, type Expectation } from '../channel/binding.ts'
import type { Check, Environment } from '../check.ts'
import type { GpuVerification } from '../nvidia/verify.ts'
import type { Policy } from '../policy/policy.ts'
import type { Root } from '../roots/trust.ts'
import type { SignatureMemory } from '../x509/memory.ts'
import { CLAIMS_CHECKS, claimsChecksOf, complete, FORMAT_CHECKS } from './checklist.ts'
import { type Claims, parseClaims, reportData } from './claims.ts'
import { type CpuVerdict, cpuChecksOf, judgeCpu, type Platform } from './cpu.ts'
import { type Evidence, parseEvidence } from './evidence.ts'
import { manifestCheck, modelCheck } from './identity.ts'
import { GPU_CHECK_NAMES, gpuEvidenceCheck, judgeGpus } from './judge-gpus.ts'
import { fail, pass, same } from './outcome.ts'
import { type Warning, warningsOf } from './warnings.ts'
import type { WorkloadManifest } from './workload.ts'

export interface VerifyEvidenceOptions {
  /** The evidence as it came: JSON bytes, JSON text or the parsed JSON. Never trusted. */
  readonly evidence: unknown
  readonly policy: Policy
  /**
   * Roots to trust instead of the pinned ones (DER, or PEM text), whoever's they are: a list without NVIDIA's trusts no
   * GPU. A development root is only ever given here.
   */
  readonly roots?: readonly Root[]
  /** The time to judge at. */
  readonly now: Date
  readonly expect: Expectation
  /** Signatures known to hold, which are not computed again. Default: one memory for this process. */
  readonly signatures?: SignatureMemory
}

interface Judged {
  /** Every check by name, what was skipped included. */
  readonly checks: readonly Check[]
  /** What the policy lets pass and a person should know. */
  readonly warnings: readonly Warning[]
  /** Which roots stand behind the evidence; undefined where none of those trusted does. */
  readonly environment: Environment | undefined
  /** Set where any part of the evidence was simulated: it proves nothing about any machine. */
  readonly label?: 'DEVELOPMENT'
  /** Undefined where the evidence could not be read. */
  readonly platform: Platform | undefined
  /** GPUs and switches, where the policy asks for them. */
  readonly devices: GpuVerification['devices']
}

/** Evidence that passed. Every key to use is in `claims`. */
export interface Attested extends Judged {
  readonly ok: true
  readonly environment: Environment
  readonly platform: Platform
  readonly claims: Claims
  readonly manifest: WorkloadManifest
}

/** Evidence that was refused: what it said is not passed on. */
export interface Refused extends Judged {
  readonly ok: false
  readonly claims?: undefined
  readonly manifest?: undefined
}

export type EvidenceResult = Attested | Refused

/** Clocks of honest machines differ by less, in milliseconds. */
const MAX_SKEW = 60_000

/**
 * Judges evidence: is the other end of this connection the workload I accept, in a genuine TEE, right now? Pure: no I/O,
 * no clock, no randomness; what it remembers (`signatures`) only saves time. Hostile input leads to failed checks;
 * nothing it contains makes this function reject.
 */
export async function verifyEvidence(options: VerifyEvidenceOptions): Promise<EvidenceResult> {
  const { policy, roots, now, signatures } = options
  let evidence: Evidence
  try {
    evidence = parseEvidence(options.evidence)
  } catch (error) {
    return unreadable(error as Error, policy)
  }
  const { tee } = evidence.cpu
  const [claims, read] = readClaims(evidence.claims)
  const circumstances = { policy, now, ...(roots && { roots }), ...(signatures && { signatures }) }
  const [cpu, gpus] = await Promise.all([
    judgeCpu(evidence.cpu, circumstances),
    judgeGpus(evidence.gpu, claims, circumstances),
  ])
  const judged = claims && (await judgeClaims(evidence, cpu, claims, options))
  const checks = [
    pass('evidence_format', FORMAT_CHECKS.evidence_format),
    policy.tee.includes(tee) ? pass('tee', `it is ${tee}`) : fail('tee', `the policy does not accept ${tee}`),
    ...cpu.checks,
    ...gpus.checks,
    ...complete(claimsChecksOf(tee), [read, ...(judged?.checks ?? [])]),
  ]
  const { environment, platform } = cpu
  const simulated = [environment, gpus.environment].includes('development')
  const common = {
    checks,
    warnings: warningsOf({
      ...cpu,
      policy,
      checks,
      tee,
      simulated,
      rootsGiven: roots !== undefined,
      collateralAge: now.getTime() - (cpu.tcbInfoIssued ?? now.getTime()),
    }),
    environment,
    ...(simulated && { label: 'DEVELOPMENT' as const }),
    platform,
    devices: gpus.devices,
  }
  const manifest = judged?.manifest
  const ok = cpu.ok && gpus.ok && checks.every(({ status }) => status !== 'fail')
  if (!ok || claims === undefined || manifest === undefined || environment === undefined)
    return { ...common, ok: false }
  return { ...common, ok, environment, platform, claims, manifest }
}

/** The checks of every kind of TEE that the policy accepts, none of them reached. */
function unreadable(error: Error, { tee }: Policy): Refused {
  const names = ['tee', ...tee.flatMap(cpuChecksOf), ...GPU_CHECK_NAMES, ...Object.keys(CLAIMS_CHECKS)]
  const checks = [fail('evidence_format', error.message), ...complete(names, [])]
  return { ok: false, checks, warnings: [], environment: undefined, platform: undefined, devices: [] }
}

function readClaims(bytes: Uint8Array): [claims: Claims, check: Check] | [claims: undefined, check: Check] {
  try {
    return [parseClaims(bytes), pass('claims', CLAIMS_CHECKS.claims)]
  } catch (error) {
    return [undefined, fail('claims', (error as Error).message)]
  }
}

async function judgeClaims(
  evidence: Evidence,
  cpu: CpuVerdict,
  claims: Claims,
  { policy, now, expect }: VerifyEvidenceOptions,
): Promise<{ checks: Check[]; manifest?: WorkloadManifest }> {
  if (cpu.reportData === undefined) return { checks: [] }
  const { check, manifest } = manifestCheck(evidence, claims)
  const checks = [
    same('report_data', 'report data', cpu.reportData, reportData(claims.purpose, evidence.claims)),
    ...(await bindingChecks(claims, policy, expect)),
    gpuEvidenceCheck(evidence.gpu, claims, policy),
    check,
    ...cpu.identity(claims, manifest?.kind),
    modelCheck(claims, policy, manifest),
    ageCheck(claims, policy, now),
  ]
  return { checks, ...(manifest && { manifest }) }
}

function ageCheck({ iat }: Claims, policy: Policy, now: Date): Check {
  const age = now.getTime() - iat
  const untimely = (why: string): Check => ({ ...fail('age', why), untimely: true })
  if (!(age >= -MAX_SKEW)) return untimely(`issued ${Math.round(-age / 1000)} s in the future`)
  if (age > policy.maxAgeSeconds * 1000)
    return untimely(`${Math.round(age / 1000)} s old, more than ${policy.maxAgeSeconds}`)
  return pass('age', `${Math.max(0, Math.round(age / 1000))} s old`)
}
