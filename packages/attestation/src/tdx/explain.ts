import { DcmlError } from '@dcml/protocol'
import type { TdxCollateral } from '../tee.ts'
import { readCertificate } from '../x509/certificate.ts'
import { Refusal } from '../x509/der.ts'
import { readPem } from '../x509/pem.ts'
import { isOld, type QeIdentity, readCollateral, readQeIdentity, readTcbInfo, type TcbInfo } from './collateral.ts'
import { type Platform, readPlatform } from './pck.ts'
import { MAX_QUOTE, readQuote, readQuoteHeader, requireTdx, requireVersion, type TdReport } from './quote.ts'
import { readQeReport } from './quoting-enclave.ts'
import { isRelaunchAdvised, rateModule } from './relaunch.ts'
import { type Remedy, remedy } from './remedy.ts'
import { advisoriesOf, type Group, groupsOf, type Part, reached, wanted } from './standing.ts'
import { findEnclaveLevel, findModule, findTcbLevel, mergeRatings } from './tcb.ts'
import type { TcbStatus } from './tcb-status.ts'
import { INTEL_PKI } from './verify-certificates.ts'

/** A security version number below what the level to strive for asks. */
export interface ShortSvn {
  /** Stable: `sgx_1` to `sgx_16`, `pce`, `tdx_1` to `tdx_16`, `tdx_module`, `qe`. */
  readonly name: string
  /** In words, with category and type that TCB info gives the component. */
  readonly what: string
  readonly have: number
  /** What the first UpToDate level asks for, or the best level where none is UpToDate. */
  readonly needed: number
  /** What the next better level in Intel's list asks for, where that is more than the platform has. */
  readonly neededNext?: number
  /** Advisories that raising this one alone would close. */
  readonly closes: readonly string[]
  readonly remedy: Remedy
}

/** Intel's signed statement that a rating rests on. */
export interface Statement {
  readonly issued: Date
  readonly expires: Date
  readonly evaluationNumber: number
  /** Whether it is older than seven days: Intel may have published another rating since. */
  readonly old: boolean
  /** Whether the time it is judged at lies outside its window: it rates nothing. */
  readonly untimely: boolean
}

/** How a platform stands, and what would raise it. */
export interface TcbExplanation {
  /** The machine, with the ids that `platforms` of a policy lists. */
  readonly platform: Pick<Platform, 'fmspc' | 'ppid' | 'platformInstanceId'>
  /** `Unknown` where a part is below every level, or the TDX module is not of the signer that Intel names. */
  readonly status: TcbStatus | 'Unknown'
  /** Date of the worst level reached; undefined where a part is below all. */
  readonly tcbDate?: Date
  readonly advisories: readonly string[]
  /** What is short, platform first; empty where no update raises the status. */
  readonly short: readonly ShortSvn[]
  /** Advisories that would still apply with all of `short` raised: they need configuration or changes of software. */
  readonly remaining: readonly string[]
  readonly tcbInfo: Statement
  readonly qeIdentity: Statement
}

/**
 * Names each security version number of a TDX platform that is short, what Intel's levels ask for, and what raises it
 * (Intel PCS v4, "Get TDX TCB Info"). Pure, and a reader only: it verifies no signature, which is for `verifyTdxQuote`.
 * @throws DcmlError `tcb_unreadable` where quote or collateral cannot be read, are of different platform families, or the
 * TDX module is of a major version that TCB info does not list
 */
export function explainTcb(options: { quote: Uint8Array; collateral: TdxCollateral; now: Date }): TcbExplanation {
  const read = readable(() => readAll(options.quote, options.collateral))
  const { tcbInfo, qeIdentity, platform, report, qeSvn } = read
  const groups = readable(() => groupsOf({ tcbInfo, qeIdentity }, platform, report, qeSvn))
  const dates = groups.map((group) => group.levels[reached(group)]?.tcbDate)
  const short = groups.flatMap((group) => shortParts(group, groups))
  const every = groups.flatMap(({ parts }) => parts)
  const { fmspc, ppid, platformInstanceId } = platform
  return {
    platform: { fmspc, ppid, platformInstanceId },
    status: statusOf(read),
    ...(dates.every((date) => date !== undefined) && { tcbDate: new Date(Math.min(...dates)) }),
    advisories: advisoriesOf(groups),
    short,
    remaining: advisoriesOf(groups, every),
    tcbInfo: statement(tcbInfo, options.now),
    qeIdentity: statement(qeIdentity, options.now),
  }
}

