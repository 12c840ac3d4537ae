import { bindingChecks, type Expectation } from '../channel/binding.ts'
import type { Check, Environment } from '../check.ts'
import type { Policy } from '../policy/policy.ts'
import { TDX_CHECKS } from '../tdx/checklist.ts'
import { type TdxVerification, verifyTdxQuote } from '../tdx/verify.ts'
import { type Claims, parseClaims, reportData } from './claims.ts'
import { type Evidence, parseEvidence } from './evidence.ts'
import { configIdCheck, eventLogCheck, manifestCheck, modelCheck } from './identity.ts'
import type { ImageManifest } from './manifest.ts'
import { fail, pass, same, skipped } from './outcome.ts'

export interface VerifyEvidenceOptions {
  /** The evidence as it came: JSON bytes, JSON text or the parsed JSON. Never trusted. */
  readonly evidence: unknown
  readonly policy: Policy
  /** Roots to trust instead of the pinned ones (DER, or PEM text); a development root is only ever given here. */
  readonly roots?: readonly (Uint8Array | string)[]
  /** The time to judge at. */
  readonly now: Date
  readonly expect: Expectation
}

interface Judged {
  /** Every check by name, what was skipped included. */
  readonly checks: readonly Check[]
  /** Which roots stand behind the evidence; undefined where none of those trusted does. */
  readonly environment: Environment | undefined
  /** Set where the evidence was simulated: it proves nothing about any machine. */
  readonly label?: 'DEVELOPMENT'
  readonly tcb: TdxVerification['tcb']
}

/** Evidence that passed. Every key to use is in `claims`. */
export interface Attested extends Judged {
  readonly ok: true
  readonly environment: Environment
  readonly claims: Claims
  readonly manifest: ImageManifest
}

/** Evidence that was refused: what it said is not passed on. */
export interface Refused extends Judged {
  readonly ok: false
  readonly claims?: undefined
  readonly manifest?: undefined
}

export type EvidenceResult = Attested | Refused

const CLAIMS_CHECKS = [
  'claims',
  'report_data',
  'purpose',
  'nonce',
  'exporter',
  'tls_spki',
  'client_key',
  'session_signature',
  'manifest',
  'mr_config_id',
  'event_log',
  'model_h',
  'age',
]

/** Clocks of honest machines differ by less, in milliseconds. */
const MAX_SKEW = 60_000

/**
 * Judges evidence: is the other end of this connection the workload I accept, in a genuine TEE, right now? Pure: no I/O,
 * no clock, no randomness. Hostile input leads to failed checks; nothing it contains makes this function reject.
 */
export async function verifyEvidence(options: VerifyEvidenceOptions): Promise<EvidenceResult> {
  const { policy, roots, now } = options
  let evidence: Evidence
  try {
    evidence = parseEvidence(options.evidence)
  } catch (error) {
    const names = [...Object.keys(TDX_CHECKS), ...CLAIMS_CHECKS]
    const checks = [fail('evidence_format', (error as Error).message), ...complete(names, [])]
    return { ok: false, checks, environment: undefined, tcb: { status: 'Unknown', advisories: [] } }
  }
  if (evidence.cpu.tee !== 'tdx') throw new Error('SEV-SNP comes with the next commit')
  const { quote, collateral } = evidence.cpu
  const tdx = await verifyTdxQuote({ quote, collateral, now, policy, ...(roots && { roots }) })
  const judged = await judgeClaims(evidence, tdx, options)
  const checks = [
    pass('evidence_format', 'every field is there'),
    ...tdx.checks,
    ...complete(CLAIMS_CHECKS, judged.checks),
  ]
  const { environment, tcb } = tdx
  const common = { checks, environment, tcb, ...(environment === 'development' && { label: 'DEVELOPMENT' as const }) }
  const ok = tdx.ok && checks.every(({ status }) => status !== 'fail')
  if (!ok || judged.claims === undefined || judged.manifest === undefined || environment === undefined)
    return { ...common, ok: false }
  return { ...common, ok, environment, claims: judged.claims, manifest: judged.manifest }
}

interface JudgedClaims {
  checks: Check[]
  claims?: Claims
  manifest?: ImageManifest
}

async function judgeClaims(
  evidence: Evidence,
  { report }: TdxVerification,
  { policy, now, expect }: VerifyEvidenceOptions,
): Promise<JudgedClaims> {
  let claims: Claims
  try {
    claims = parseClaims(evidence.claims)
  } catch (error) {
    return { checks: [fail('claims', (error as Error).message)] }
  }
  const checks = [pass('claims', 'every field is there')]
  if (report === undefined) return { checks }
  const { check, manifest } = manifestCheck(evidence, claims)
  checks.push(
    same('report_data', 'report data', report.reportData, reportData(claims.purpose, evidence.claims)),
    ...(await bindingChecks(claims, policy, expect)),
    check,
    configIdCheck(report, claims),
    evidence.cpu.tee === 'tdx' ? eventLogCheck(evidence.cpu, report, claims) : fail('event_log', 'not TDX'),
    modelCheck(claims, policy, manifest),
    ageCheck(claims, policy, now),
  )
  return { checks, claims, ...(manifest && { manifest }) }
}

function ageCheck({ iat }: Claims, policy: Policy, now: Date): Check {
  const age = now.getTime() - iat
  const untimely = (why: string): Check => ({ ...fail('age', why), untimely: true })
  if (!(age >= -MAX_SKEW)) return untimely(`issued ${Math.round(-age / 1000)} s in the future`)
  if (age > policy.maxAgeSeconds * 1000)
    return untimely(`${Math.round(age / 1000)} s old, more than ${policy.maxAgeSeconds}`)
  return pass('age', `${Math.max(0, Math.round(age / 1000))} s old`)
}

/** Every check by name and in order, whether it was reached or not. */
const complete = (names: readonly string[], checks: readonly Check[]): Check[] =>
  names.map(
    (name) =>
      checks.find((check) => check.name === name) ?? skipped(name, 'Not reached: it builds on a check that failed.'),
  )
