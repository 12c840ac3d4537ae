// What a person should know about evidence that a policy lets pass. Nothing here changes a verdict.
import type { Check } from '../check.ts'
import type { Policy } from '../policy/policy.ts'
import { isOld } from '../tdx/collateral.ts'

const WARNINGS = {
  development: 'The evidence is simulated: it proves nothing about any machine.',
  roots_given:
    'Judged by roots that were given, not by those pinned here: whoever holds their keys can make such evidence.',
  unbound: 'Compared with no connection: it says what an enclave is, not that you are talking to it.',
  key_binding: 'Bound to the TLS key alone: whoever holds that key can relay the connection (CVE-2026-33697).',
  any_workload: 'The policy accepts any image manifest or boot image: anything may be running there.',
  tcb_tolerated: 'The platform is not UpToDate; the policy tolerates its status.',
  debug_tolerated: 'The host can read and change the memory of this workload; the policy tolerates it.',
  collateral_old: "Intel's TCB info is older than 7 days: a newer one may rate this platform worse.",
  snp_revocation_off: 'The policy does not ask whether AMD has revoked the keys of this platform.',
  gpu_not_bound: 'Nothing ties the GPU evidence to this enclave: it may be that of GPUs elsewhere.',
  gpu_revocation_off: "The policy does not ask whether NVIDIA has revoked the GPUs' keys.",
} as const

/** A stable name, and what it means for a person. */
export interface Warning {
  readonly code: keyof typeof WARNINGS
  readonly text: string
}

/** What the warnings are drawn from, beside the checks. */
export interface Judgement {
  readonly policy: Policy
  readonly checks: readonly Check[]
  /** Whether any part of the evidence comes from a simulator. */
  readonly simulated: boolean
  /** Whether the CPU's maker rates the platform UpToDate, where it rates platforms. */
  readonly upToDate: boolean
  /** Whether the workload was started with debugging on. */
  readonly debug: boolean
  /** Age of Intel's TCB info in milliseconds. */
  readonly collateralAge: number
  readonly tee: 'tdx' | 'snp'
  /** Whether roots were given in place of the pinned ones. */
  readonly rootsGiven?: boolean
}

/** The warning of this name. */
export const warning = (code: Warning['code']): Warning => ({ code, text: WARNINGS[code] })

/** The warnings that evidence gives reason for, in the order of the catalogue. */
export function warningsOf({ policy, checks, tee, ...found }: Judgement): Warning[] {
  const passed = (name: string): boolean => checks.some((check) => check.name === name && check.status === 'pass')
  const boundToSession = ['exporter', 'client_key', 'session_signature'].some(passed)
  const reasons: Record<Warning['code'], boolean> = {
    development: found.simulated,
    // those of a simulator are given by whoever asks for development
    roots_given: found.rootsGiven === true && !found.simulated,
    unbound: !boundToSession && !passed('tls_spki'),
    key_binding: !boundToSession && passed('tls_spki'),
    any_workload: policy.imageH === 'any' || policy.images === 'any',
    tcb_tolerated: passed('tcb_status') && !found.upToDate,
    debug_tolerated: found.debug,
    collateral_old: isOld(found.collateralAge),
    snp_revocation_off: tee === 'snp' && !policy.snp.crl,
    gpu_not_bound: policy.gpu?.boundToCpu === false,
    gpu_revocation_off: policy.gpu?.revocation === 'off',
  }
  return (Object.keys(WARNINGS) as Warning['code'][]).filter((code) => reasons[code]).map(warning)
}