interface Known {
  readonly tcbInfo: TcbInfo
  readonly qeIdentity: QeIdentity
  readonly platform: Platform
  readonly report: TdReport
  readonly qeSvn: number
}

function readAll(bytes: Uint8Array, collateral: TdxCollateral): Known {
  const quote = bytes.subarray(0, MAX_QUOTE)
  requireVersion(requireTdx(readQuoteHeader(quote)))
  const { certificates, qeReport, report } = readQuote(quote)
  const [pck] = readPem(certificates)
  if (!pck) throw new Refusal('there is no PCK certificate in the quote')
  const platform = readPlatform(readCertificate(pck, INTEL_PKI.kinds))
  const { tcb_info, qe_identity } = readCollateral(collateral)
  const [tcbInfo, qeIdentity] = [readTcbInfo(tcb_info.text), readQeIdentity(qe_identity.text)]
  if (platform.fmspc.join() !== tcbInfo.fmspc.join())
    throw new Refusal('the collateral is for another family of platforms (FMSPC)')
  return { tcbInfo, qeIdentity, platform, report, qeSvn: readQeReport(qeReport).isvSvn }
}

/** By the very functions that verification rates with. */
function statusOf({ tcbInfo, qeIdentity, platform, report, qeSvn }: Known): TcbExplanation['status'] {
  try {
    const level = findTcbLevel(tcbInfo, platform, report)
    const qe = findEnclaveLevel(qeIdentity.tcbLevels, qeSvn)
    const { module } = rateModule(findModule(tcbInfo, report), tcbInfo, report)
    const advised = isRelaunchAdvised({ level, qe, module }, tcbInfo, platform, report)
    return mergeRatings([level, qe, ...(module ? [module] : [])], advised).status
  } catch (error) {
    if (error instanceof Refusal) return 'Unknown'
    throw error
  }
}

function shortParts(group: Group, groups: readonly Group[]): ShortSvn[] {
  const [now, goal] = [reached(group), wanted(group)]
  const next = (now === -1 ? group.levels.length : now) - 1
  return group.parts
    .filter(({ have, needed }) => needed[goal] !== undefined && have < needed[goal])
    .map((part) => ({
      name: part.name,
      what: part.what,
      have: part.have,
      needed: part.needed[goal]!,
      ...(next >= 0 && part.needed[next]! > part.have && { neededNext: part.needed[next]! }),
      closes: closedBy(part, groups),
      remedy: part.present >= part.needed[goal]! ? remedy('relaunch') : part.remedy,
    }))
}

function closedBy(part: Part, groups: readonly Group[]): string[] {
  const left = advisoriesOf(groups, [part])
  return advisoriesOf(groups).filter((id) => !left.includes(id))
}

function statement(of: TcbInfo | QeIdentity, now: Date): Statement {
  const { issueDate, nextUpdate, tcbEvaluationDataNumber } = of
  return {
    issued: new Date(issueDate),
    expires: new Date(nextUpdate),
    evaluationNumber: tcbEvaluationDataNumber,
    old: isOld(now.getTime() - issueDate),
    untimely: !(issueDate <= now.getTime() && now.getTime() <= nextUpdate),
  }
}

function readable<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new DcmlError('tcb_unreadable', `Quote and collateral cannot be explained: ${why.slice(0, 300)}.`, {
      hint: 'Pass a TDX quote, and the collateral that was fetched for its platform.',
      cause: error,
    })
  }
}
