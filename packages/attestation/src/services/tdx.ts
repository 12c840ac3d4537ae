// A TDX quote from elsewhere comes without Intel's statements. What needs them is then left open, never assumed.
import { equalBytes, fromHex, toHex } from '@dcml/protocol'
import type { Check, Environment } from '../check.ts'
import { warning } from '../evidence/warnings.ts'
import { isOld, issuedAt } from '../tdx/collateral.ts'
import { readPlatform } from '../tdx/pck.ts'
import { readQuote, type TdReport } from '../tdx/quote.ts'
import { isSet, readTdAttributes } from '../tdx/td-attributes.ts'
import { verifyTdxQuote } from '../tdx/verify.ts'
import type { TdxCollateral } from '../tee.ts'
import { readCertificate } from '../x509/certificate.ts'
import { readPem } from '../x509/pem.ts'
import type { JudgeOptions, Need, ServiceWarning } from './judgement.ts'
import { servicePolicy } from './policy.ts'

/** What a CPU's evidence came to, whichever kind it is. */
export interface JudgedCpu {
  /** Whether every check passed, was waived, or waits for one of `needs`. */
  readonly ok: boolean
  readonly checks: readonly Check[]
  readonly environment: Environment | undefined
  /** The 64 bytes that the workload chose; undefined where nothing could be read. */
  readonly reportData: Uint8Array | undefined
  /** Only of TDX. */
  readonly td?: TdReport
  readonly facts: Readonly<Record<string, string>>
  readonly needs: readonly Need[]
  readonly limits?: readonly string[]
  /** What the policy let pass. */
  readonly warnings?: readonly ServiceWarning[]
}

/** Judges a quote with the collateral that fits its platform; without it, all that is left open is skipped. */
export async function judgeTdx(quote: Uint8Array, options: JudgeOptions): Promise<JudgedCpu> {
  const { now, policy = servicePolicy, roots, collateral = [] } = options
  const platform = pckIdentity(quote)
  const fitting = platform && collateral.find((candidate) => fits(candidate, platform))
  // Where the quote does not even name its platform, the verifier says why.
  const missing = fitting === undefined && platform !== undefined
  const { ok, checks, environment, report, tcb } = await verifyTdxQuote({
    quote,
    collateral: fitting ?? ({} as TdxCollateral),
    now,
    policy,
    ...(roots && { roots }),
  })
  const left = checks.map(leftOpen)
  return {
    checks: missing ? left : checks,
    ok: missing ? left.every(({ status }) => status !== 'fail') : ok,
    environment,
    reportData: report?.reportData,
    ...(report && { td: report }),
    facts: {
      tee: 'Intel TDX',
      ...(!missing && { tcb: tcb.status, ...(tcb.advisories.length > 0 && { advisories: tcb.advisories.join(', ') }) }),
      ...(platform && { fmspc: platform.fmspc }),
      ...(report && { mrtd: toHex(report.mrtd), mrSeam: toHex(report.mrSeam) }),
    },
    needs: missing ? [{ kind: 'tdx-collateral', ...platform, quote }] : [],
    warnings: [
      ...(ok && tcb.status !== 'UpToDate' ? [warning('tcb_tolerated')] : []),
      ...(report && isSet(readTdAttributes(report), 'debug') ? [warning('debug_tolerated')] : []),
      ...(ok && isOld(now.getTime() - issuedAt(fitting!)) ? [warning('collateral_old')] : []),
    ],
  }
}

const leftOpen = (check: Check): Check =>
  check.name === 'collateral_format'
    ? { name: check.name, status: 'skipped', why: "Intel's statements about this platform were not given." }
    : check.status === 'skipped' && check.why.startsWith('Not reached')
      ? { ...check, why: "Not reached: it needs Intel's statements about this platform." }
      : check

interface PckIdentity {
  readonly fmspc: string
  readonly ca: 'platform' | 'processor'
}

/** Which collateral a quote needs; undefined where it does not say. */
export function pckIdentity(quote: Uint8Array): PckIdentity | undefined {
  try {
    const [leaf] = readPem(readQuote(quote).certificates)
    const certificate = readCertificate(leaf!, ['p256'])
    return { fmspc: toHex(readPlatform(certificate).fmspc).toUpperCase(), ca: issuerOf(certificate.issuer) }
  } catch {
    return undefined
  }
}

// Names are compared as text only to pick collateral: with the wrong one, the verifier refuses.
const issuerOf = (name: Uint8Array): PckIdentity['ca'] =>
  new TextDecoder('latin1').decode(name).includes('Platform CA') ? 'platform' : 'processor'

function fits(collateral: TdxCollateral, { fmspc, ca }: PckIdentity): boolean {
  try {
    const [crlIssuer] = readPem(collateral.pck_crl_issuer_chain)
    const info = JSON.parse(collateral.tcb_info) as { fmspc: string }
    return (
      equalBytes(fromHex(info.fmspc), fromHex(fmspc)) && issuerOf(readCertificate(crlIssuer!, ['p256']).subject) === ca
    )
  } catch {
    return false
  }
}
