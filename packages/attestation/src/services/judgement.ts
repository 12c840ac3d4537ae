import type { Check, Environment } from '../check.ts'
import type { Policy, SnpProduct, SnpTcb } from '../policy/policy.ts'
import type { Root } from '../roots/trust.ts'
import type { TdxCollateral } from '../tee.ts'
import type { Recognised } from './recognised.ts'

/** What is known of the connection that an answer came over. Evidence from a file has none. */
export interface Connection {
  /** SHA-256 of the DER SubjectPublicKeyInfo in the certificate that the TLS server showed. */
  readonly tlsSpki?: Uint8Array
  /** That certificate itself, DER. Where `tlsSpki` is left out, it is read from here. */
  readonly certificate?: Uint8Array
  /** The nonce that was sent with the question, 32 random bytes. */
  readonly nonce?: Uint8Array
}

/** A chip's certificate and what stands above it, DER, for a report that comes without. */
export interface SnpCertificates {
  readonly vek: Uint8Array
  readonly ask: Uint8Array
  readonly ark: Uint8Array
  readonly crl?: Uint8Array
}

/** The plain text of an exchange, or one side of it, to compare with what a service signed about it. */
export interface Exchange {
  /** Exact bytes of the request's body. */
  readonly request?: Uint8Array
  /** Exact bytes of the answer's body. */
  readonly response?: Uint8Array
}

export interface JudgeOptions {
  /** The time to judge at. */
  readonly now: Date
  /** Default: {@link servicePolicy}. */
  readonly policy?: Policy
  /** Roots to trust instead of the pinned ones. */
  readonly roots?: readonly Root[]
  /** Intel's statements, one set for each family of machines; those that fit are picked. */
  readonly collateral?: readonly TdxCollateral[]
  /** AMD's certificates; those that fit the chip are picked. */
  readonly snpCertificates?: readonly SnpCertificates[]
  /** NVIDIA's reference manifests by their ids, XML texts: GPUs come without. */
  readonly rims?: Readonly<Record<string, string>>
  readonly connection?: Connection
  /** For a signature of NEAR AI Cloud: the report that attests the key which made it. */
  readonly report?: Recognised
  /** For a signature of NEAR AI Cloud: what it is about. */
  readonly exchange?: Exchange
}

/** What was missing for a verdict, and where it is to be had. */
export type Need =
  | {
      readonly kind: 'tdx-collateral'
      /** Family of the machine, 6 bytes in upper-case hex, as Intel's service is asked by. */
      readonly fmspc: string
      /** Which of Intel's CAs issued the machine's certificate. */
      readonly ca: 'platform' | 'processor'
      readonly quote: Uint8Array
    }
  | {
      readonly kind: 'snp-certificates'
      readonly report: Uint8Array
      /** The chip's certificate, DER, where it came along without those above it. */
      readonly vek?: Uint8Array
      readonly product: SnpProduct
      /** Lower-case hex, as AMD's key distribution service is asked by. */
      readonly chipId: string
      readonly tcb: SnpTcb
    }
  /** NVIDIA's signed reference manifests (RIMs) of these ids. */
  | { readonly kind: 'gpu-rims'; readonly ids: readonly string[] }
  /** Evidence of the NVSwitches between the GPUs: nobody but the service has it. */
  | { readonly kind: 'gpu-switches' }
  /** A report in which this key is attested. */
  | { readonly kind: 'near-ai-report'; readonly signer: string }

/** Something that a reader should know though nothing failed. */
export interface ServiceWarning {
  /** Stable, snake_case. */
  readonly code: string
  readonly text: string
}

/** One machine or document of several that an answer speaks of. */
export interface Part {
  /** Such as `gateway`, `model 1: Qwen/Qwen3`, `compose manager of model 1`. */
  readonly name: string
  readonly checks: readonly Check[]
  /** Undefined where nothing trusted stands behind it. */
  readonly environment: Environment | undefined
  /** What the evidence says of itself, by name, for people: to be believed only where the verdict is `holds`. */
  readonly facts: Readonly<Record<string, string>>
}

/** The outcome of {@link judge}. */
export interface Judgement {
  /** Which service's evidence this is, for people. */
  readonly service: string
  /** True only where the verdict is `holds`. */
  readonly ok: boolean
  /** `refused` where a check failed; `incomplete` where none did, and something was missing. */
  readonly verdict: 'holds' | 'refused' | 'incomplete'
  /** The checks of all parts, in order. Names repeat where there are several parts. */
  readonly checks: readonly Check[]
  readonly parts: readonly Part[]
  readonly warnings: readonly ServiceWarning[]
  /** `development` where any part is; undefined where any part stands on nothing trusted. */
  readonly environment: Environment | undefined
  /** What this evidence does not prove even where it holds, one sentence each. */
  readonly notProven: readonly string[]
  readonly needs: readonly Need[]
}

/** A part before it is laid beside the others. */
export interface JudgedPart extends Part {
  /** Whether every check that was not waived passed, or waits for one of `needs`. */
  readonly ok: boolean
  readonly needs: readonly Need[]
  /** What the policy let pass in this part. */
  readonly warnings?: readonly ServiceWarning[]
  /** What this part does not prove beyond what is said of the whole. */
  readonly limits?: readonly string[]
}

/** Lays parts together: one failed check refuses all, one need leaves the verdict open. */
export function conclude(
  service: string,
  parts: readonly JudgedPart[],
  rest: { warnings?: readonly ServiceWarning[]; notProven: readonly string[] },
): Judgement {
  const checks = parts.flatMap((part) => part.checks)
  const needs = distinct(parts.flatMap((part) => part.needs))
  const environments = new Set(parts.map((part) => part.environment))
  const isRefused = parts.length === 0 || parts.some(({ ok }) => !ok) || checks.some(({ status }) => status === 'fail')
  const verdict = isRefused ? 'refused' : needs.length > 0 ? 'incomplete' : 'holds'
  return {
    service,
    ok: verdict === 'holds',
    verdict,
    checks,
    parts: parts.map(({ needs: _, ok: __, limits: ___, warnings: ____, ...part }) => part),
    warnings: byCode([
      ...(rest.warnings ?? []),
      ...parts.flatMap(({ warnings = [] }) => warnings),
      ...developmentWarning(environments),
    ]),
    environment: environments.has(undefined)
      ? undefined
      : environments.has('development')
        ? 'development'
        : 'production',
    notProven: [...new Set([...parts.flatMap(({ limits = [] }) => limits), ...rest.notProven])],
    needs,
  }
}

const byCode = (warnings: readonly ServiceWarning[]): ServiceWarning[] => [
  ...new Map(warnings.map((warning) => [warning.code, warning])).values(),
]

const developmentWarning = (environments: ReadonlySet<Environment | undefined>): ServiceWarning[] =>
  environments.has('development')
    ? [{ code: 'development', text: 'This is evidence of a simulated TEE, whose keys everyone can derive.' }]
    : []

/** Machines of one family need the same statements. */
const distinct = (needs: readonly Need[]): Need[] => [
  ...new Map(
    needs.map((need) => [JSON.stringify({ ...need, quote: undefined, report: undefined, vek: undefined }), need]),
  ).values(),
]
