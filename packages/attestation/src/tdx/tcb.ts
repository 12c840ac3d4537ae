import { equalBytes, toHex } from '@dcml/protocol'
import { Refusal } from '../x509/der.ts'
import type { EnclaveLevel, TcbInfo, TcbRating } from './collateral.ts'
import type { Platform } from './pck.ts'
import type { TdReport } from './quote.ts'
import { requireMasked } from './quoting-enclave.ts'
import { mergeTcbStatus, type TcbStatus } from './tcb-status.ts'

/**
 * The first TCB level that the platform reaches in every SVN (Intel PCS v4, "Get TDX TCB Info"). Where the TDX module
 * has a major version, its own two SVNs are rated by {@link findModule} instead.
 */
export function findTcbLevel({ tcbLevels }: TcbInfo, platform: Platform, { teeTcbSvn }: TdReport): TcbRating {
  const first = teeTcbSvn[1] === 0 ? 0 : 2
  const level = tcbLevels.find(
    ({ tcb }) =>
      tcb.sgxtcbcomponents.every(({ svn }, i) => platform.cpuSvn[i]! >= svn) &&
      platform.pceSvn >= tcb.pcesvn &&
      tcb.tdxtcbcomponents.every(({ svn }, i) => i < first || teeTcbSvn[i]! >= svn),
  )
  if (!level) throw new Refusal('the platform is below every TCB level')
  return level
}

/** The TDX module that Intel's TCB info describes; it has ratings of its own only where it has a major version. */
export interface Module {
  readonly tcbLevels: readonly EnclaveLevel[] | undefined
}

/** Finds the TDX module's description by its major version, and compares signer and attributes. */
export function findModule(tcbInfo: TcbInfo, report: TdReport): Module {
  const major = report.teeTcbSvn[1]!
  const id = `TDX_${toHex(Uint8Array.of(major)).toUpperCase()}`
  const identity = tcbInfo.tdxModuleIdentities.find((candidate) => candidate.id === id)
  if (major !== 0 && !identity) throw new Refusal(`TCB info does not know TDX module ${id}`)
  const expected = major === 0 ? tcbInfo.tdxModule : identity!
  if (!equalBytes(report.mrSignerSeam, expected.mrsigner))
    throw new Refusal('MRSIGNERSEAM is not the TDX module signer of TCB info')
  requireMasked('SEAM attributes', report.seamAttributes, expected.attributes, expected.attributesMask)
  return { tcbLevels: major === 0 ? undefined : identity!.tcbLevels }
}

/** The first level that an enclave or module of this SVN reaches. */
export function findEnclaveLevel(levels: readonly EnclaveLevel[], svn: number): TcbRating {
  const level = levels.find(({ tcb }) => svn >= tcb.isvsvn)
  if (!level) throw new Refusal(`SVN ${svn} is below every TCB level`)
  return level
}

/** The ratings of platform, quoting enclave and TDX module, as one. */
export interface MergedTcb {
  readonly status: TcbStatus
  readonly advisories: readonly string[]
  /** The oldest date of the levels that are out of date, Unix ms. */
  readonly outOfDateSince: number
}

export function mergeRatings(ratings: readonly TcbRating[]): MergedTcb {
  const outdated = ratings.filter(({ tcbStatus }) => tcbStatus.startsWith('OutOfDate'))
  return {
    status: ratings.map(({ tcbStatus }) => tcbStatus).reduce(mergeTcbStatus),
    advisories: [...new Set(ratings.flatMap(({ advisoryIDs }) => advisoryIDs))].sort(),
    outOfDateSince: Math.min(...outdated.map(({ tcbDate }) => tcbDate)),
  }
}
