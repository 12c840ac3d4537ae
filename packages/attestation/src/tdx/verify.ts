import type { Check, Environment } from '../check.ts'
import type { Policy } from '../policy/policy.ts'
import { platform as platformPolicy } from '../policy/presets.ts'
import { pinnedRoots, type Root } from '../roots/trust.ts'
import type { TdxCollateral } from '../tee.ts'
import { Chains } from '../x509/chain.ts'
import { type SignatureMemory, sharedSignatures } from '../x509/memory.ts'
import { signatureVerifier } from '../x509/signature.ts'
import { Ahead } from './ahead.ts'
import { type TdxChecklist, tdxChecklist } from './checklist.ts'
import { readCollateral, readQeIdentity, readTcbInfo } from './collateral.ts'
import { namesImage as holdsImage, type NamesImage } from './config-id.ts'
import type { Platform } from './pck.ts'
import {
  MAX_QUOTE,
  type Quote,
  readQuote,
  readQuoteHeader,
  requireIntelQe,
  requireKeyType,
  requireTdx,
  requireVersion,
  type TdReport,
} from './quote.ts'
import type { TcbStatus } from './tcb-status.ts'
import { INTEL_PKI, verifyCertificates } from './verify-certificates.ts'
import { verifySignedJson } from './verify-collateral.ts'
import { verifyPlatform } from './verify-platform.ts'
import { verifyWorkload } from './verify-workload.ts'

export interface VerifyTdxQuoteOptions {
  /** The quote; bytes after its declared end are ignored, being unsigned. */
  quote: Uint8Array
  collateral: TdxCollateral
  /** Roots to trust instead of the pinned Intel SGX Root CA: DER, or PEM text. */
  roots?: readonly Root[]
  /** The time to judge at. */
  now: Date
  /** Default: {@link platform}. */
  policy?: Policy
  /**
   * Whether an MRCONFIGID names an image manifest, for whoever knows what else went into it. Default: it holds the hash
   * itself (form 1).
   */
  namesImage?: NamesImage
  /** Signatures known to hold, which are not computed again. Default: one memory for this process. */
  signatures?: SignatureMemory
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
    /** The older of TCB info and QE identity. */
    readonly evaluationNumber?: number
  }
  /** Which roots stand behind the quote; undefined where its chains end in none of those trusted. */
  readonly environment: Environment | undefined
  /** Undefined where the quote could not be read. */
  readonly report: TdReport | undefined
  /** What Intel certified about the machine, with the ids that `platforms` of a policy lists; undefined where unverified. */
  readonly platform: Platform | undefined
}

/**
 * Verifies a TDX quote (version 4 or 5) against Intel's collateral without I/O, clock or randomness. Never rejects because
 * of what the quote, the collateral or the roots contain: hostile bytes become failed checks.
 */
export async function verifyTdxQuote(options: VerifyTdxQuoteOptions): Promise<TdxVerification> {
  const {
    roots = pinnedRoots(),
    policy = platformPolicy,
    namesImage = holdsImage,
    signatures = sharedSignatures,
  } = options
  // A copy, for the caller's buffer could change between two checks.
  const bytes = Uint8Array.from(options.quote.subarray(0, MAX_QUOTE))
  const now = options.now.getTime()
  const list = tdxChecklist()
  const ahead = new Ahead(signatures.over(await signatureVerifier()))
  const { verify } = ahead
  const judge = { list, verify, ahead, chains: new Chains(INTEL_PKI, verify, now), now }

  const quote = await readTdxQuote(list, bytes)
  const collateral = await list.run('collateral_format', [], () => readCollateral(options.collateral))
  const certificates = await verifyCertificates(judge, quote, collateral, roots, policy.environment)
  const [tcbInfo, qeIdentity] = await Promise.all([
    verifySignedJson(
      judge,
      'tcb_info',
      { signer: certificates.tcbInfoSigner, content: collateral?.tcb_info, signature: collateral?.tcb_info_signature },
      readTcbInfo,
      policy.tcb,
    ),
    verifySignedJson(
      judge,
      'qe_identity',
      {
        signer: certificates.qeIdentitySigner,
        content: collateral?.qe_identity,
        signature: collateral?.qe_identity_signature,
      },
      readQeIdentity,
      policy.tcb,
    ),
  ])
  const rated = await verifyPlatform(judge, { quote, pck: certificates.pck, tcbInfo, qeIdentity }, policy.tcb)
  await verifyWorkload(list, rated, policy, namesImage)

  return {
    ...list.finish(),
    tcb: {
      status: rated.tcb?.status ?? 'Unknown',
      advisories: rated.tcb?.advisories ?? [],
      ...(tcbInfo &&
        qeIdentity && {
          evaluationNumber: Math.min(tcbInfo.tcbEvaluationDataNumber, qeIdentity.tcbEvaluationDataNumber),
        }),
    },
    environment: certificates.environment,
    report: quote?.report,
    platform: rated.platform,
  }
}

/** The header decides whether the rest can be read: every reason to refuse it is named, not only the first. */
async function readTdxQuote(list: TdxChecklist, quote: Uint8Array): Promise<Quote | undefined> {
  const header = await list.run('quote_header', [], () => readQuoteHeader(quote))
  const tdx = await list.run('tee_type', [header], requireTdx)
  const version = await list.run('quote_version', [header], requireVersion)
  const keyType = await list.run('quote_key_type', [header], requireKeyType)
  const vendor = await list.run('quote_qe_vendor', [header], requireIntelQe)
  return list.run('quote_format', [tdx, version, keyType, vendor], () => readQuote(quote))
}
