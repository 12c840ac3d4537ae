import type { Check, Environment } from '../check.ts'
import type { Policy } from '../policy/policy.ts'
import type { TdxCollateral } from '../tee.ts'
import type { TcbStatus } from './tcb-status.ts'

/** What a TD 1.0 report says about the TD (Intel TDX DCAP quote format 4, TD Quote Body). */
export interface TdReport {
  /** 16 SVNs: TDX module minor and major, SEAM loader, ... */
  readonly teeTcbSvn: Uint8Array
  readonly mrSeam: Uint8Array
  readonly mrSignerSeam: Uint8Array
  readonly seamAttributes: Uint8Array
  readonly tdAttributes: Uint8Array
  readonly xfam: Uint8Array
  readonly mrtd: Uint8Array
  readonly mrConfigId: Uint8Array
  readonly mrOwner: Uint8Array
  readonly mrOwnerConfig: Uint8Array
  /** RTMR0 to RTMR3, 48 bytes each. */
  readonly rtmr: readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  /** 64 bytes chosen by the workload. */
  readonly reportData: Uint8Array
}

export interface VerifyTdxQuoteOptions {
  /** The quote; bytes after its declared end are ignored, being unsigned. */
  quote: Uint8Array
  collateral: TdxCollateral
  /** Roots to trust instead of the pinned Intel SGX Root CA: DER, or PEM text. */
  roots?: readonly (Uint8Array | string)[]
  /** The time to judge at. */
  now: Date
  /** Default: {@link platform}. */
  policy?: Policy
}

/** The outcome: every check by name, and what the quote says, to be believed only where `ok`. */
export interface TdxVerification {
  /** True only if every required check passed. */
  readonly ok: boolean
  /** All checks in the order of {@link TDX_CHECKS}, whatever the outcome. */
  readonly checks: readonly Check[]
  /** `Unknown` where no verified TCB information led to a status. */
  readonly tcb: {
    readonly status: TcbStatus | 'Unknown'
    readonly advisories: readonly string[]
    readonly evaluationNumber?: number
  }
  /** Which roots stand behind the quote; undefined where its chain reaches none of those trusted. */
  readonly environment: Environment | undefined
  /** Undefined where the quote could not be read. */
  readonly report: TdReport | undefined
}

/**
 * Verifies a TDX quote (version 4) against Intel's collateral without I/O, clock or randomness. Never rejects because
 * of what the quote, the collateral or the roots contain: hostile bytes become failed checks.
 */
export async function verifyTdxQuote(options: VerifyTdxQuoteOptions): Promise<TdxVerification> {
  const check: Check = { name: 'quote_format', status: 'fail', why: `not verified at ${options.now.toISOString()}` }
  return {
    ok: false,
    checks: [check],
    tcb: { status: 'Unknown', advisories: [] },
    environment: undefined,
    report: undefined,
  }
}
